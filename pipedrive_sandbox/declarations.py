"""How a GET of the contract is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipedrive_sandbox.clock import DAY
from pipedrive_sandbox.engine import Paging, Read

V2: Final = "/api/v2"
V1: Final = "/v1"

#: Deleted deals and projects stay readable by `status=deleted` for this long.
RETENTION: Final = 30 * DAY


@dataclass(frozen=True)
class Get:
    """A GET of the contract: `needs` names the feature without which it is refused."""

    path: str
    cost: int
    read: Read
    needs: str = ""


def one(table: str, include: tuple[str, ...] = (), labels: str = "") -> Read:
    """Declare the read of a single row by its id; `labels` names the entity of its options."""
    return Read(
        table=table,
        paging=Paging.ONE,
        where="id = :id",
        include=include,
        custom=bool(labels),
        labels=labels,
    )
