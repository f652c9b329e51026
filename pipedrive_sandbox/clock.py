"""The sandbox's clock, and the formats in which Pipedrive writes an instant."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import Enum
from typing import Final

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
YEAR: Final = 365 * DAY
#: MySQL's zero date. v1 shows it for some times that were never set, and v2 for a few of them.
#: https://github.com/singer-io/tap-pipedrive/issues/17
ZERO_TIME: Final = "0000-00-00 00:00:00"


class Stamp(Enum):
    """The format of an instant in one part of the API: `MILLIS` is that of leads and projects."""

    V2 = "Z"
    V1 = ""
    MILLIS = ".000Z"

    def text(self, epoch: int) -> str:
        """Return `epoch` (seconds, UTC) in this format."""
        iso = datetime.fromtimestamp(epoch, UTC).isoformat()[:19]
        return iso.replace("T", " ") if self is Stamp.V1 else iso + self.value

    def epoch(self, text: str) -> int:
        """Return the epoch of an instant in this format."""
        return int(datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp())


def day(epoch: int) -> str:
    """Return the date of `epoch` as `YYYY-MM-DD`."""
    return datetime.fromtimestamp(epoch, UTC).date().isoformat()


class Clock:
    """Seconds since the epoch by the sandbox: real time, shifted or frozen."""

    def __init__(self, start: int | None = None) -> None:
        """Start at `start`, or at the real time."""
        self._offset = 0.0 if start is None else start - time.time()
        self._frozen: float | None = None

    def precise(self) -> float:
        """Return the current instant with its fraction."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def now(self) -> int:
        """Return the current instant, truncated to the second."""
        return int(self.precise())

    @property
    def is_frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._frozen is not None

    def advance(self, seconds: float) -> None:
        """Move by `seconds`, backwards if negative."""
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds

    def freeze(self, at: float | None = None) -> None:
        """Freeze the clock, now or at the instant `at`."""
        self._frozen = self.precise() if at is None else at

    def run(self) -> None:
        """Let a frozen clock continue."""
        if self._frozen is not None:
            self._offset = self._frozen - time.time()
            self._frozen = None
