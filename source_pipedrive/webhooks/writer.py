"""Commits the events of concurrent requests together, and fails fast while the inbox is down."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox, InboxError

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_BATCH = 500
_WAITING = 5000
_SECONDS_IDLE = 5
_SECONDS_BETWEEN_PROBES = 0.5

_Request = tuple[Event, "asyncio.Future[bool]"]
T = TypeVar("T")


class InboxWriter:
    """Stores events through one thread, each batch in one transaction.

    What arrives during a commit makes up the next batch, so that the rate of events is not bound
    to the rate of commits. After a failed write every event is refused at once until a probe
    succeeds: Pipedrive repeats it after 3, 30 and 150 seconds.
    """

    def __init__(self, inbox: Inbox, on_new: Callable[[], None]) -> None:
        self._inbox = inbox
        self._on_new = on_new
        self._thread = ThreadPoolExecutor(1, "inbox")
        self._waiting: asyncio.Queue[_Request] = asyncio.Queue(_WAITING)
        self._failure = ""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Prepare the inbox and begin to write. Raises `InboxError` if it cannot be used."""
        await self._in_thread(self._inbox.prepare)
        self._task = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Commit what is waiting, then end."""
        await self._waiting.join()
        if self._task:
            self._task.cancel()
        self._thread.shutdown()

    @property
    def failure(self) -> str:
        """Why events are refused at the moment; empty when they are not."""
        return self._failure

    async def store(self, event: Event) -> bool:
        """Return once the event is committed: True if it was new. Raises `InboxError`."""
        if self._failure:
            raise InboxError(self._failure)
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((event, stored))
        except asyncio.QueueFull:
            raise InboxError("More events arrive than the inbox can take.") from None
        return await stored

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _write(self) -> None:
        while True:
            batch: list[_Request] = []
            try:
                await self._take(batch)
                append = partial(self._inbox.append, [event for event, _ in batch])
                new = {event.id for event in await self._in_thread(append)}
            except InboxError as error:
                await self._refuse_until_writable(batch, str(error))
                continue
            for event, stored in batch:
                # whoever asked may have stopped waiting
                if not stored.done():
                    stored.set_result(event.id in new)
                # a duplicate inside the batch
                new.discard(event.id)
                self._waiting.task_done()
            self._on_new()

    async def _take(self, batch: list[_Request]) -> None:
        """Take what waits; while nothing does, find out early that the inbox does not work."""
        while not batch:
            try:
                async with asyncio.timeout(_SECONDS_IDLE):
                    batch.append(await self._waiting.get())
            except TimeoutError:
                await self._in_thread(self._inbox.probe)
        while len(batch) < _BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())

    async def _refuse_until_writable(self, batch: list[_Request], reason: str) -> None:
        _LOGGER.error("No event is accepted: %s", reason)
        self._failure = reason
        while not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        for _, stored in batch:
            if not stored.done():
                stored.set_exception(InboxError(reason))
            self._waiting.task_done()
        while self._failure:
            await asyncio.sleep(_SECONDS_BETWEEN_PROBES)
            with suppress(InboxError):
                await self._in_thread(self._inbox.probe)
                self._failure = ""
        _LOGGER.warning("The inbox works again: events are accepted.")
