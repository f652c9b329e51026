"""Commits the events of concurrent requests in batches, and rejects them while the inbox fails."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from source_pipedrive.inbox.errors import ReplacedInboxError
from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox, InboxError

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_LARGEST_BATCH = 500
_LONGEST_QUEUE = 5000
_SECONDS_TO_IDLE_PROBE = 5
_SECONDS_BETWEEN_PROBES = 0.5

_PendingEvent = tuple[Event, "asyncio.Future[bool]"]
_Result = TypeVar("_Result")


class InboxWriter:
    """Writes events in one thread, each batch in one transaction.

    Events that arrive during a commit form the next batch, so the rate of events is not limited
    by the rate of commits. After a failed write every event is rejected at once until a probe
    succeeds. Pipedrive retries rejected events after 3, 30, and 150 seconds.

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
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Prepare the inbox and start writing. Raises `InboxError` if the inbox cannot be used."""
        await self._in_thread(self._inbox.prepare)
        self._task = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Commit all waiting events, then end."""
        await self._queue.join()
        if self._task:
            self._task.cancel()
        self._thread.shutdown()

    @property
    def failure(self) -> str:
        """Why events are rejected now; empty if they are accepted."""
        return self._failure

    async def store(self, event: Event) -> bool:
        """Commit an event, and return whether it was new. Raises `InboxError`."""
        if self._failure:
            raise InboxError(self._failure)
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((event, stored))
        except asyncio.QueueFull:
            raise InboxError("Events arrive faster than the inbox can store them.") from None
        return await stored

    async def _in_thread(self, call: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _write(self) -> None:
        while True:
            batch: list[_PendingEvent] = []
            try:
                await self._fill(batch)
                append = partial(self._inbox.append, [event for event, _ in batch])
                new = {event.id for event in await self._in_thread(append)}
            except InboxError as error:
                await self._reject_until_writable(batch, error)
                continue
            for event, stored in batch:
                # the request may have timed out
                if not stored.done():
                    stored.set_result(event.id in new)
                # a second delivery of the event in this batch is a duplicate
                new.discard(event.id)
                self._queue.task_done()
            self._on_new()

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
            if not stored.done():
                stored.set_exception(InboxError(reason))
            self._queue.task_done()
        while self._failure:
            await asyncio.sleep(_SECONDS_BETWEEN_PROBES)
            with suppress(InboxError):
                await self._in_thread(self._inbox.reopen if is_replaced else self._inbox.probe)
                self._failure = ""
        if is_replaced:
            self._on_gap()
        _LOGGER.warning("The inbox works again. Events are accepted.")
