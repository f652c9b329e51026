"""Decides when the next full resync is due: periodically, and on request."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from source_pipedrive.webhooks.token_pace import TokenPace

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

_EXPENSIVE = (
    "The next full resync starts in %d minutes, since the last one was expensive: full resyncs "
    "take at most a tenth of the company's daily tokens."
)


class FullResyncs:
    """The first full resync is due at once, and the next one `every` seconds after the last.

    A request makes one due at once. If `pace` finds them expensive, the pauses are longer: between
    two periodic ones, and between two requested ones.
    """

    def __init__(self, every: float, pace: TokenPace) -> None:
        self._every = every
        self._pace = pace
        self._next = 0.0
        self._next_on_request = 0.0
        self._is_requested = False

    def request(self) -> None:
        """Ask for a full resync. Any thread may call it, even while one runs."""
        self._is_requested = True

    @property
    def due(self) -> float:
        """When the next one may start, on the monotonic clock."""
        return min(self._next, self._next_on_request) if self._is_requested else self._next

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take note that one runs in the block. If the block fails, it is due again."""
        was_requested, self._is_requested = self._is_requested, False
        try:
            yield
        except BaseException:
            self._is_requested |= was_requested
            raise
        now = time.monotonic()
        pause = self._pace.seconds_to_full_resync(self._every)
        if pause > self._every:
            _LOGGER.info(_EXPENSIVE, pause / 60)
        self._next = now + pause
        if was_requested:
            self._next_on_request = now + self._pace.seconds_to_full_resync(0)
