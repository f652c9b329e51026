"""What is known about one change: the rows before and after it, and when it happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from pipedrive_sandbox.store import Row

#: The user who makes all changes: the administrator.
AUTHOR: Final = 1


@dataclass(frozen=True)
class Event:
    """One change: `current` is None after a deletion, `previous` None after a creation.

    If the change is part of a merge, `merged_to` or `merged_from` is the id of the other row.
    """

    table: str
    key: object
    current: Row | None
    previous: Row | None
    instant: float
    merged_to: object = None
    merged_from: object = None
    id: str = field(default_factory=lambda: str(uuid4()))
    correlation_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def action(self) -> str:
        """The name that webhooks have for the change."""
        if self.current is None:
            return "delete"
        return "create" if self.previous is None else "change"
