"""A scheduler in virtual time, and a target that records its syncs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

import pytest

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.scheduler import SyncScheduler
from source_pipedrive.webhooks.targets.target import (
    Arrival,
    ExpectedRow,
    SyncCost,
    Target,
)
from source_pipedrive.webhooks.token_pace import TokenPace
from unit_tests.webhooks.virtual_time import run_in_virtual_time

HOUR = 3600


class FakeTarget(Target):
    """Records its syncs, and lets rows arrive when the test says so."""

    def __init__(self) -> None:
        self.syncs: list[tuple[float, set[str] | None]] = []
        self.missing_ids: set[str] = set()
        self.failures: list[Exception] = []
        self.checked: list[ExpectedRow] = []
        self.synced: list[ExpectedRow] = []
        self.cost: SyncCost | None = None
        # called during the next syncs
        self.on_sync: list[Callable[[], None]] = []

    def sync(self, rows: Collection[ExpectedRow] | None) -> SyncCost | None:
        streams = None if rows is None else {row.stream for row in rows}
        self.syncs.append((time.monotonic() - 1000, streams))
        self.synced += rows or ()
        if self.on_sync:
            self.on_sync.pop(0)()
        if self.failures:
            raise self.failures.pop(0)
        return self.cost

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        self.checked += expected
        return [one for one in expected if one.row_id in self.missing_ids]


class Harness:
    """A scheduler that runs in virtual time."""

    def __init__(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inbox = inbox
        self.target = FakeTarget()
        self.arrivals: list[Arrival] = []
        # called in virtual time
        self.pace: Callable[[], TokenPace] = TokenPace
        self._monkeypatch = monkeypatch

    def run(self, scenario: Callable[["Harness"], Awaitable[None]]) -> None:
        async def run() -> None:
            self.scheduler = SyncScheduler(
                self.inbox,
                self.target,
                full_resync_every=HOUR,
                debounce=2,
                on_arrival=self.arrivals.append,
                pace=self.pace(),
            )
            task = asyncio.create_task(self.scheduler.run())
            await asyncio.sleep(1)
            # skip the first sync, a full one
            self.target.syncs.clear()
            await scenario(self)
            task.cancel()

        run_in_virtual_time(self._monkeypatch, run)

    def receive(self, *events: Event) -> None:
        self.inbox.append(events)
        self.scheduler.notify()
