"""What the scheduler needs from a place where syncs run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

_SECONDS_TO_RETRY = 60


@dataclass(frozen=True)
class ExpectedRow:
    """A row that a sync has to bring: at least as new as `changed`, or deleted.

    `changed` is the row's own time of change in the format of the API. It is None if the event
    has no such time, for example because the row was just created. `happened_at` is the time of
    the event, in milliseconds since 1970. `due` is when the next sync of the row may start, on
    the monotonic clock, and `tries` counts the syncs that did not bring it.
    """

    stream: str
    row_id: str
    happened_at: int
    changed: str | None
    is_deleted: bool
    due: float = 0
    tries: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the row."""
        return self.stream, self.row_id


class Target(Protocol):
    """A place where syncs run. Both methods may block: the scheduler calls them in a thread."""

    def sync(self, streams: Collection[str] | None) -> None:
        """Sync these streams, or all. Raises `SyncPostponedError` or `SyncFailedError`."""

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        """Return the rows that have not arrived."""


class TargetError(Exception):
    """A target cannot be used as it is configured. The message says what to write."""


class SyncPostponedError(Exception):
    """No sync can start now. The message says why; `seconds` later it may be possible."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class SyncFailedError(Exception):
    """A sync brought no rows. The message says why; `seconds` later it is retried."""

    def __init__(self, reason: str, seconds: float = _SECONDS_TO_RETRY) -> None:
        super().__init__(reason)
        self.seconds = seconds
