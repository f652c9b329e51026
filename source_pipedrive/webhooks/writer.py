"""Commits the events of concurrent requests in batches, and rejects them while the inbox fails."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from source_pipedrive.inbox.errors import RefusedEventError, ReplacedInboxError
from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox, InboxError

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_LARGEST_BATCH = 500
_LONGEST_QUEUE = 5000
_SECONDS_TO_IDLE_PROBE = 5
_SECONDS_BETWEEN_PROBES = 0.5
# A database that answers nothing at all ends no call: no timeout of its own applies.
_LONGEST_CALL_SECONDS = 6
_SECONDS_TO_STOP = 2

_PendingEvent = tuple[Event, "asyncio.Future[bool]"]
_Result = TypeVar("_Result")


class InboxWriter:
    """Writes events in one thread, each batch in one transaction.

    Events that arrive during a commit form the next batch, so the rate of events is not limited
    by the rate of commits. After a failed write every event is rejected at once until a probe
    succeeds, and so it is while the database does not answer. Pipedrive retries rejected events
    after 3, 30, and 150 seconds.

    `on_new` is called after each commit, and `on_gap` if the inbox was replaced by another one.
    """

    def __init__(
        self, inbox: Inbox, on_new: Callable[[], None], on_gap: Callable[[], None] = lambda: None
    ) -> None:
        self._inbox = inbox
        self._on_new = on_new
        self._on_gap = on_gap
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._queue: asyncio.Queue[_PendingEvent] = asyncio.Queue(_LONGEST_QUEUE)
        self._failure = ""
        self._call_began: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Prepare the inbox and start writing. Raises `InboxError` if the inbox cannot be used."""
        await self._in_thread(self._inbox.prepare)
        self._task = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Commit all waiting events, then end; do not wait for a database that does not answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_STOP):
                await self._queue.join()
        if self._task:
            self._task.cancel()
        self._thread.shutdown(wait=False)

    @property
    def failure(self) -> str:
        """Why events are rejected now; empty if they are accepted."""
        began = self._call_began
        if not self._failure and began and time.monotonic() - began > _LONGEST_CALL_SECONDS:
            return "The database of the inbox does not answer."
        return self._failure

    async def store(self, event: Event) -> bool:
        """Commit an event, and return whether it was new. Raises `InboxError`."""
        if self.failure:
            raise InboxError(self.failure)
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((event, stored))
        except asyncio.QueueFull:
            raise InboxError("Events arrive faster than the inbox can store them.") from None
        return await stored

    async def _in_thread(self, call: Callable[[], _Result]) -> _Result:
        self._call_began = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        finally:
            if self.failure and not self._failure:
                _LOGGER.warning("The database of the inbox answers again.")
            self._call_began = None

    async def _write(self) -> None:
        while True:
            batch: list[_PendingEvent] = []
            try:
                await self._fill(batch)
                events = [event for event, _ in batch]
                new, refused = await self._in_thread(partial(self._commit, events))
            except InboxError as error:
                await self._reject_until_writable(batch, error)
                continue
            except Exception as error:
                # whatever it is, events must be answered, and the next ones stored
                _LOGGER.exception("The inbox failed in an unexpected way.")
                await self._reject_until_writable(batch, InboxError(type(error).__name__))
                continue
            for event, stored in batch:
                self._answer(stored, refused.get(event.id), is_new=event.id in new)
                # a second delivery of the event in this batch is a duplicate
                new.discard(event.id)
            self._on_new()

    def _commit(self, events: Sequence[Event]) -> tuple[set[str], dict[str, InboxError]]:
        """Commit events; return the ids of the new ones, and why others were refused.

        If the inbox works, but does not take the batch, its halves are committed, so that one event
        costs no other event an error. Raises `InboxError` if the inbox does not work.
        """
        try:
            return {event.id for event in self._inbox.append(events)}, {}
        except ReplacedInboxError:
            raise
        except InboxError:
            self._call_began = time.monotonic()
            self._inbox.probe()
        self._call_began = time.monotonic()
        if len(events) == 1:
            return self._commit_again(events[0])
        middle = len(events) // 2
        new, refused = self._commit(events[:middle])
        more_new, more_refused = self._commit(events[middle:])
        return new | more_new, refused | more_refused

    def _commit_again(self, event: Event) -> tuple[set[str], dict[str, InboxError]]:
        try:
            return {one.id for one in self._inbox.append([event])}, {}
        except ReplacedInboxError:
            raise
        except InboxError as error:
            return set(), {event.id: RefusedEventError(str(error))}

    async def _fill(self, batch: list[_PendingEvent]) -> None:
        """Move waiting events into the batch. While there are none, probe the inbox."""
        while not batch:
            try:
                async with asyncio.timeout(_SECONDS_TO_IDLE_PROBE):
                    batch.append(await self._queue.get())
            except TimeoutError:
                await self._in_thread(self._inbox.probe)
        while len(batch) < _LARGEST_BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())

    async def _reject_until_writable(self, batch: list[_PendingEvent], error: InboxError) -> None:
        reason = str(error)
        is_replaced = isinstance(error, ReplacedInboxError)
        _LOGGER.error("Events are rejected until the inbox works again. %s", reason)
        self._failure = reason
        while not self._queue.empty():
            batch.append(self._queue.get_nowait())
        for _, stored in batch:
            self._answer(stored, InboxError(reason))
        while self._failure:
            await asyncio.sleep(_SECONDS_BETWEEN_PROBES)
            # whatever a failed probe raises: the next one may succeed
            with suppress(Exception):
                await self._in_thread(self._inbox.reopen if is_replaced else self._inbox.probe)
                self._failure = ""
        if is_replaced:
            self._on_gap()
        _LOGGER.warning("The inbox works again. Events are accepted.")

    def _answer(
        self, stored: "asyncio.Future[bool]", error: InboxError | None, *, is_new: bool = False
    ) -> None:
        # the request may have timed out
        if not stored.done():
            if error:
                stored.set_exception(error)
            else:
                stored.set_result(is_new)
        self._queue.task_done()
