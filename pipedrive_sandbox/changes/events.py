"""What is known about one change: the rows before and after it, who made it, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from pipedrive_sandbox.store import Row


@dataclass(frozen=True)
class Cause:
    """Who changes a row, by which means, and the other row if the change is part of a merge."""

    user_id: int = 1
    is_bulk: bool = False
    source: str = "api"
    merged_to: object = None
    merged_from: object = None


@dataclass(frozen=True)
class Event:
    """One change: `current` is None after a deletion, `previous` None after a creation."""

    table: str
    key: object
    current: Row | None
    previous: Row | None
    cause: Cause
    instant: float
    id: str = field(default_factory=lambda: str(uuid4()))
    correlation_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def action(self) -> str:
        """The name that webhooks have for the change."""
        if self.current is None:
            return "delete"
        return "create" if self.previous is None else "change"


BY_ADMIN: Final = Cause()
