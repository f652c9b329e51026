"""What the scheduler needs from a place where syncs run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

_SECONDS_TO_RETRY = 60
# They are read for whole deals. Where an event does not name the deal, a line comes with the next
# full scan of the deals, so retrying would not help.
LINES_OF_DEALS = {"deal_products", "deal_installments"}
# They take two minutes. After that, the periodic full resync has to bring the row.
MOST_RETRIES = 8


@dataclass(frozen=True)
class ExpectedRow:
    """A row that a sync has to bring: at least as new as `changed`, or deleted.

    `changed` is the row's own time of change in the format of the API. It is None if the event
    has no such time, for example because the row was just created. `happened_at` is the time of
    the event, in milliseconds since 1970. `due` is when the next sync of the row may start, on
    the monotonic clock, and `tries` counts the syncs that did not bring it. A child that comes
    with the others of its parent has a `parent_id`. `received_at` is when the event was committed.
    Of a row that `is_new`, Pipedrive sets the time of change a moment after its creation. It is
    read once more then: that `is_second_look`. `is_archived` is what the event says.
    """

    stream: str
    row_id: str
    happened_at: int
    changed: str | None
    is_deleted: bool
    due: float = 0
    tries: int = 0
    parent_id: str | None = None
    received_at: int = 0
    is_new: bool = False
    is_second_look: bool = False
    is_archived: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the row."""
        return self.stream, self.row_id

    @property
    def is_last_try(self) -> bool:
        """Whether the row is given up if the next sync does not bring it."""
        return self.tries >= MOST_RETRIES


@dataclass(frozen=True)
class SyncCost:
    """What a sync cost in tokens, and how many the company has left today of how many.

    `None` where Pipedrive does not announce it.
    """

    tokens: int
    left: int | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Arrival:
    """The way of a changed row to the warehouse, in seconds, part by part."""

    to_inbox: float
    to_sync: float
    to_warehouse: float

    @property
    def total(self) -> float:
        """Seconds from the change in Pipedrive to the row in the warehouse."""
        return self.to_inbox + self.to_sync + self.to_warehouse


class Target(Protocol):
    """A place where syncs run. Both methods may block: the scheduler calls them in a thread."""

    def sync(self, rows: Collection[ExpectedRow] | None) -> SyncCost | None:
        """Sync these rows, or all streams; return the cost, where it is known.

        Raises `SyncPostponedError` or `SyncFailedError`.
        """

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        """Return the rows that have not arrived."""


class TargetError(Exception):
    """A target cannot be used as it is configured. The message says what to write."""


class SyncError(Exception):
    """A sync did not end as it should. The message says why; `seconds` later it is retried.

    `cost` is what it has spent, where that is known.
    """

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.cost: SyncCost | None = None


class SyncPostponedError(SyncError):
    """No sync can start now."""


class SyncFailedError(SyncError):
    """A sync brought no rows."""

    def __init__(self, reason: str, seconds: float = _SECONDS_TO_RETRY) -> None:
        super().__init__(reason, seconds)
