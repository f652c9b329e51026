"""Decides when to sync, and what: soon after an event, again until it arrived, hourly everything.

Where the rows go is a `Target`'s business.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.store import Change, Inbox, InboxError

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

# Another receiver may have written to the same inbox.
_SECONDS_BETWEEN_LOOKS = 5
_LONGEST_WAIT = 60
# Seven tries take two minutes; what has not arrived by then is left to the periodic sync.
_MOST_TRIES = 7
# A line can change without its deal, and is then read with the next full pass: no use to insist.
_COME_WITH_THEIR_DEAL = {"deal_products", "deal_installments"}
_GIVEN_UP = "either it is gone again, or the key may not see it; the periodic sync goes on trying."


@dataclass(frozen=True)
class Wanted:
    """A row that has to arrive: at least as new as `changed`, or deleted.

    `changed` is the row's own time of change as the API writes it; None if the event told none,
    as it does of rows just created.
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
        """Which row."""
        return self.stream, self.row_id


class NotNowError(Exception):
    """The target cannot sync at the moment; the text says why."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class DestinationError(Exception):
    """A target cannot be used as it is configured; the text says what to write."""


class SyncFailedError(Exception):
    """A sync ended without its rows; the text says why. `seconds` later it is tried again."""

    def __init__(self, reason: str, seconds: float = _LONGEST_WAIT) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Target(Protocol):
    """Where rows are synced to. Both methods may take their time: they run in a thread."""

    def sync(self, streams: Collection[str] | None) -> None:
        """Sync these streams, or all. Raises `NotNowError` or `SyncFailedError`."""

    def missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return those that have not arrived."""


class Trigger:
    """Watches an inbox and drives a target. `on_arrival` gets the seconds from change to arrival.

    The time from an event to its sync is `debounce` seconds, in which further events join it. Every
    `heal_every` seconds, and at the start, all streams are synced: that brings what no event told.
    """

    def __init__(
        self,
        inbox: Inbox,
        target: Target,
        debounce: float,
        heal_every: float,
        on_arrival: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._inbox = inbox
        self._target = target
        self._debounce = debounce
        self._heal_every = heal_every
        self._on_arrival = on_arrival
        self._wanted: dict[tuple[str, str], Wanted] = {}
        self._position: int | None = None
        self._next_healing = 0.0
        self._wakes = asyncio.Event()
        self._woken_at = 0.0

    @property
    def waiting(self) -> int:
        """How many rows are known to be on their way."""
        return len(self._wanted)

    def wake(self) -> None:
        """Tell that there are new events; from the event loop."""
        if not self._wakes.is_set():
            self._woken_at = time.monotonic()
            self._wakes.set()

    def heal(self) -> None:
        """Ask for a sync of everything, since events may have been lost; from any thread."""
        self._next_healing = 0

    async def run(self) -> None:
        """Do it for ever; what goes wrong is logged and tried again."""
        while True:
            try:
                if self._position is None:
                    # what is older comes with the first sync, which is one of everything
                    self._position = await asyncio.to_thread(self._inbox.last_sequence)
                await asyncio.to_thread(self._look, self._position)
                await self._sync()
            except InboxError as error:
                _LOGGER.warning("The events cannot be read: %s", error)
                self._postpone(_SECONDS_BETWEEN_LOOKS)
            except NotNowError as error:
                _LOGGER.info("No sync now: %s", error)
                self._postpone(error.seconds)
            except SyncFailedError as error:
                _LOGGER.error("The sync failed: %s", error)  # noqa: TRY400 - a sentence
                self._postpone(error.seconds)
            except Exception:
                # whatever a warehouse does, there will be a next sync
                _LOGGER.exception("The sync failed; it will be tried again.")
                self._postpone(_LONGEST_WAIT)
            await self._sleep()

    def _look(self, position: int) -> None:
        for change in self._inbox.changes(position):
            self._position = change.sequence
            if change.object in STREAMS:
                wanted = _wanted(change)
                known = self._wanted.get(wanted.key)
                if known is None or known.happened_at <= wanted.happened_at:
                    self._wanted[wanted.key] = wanted
            elif "field" in change.object.lower():
                # a definition: other streams may have got another column
                self.heal()

    async def _sync(self) -> None:
        now = time.monotonic()
        everything = now >= self._next_healing
        streams = {one.stream for one in self._wanted.values() if everything or one.due <= now}
        if not everything and not streams:
            return
        await asyncio.to_thread(self._target.sync, None if everything else streams)
        if everything:
            self._next_healing = time.monotonic() + self._heal_every
        synced = [one for one in self._wanted.values() if one.stream in streams]
        missing = {one.key for one in await asyncio.to_thread(self._target.missing, synced)}
        for one in synced:
            del self._wanted[one.key]
            if one.key not in missing:
                self._on_arrival(time.time() - one.happened_at / 1000)
            elif one.stream in _COME_WITH_THEIR_DEAL:
                continue
            elif one.tries < _MOST_TRIES:
                wait = min(_LONGEST_WAIT, 2**one.tries)
                again = replace(one, due=time.monotonic() + wait, tries=one.tries + 1)
                self._wanted[one.key] = again
            else:
                _LOGGER.warning("%s %s did not arrive: %s", one.stream, one.row_id, _GIVEN_UP)

    def _postpone(self, seconds: float) -> None:
        later = time.monotonic() + seconds
        self._next_healing = max(self._next_healing, later)
        self._wanted = {key: replace(one, due=later) for key, one in self._wanted.items()}

    async def _sleep(self) -> None:
        now = time.monotonic()
        due = [self._next_healing, *(one.due for one in self._wanted.values())]
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, min(*due, now + _SECONDS_BETWEEN_LOOKS) - now)):
                await self._wakes.wait()
        if self._wakes.is_set():
            await asyncio.sleep(max(0, self._woken_at + self._debounce - time.monotonic()))
            self._wakes.clear()


def _wanted(change: Change) -> Wanted:
    data = change.data
    return Wanted(
        stream=STREAMS[change.object],
        row_id=change.object_id,
        happened_at=change.happened_at,
        changed=None if change.is_deleted else data.get("update_time") or data.get("modified"),
        is_deleted=change.is_deleted,
    )
