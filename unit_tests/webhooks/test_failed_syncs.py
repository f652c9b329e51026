"""Syncs that fail, and an inbox that cannot be read: what is retried when."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.scheduler import SyncScheduler
from source_pipedrive.webhooks.targets.target import (
    SyncCost,
    SyncFailedError,
    SyncPostponedError,
)
from unit_tests.inbox.deliveries import an_event
from unit_tests.webhooks.scheduling import HOUR, Harness
from unit_tests.webhooks.virtual_time import run_in_virtual_time


@pytest.mark.parametrize(
    ("failure", "wait", "logged"),
    [
        (SyncPostponedError("a job is running", 15), 15, ""),
        (SyncFailedError("The API key is wrong."), 60, "The API key is wrong."),
        (RuntimeError("the disk is full"), 60, "the disk is full"),
    ],
)
def test_a_failed_sync_is_retried_and_expects_the_same_rows(
    harness: Harness, caplog: pytest.LogCaptureFixture, failure: Exception, wait: float, logged: str
) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.failures = [failure]
        harness.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(200)

    harness.run(scenario)

    assert harness.target.syncs == [(3, {"deals"}), (3 + wait, {"deals"})]
    assert [one.row_id for one in harness.target.checked] == ["8"]
    assert logged in caplog.text


def test_a_requested_full_resync_that_fails_is_retried(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.failures = [SyncFailedError("Pipedrive cannot be reached.")]
        harness.scheduler.request_full_resync()
        await asyncio.sleep(100)

    harness.run(scenario)

    assert [streams for _, streams in harness.target.syncs] == [None, None]


def test_a_failed_full_resync_is_retried(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.failures = [SyncFailedError("Pipedrive cannot be reached.")]
        await asyncio.sleep(HOUR + 70)

    harness.run(scenario)

    assert harness.target.syncs == [(HOUR, None), (HOUR + 60, None)]


@pytest.mark.parametrize(
    ("failure", "retry"),
    [
        (SyncFailedError("The warehouse cannot be written."), 63),
        (SyncPostponedError("Stopped to keep 10% of the tokens.", 1800), 1803),
    ],
)
def test_events_start_no_sync_before_a_failed_one_is_retried(
    harness: Harness, failure: Exception, retry: float
) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.failures = [failure]
        for number in range(200):
            harness.receive(an_event(entity="deal", entity_id=number))
            await asyncio.sleep(10)

    harness.run(scenario)

    assert [at for at, _ in harness.target.syncs][:2] == [3, retry]


def test_syncs_that_fail_after_they_spent_tokens_are_retried_with_growing_pauses(
    harness: Harness,
) -> None:
    def failure() -> SyncFailedError:
        error = SyncFailedError("The warehouse cannot be written: DataError in deals.value.")
        error.cost = SyncCost(tokens=50)
        return error

    async def scenario(harness: Harness) -> None:
        harness.target.failures = [failure() for _ in range(9)]
        await asyncio.sleep(6 * HOUR)

    harness.run(scenario)

    moments = [at for at, _ in harness.target.syncs]
    pauses = [after - before for before, after in pairwise(moments)]
    assert pauses[:9] == [60, 120, 240, 480, 960, 1920, HOUR, HOUR, HOUR]


def test_an_unreadable_inbox_is_read_again_later(
    harness: Harness,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    missing = Inbox(f"sqlite:///{tmp_path}/missing.db")

    async def scenario() -> None:
        scheduler = SyncScheduler(missing, harness.target, full_resync_every=HOUR)
        task = asyncio.create_task(scheduler.run())
        await asyncio.sleep(10)
        assert harness.target.syncs == []
        missing.prepare()
        await asyncio.sleep(10)
        task.cancel()

    with missing:
        run_in_virtual_time(monkeypatch, scenario)

    assert [streams for _, streams in harness.target.syncs] == [None]
    assert "cannot be read" in caplog.text


def test_an_odd_event_starts_no_failing_sync_and_hides_no_other_row(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.inbox.append(
            [
                an_event(entity_id=8, data={"id": 8, "update_time": ["now"]}),
                an_event(entity="person", entity_id=2**70),
                an_event(entity="person", entity_id="ten"),
                an_event(entity_id=9, data={"id": 9, "custom_fields": "none"}),
            ]
        )
        harness.scheduler.notify()
        await asyncio.sleep(3)

    harness.run(scenario)

    assert [streams for _, streams in harness.target.syncs] == [{"deals"}]
    assert [(row.row_id, row.changed) for row in harness.target.checked] == [
        ("8", None),
        ("9", None),
    ]
