"""Decides when to sync which streams: soon after an event, and periodically all of them."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.expected_rows import ExpectedRows
from source_pipedrive.webhooks.targets.target import SyncFailedError, SyncPostponedError, Target

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

# Another receiver may have written to the same inbox.
_SECONDS_BETWEEN_POLLS = 5
_SECONDS_TO_RETRY = 60


class SyncScheduler:
    """Reads the inbox and starts the syncs of a target.

    A sync of the changed streams starts `debounce` seconds after an event, so that further events
    can share it. Syncs are repeated until the changed rows arrive. A full resync reads all
    streams, at the start and every `full_resync_every` seconds: it brings changes that no event
    reported. `on_arrival` receives the seconds from the change of a row to its arrival.
    """

    def __init__(
        self,
        inbox: Inbox,
        target: Target,
        debounce: float,
        full_resync_every: float,
        on_arrival: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._inbox = inbox
        self._target = target
        self._debounce = debounce
        self._full_resync_every = full_resync_every
        self._on_arrival = on_arrival
        self._expected = ExpectedRows()
        self._position: int | None = None
        self._next_full_resync = 0.0
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
        self._next_full_resync = 0

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
                _LOGGER.error("The sync failed and is retried in %d s: %s", error.seconds, error)  # noqa: TRY400 - the message says it all
                self._postpone(error.seconds)
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
        is_full_resync = time.monotonic() >= self._next_full_resync
        streams = self._expected.streams() if is_full_resync else self._expected.due_streams()
        if not is_full_resync and not streams:
            return
        await asyncio.to_thread(self._target.sync, None if is_full_resync else streams)
        if is_full_resync:
            self._next_full_resync = time.monotonic() + self._full_resync_every
        synced = self._expected.of(streams)
        missing = await asyncio.to_thread(self._target.missing, synced)
        for row in self._expected.settle(synced, missing):
            self._on_arrival(max(0, time.time() - row.happened_at / 1000))

    def _read_events(self, position: int) -> None:
        for event in self._inbox.events(position):
            self._position = event.sequence
            if event.object in STREAMS:
                self._expected.add(event)
            elif "field" in event.object.lower():
                # a field definition changed: any stream may have new or renamed columns
                self.request_full_resync()

    def _postpone(self, seconds: float) -> None:
        later = time.monotonic() + seconds
        self._next_full_resync = max(self._next_full_resync, later)
        self._expected.postpone(later)

    async def _wait(self) -> None:
        """Wait for new events, the next due sync, or the next poll; then for the debounce."""
        now = time.monotonic()
        next_step = min(
            self._next_full_resync, self._expected.next_due(), now + _SECONDS_BETWEEN_POLLS
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, next_step - now)):
                await self._new_events.wait()
        if self._new_events.is_set():
            await asyncio.sleep(max(0, self._notified_at + self._debounce - time.monotonic()))
            self._new_events.clear()
