"""Decides when to sync which streams: soon after an event, and periodically all of them."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.expected_rows import ExpectedRows
from source_pipedrive.webhooks.full_resyncs import FullResyncs
from source_pipedrive.webhooks.targets.target import (
    Arrival,
    ExpectedRow,
    SyncError,
    SyncFailedError,
    SyncPostponedError,
    Target,
)
from source_pipedrive.webhooks.token_pace import TokenPace

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

# Another receiver may have written to the same inbox.
_SECONDS_BETWEEN_POLLS = 5
_SECONDS_TO_RETRY = 60
_LONGEST_PAUSE_OF_RETRIES = 60 * 60
_SAVING = (
    "The next sync of changed rows starts in %d s, so that real time stays within %d tokens a day. "
    "Changes until then share it. To get rows sooner, raise --daily-tokens."
)


class SyncScheduler:
    """Reads the inbox and starts the syncs of a target.

    A sync of the changed rows starts `debounce` seconds after an event; what changes during a sync
    shares the next one. `pace` keeps their token cost inside a day's budget: then more events share
    a sync. Syncs are repeated until the changed rows arrive. A full resync reads all streams, at
    the start and every `full_resync_every` seconds, or less often where that is expensive: it
    brings changes that no event reported. A sync that fails after it has spent tokens is retried
    after pauses that double, up to an hour. `on_arrival` hears how long each row took.
    """

    def __init__(  # noqa: PLR0913 - called in one place
        self,
        inbox: Inbox,
        target: Target,
        *,
        full_resync_every: float,
        debounce: float = 0,
        on_arrival: Callable[[Arrival], None] = lambda _: None,
        pace: TokenPace | None = None,
    ) -> None:
        self._inbox = inbox
        self._target = target
        self._debounce = debounce
        self._on_arrival = on_arrival
        self._pace = pace or TokenPace()
        self._full_resyncs = FullResyncs(full_resync_every, self._pace)
        self._paced_until = 0.0
        self._not_before = 0.0
        self._expensive_failures = 0
        self._expected = ExpectedRows()
        self._position: int | None = None
        self._new_events = asyncio.Event()
        self._notified_at = 0.0

    @property
    def expected_count(self) -> int:
        """How many changed rows have not arrived yet."""
        return len(self._expected)

    def notify(self) -> None:
        """Report that the inbox has new events. Call it from the event loop."""
        if not self._new_events.is_set():
            self._notified_at = time.monotonic()
            self._new_events.set()

    def request_full_resync(self) -> None:
        """Ask for a full resync, since events may have been lost. Any thread may call it."""
        self._full_resyncs.request()

    async def run(self) -> None:
        """Run until cancelled. Failures are logged and retried."""
        while True:
            try:
                await self._sync_what_is_due()
            except InboxError as error:
                _LOGGER.warning("The events cannot be read, and no sync starts: %s", error)
                self._postpone(_SECONDS_BETWEEN_POLLS)
            except SyncPostponedError as error:
                _LOGGER.info("The next sync starts in %d s: %s", error.seconds, error)
                self._postpone(error.seconds)
            except SyncFailedError as error:
                seconds = self._seconds_to_retry(error)
                _LOGGER.error("The sync failed and is retried in %d s: %s", seconds, error)  # noqa: TRY400 - the message says it all
                self._postpone(seconds)
            except Exception:
                # an unexpected error of a warehouse must not end the service
                _LOGGER.exception("The sync failed and is retried in %d s.", _SECONDS_TO_RETRY)
                self._postpone(_SECONDS_TO_RETRY)
            await self._wait()

    async def _sync_what_is_due(self) -> None:
        if self._position is None:
            # the first sync is a full one, and brings the changes of older events
            self._position = await asyncio.to_thread(self._inbox.last_sequence)
        await asyncio.to_thread(self._read_events, self._position)
        if time.monotonic() < self._not_before:
            return
        is_full_resync = time.monotonic() >= self._full_resyncs.due
        rows = self._expected.all() if is_full_resync else self._expected.due()
        if not is_full_resync and (not rows or self._must_save_tokens()):
            return
        began = time.time()
        if is_full_resync:
            with self._full_resyncs.running():
                await self._sync(None)
        else:
            await self._sync(rows)
        missing = await asyncio.to_thread(self._target.missing, rows)
        ended = time.time()
        for row in self._expected.settle(rows, missing):
            self._on_arrival(
                Arrival(
                    to_inbox=(row.received_at - row.happened_at) / 1000,
                    to_sync=began - row.received_at / 1000,
                    to_warehouse=ended - began,
                )
            )

    async def _sync(self, rows: list[ExpectedRow] | None) -> None:
        """Sync these rows, or all streams, and take note of the cost, even if it fails."""
        is_full_resync = rows is None
        try:
            cost = await asyncio.to_thread(self._target.sync, rows)
        except SyncError as error:
            if error.cost:
                self._pace.spend(error.cost, is_full_resync=is_full_resync, has_failed=True)
            raise
        self._expensive_failures = 0
        if cost:
            self._pace.spend(cost, is_full_resync=is_full_resync)

    def _seconds_to_retry(self, error: SyncFailedError) -> float:
        """Return the pause after a failure: each costs what the sync has spent, again and again."""
        if not (error.cost and error.cost.tokens):
            return error.seconds
        self._expensive_failures += 1
        # beyond this, the power would only grow too large
        doublings = min(self._expensive_failures - 1, 10)
        return min(_LONGEST_PAUSE_OF_RETRIES, error.seconds * float(2**doublings))

    def _must_save_tokens(self) -> bool:
        """Tell whether the next sync of changed rows has to wait, and say so once."""
        now = time.monotonic()
        seconds = self._pace.seconds_to_wait
        if seconds and self._paced_until < now:
            _LOGGER.info(_SAVING, seconds, self._pace.daily_tokens)
        self._paced_until = now + seconds
        return seconds > 0

    def _read_events(self, position: int) -> None:
        for event in self._inbox.events(position):
            self._position = event.sequence
            if event.object in STREAMS:
                self._expected.add(event)
            elif "field" in event.object.lower():
                # a field definition changed: any stream may have new or renamed columns
                self.request_full_resync()

    def _postpone(self, seconds: float) -> None:
        """Let no sync start for so long, whatever events arrive."""
        self._not_before = time.monotonic() + seconds

    async def _wait(self) -> None:
        """Wait for new events, the next due sync, or the next poll; then for the debounce."""
        now = time.monotonic()
        next_sync = min(self._full_resyncs.due, max(self._expected.next_due(), self._paced_until))
        next_step = min(max(next_sync, self._not_before), now + _SECONDS_BETWEEN_POLLS)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, next_step - now)):
                await self._new_events.wait()
        if self._new_events.is_set():
            await asyncio.sleep(max(0, self._notified_at + self._debounce - time.monotonic()))
            self._new_events.clear()
