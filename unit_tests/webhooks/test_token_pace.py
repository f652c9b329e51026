"""Real time stays within its tokens: syncs become rarer, and full resyncs too."""

import asyncio

import pytest

from source_pipedrive.webhooks.targets.target import SyncCost, SyncFailedError
from source_pipedrive.webhooks.token_pace import TokenPace
from unit_tests.inbox.deliveries import an_event
from unit_tests.webhooks.scheduling import HOUR, Harness


def test_syncs_share_events_once_the_tokens_of_the_day_run_short(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 1,000 tokens a day, 250 are for changed rows: 25 in one go, and one in 384 seconds."""
    caplog.set_level("INFO")
    harness.target.cost = SyncCost(tokens=30, left=900, limit=1000)

    async def scenario(harness: Harness) -> None:
        for number in range(20):
            harness.receive(an_event(entity="deal", entity_id=number))
            await asyncio.sleep(100)

    harness.run(scenario)

    assert [round(at) for at, _ in harness.target.syncs] == [3, 1923]
    assert len(harness.target.synced) == 20
    assert "stays within 250 tokens a day" in caplog.text


def test_full_resyncs_cost_at_most_a_tenth_of_the_daily_tokens(harness: Harness) -> None:
    harness.target.cost = SyncCost(tokens=8, left=900, limit=1000)

    async def scenario(_: Harness) -> None:
        await asyncio.sleep(3 * HOUR)

    harness.run(scenario)

    assert [round(at) for at, _ in harness.target.syncs] == [HOUR, HOUR + 8 * 864]


def test_requested_resyncs_are_rarer_where_they_are_expensive(harness: Harness) -> None:
    """A webhook that fails for hours is a gap at each check; the first one is closed at once."""
    harness.target.cost = SyncCost(tokens=8, left=900, limit=1000)

    async def scenario(harness: Harness) -> None:
        for _ in range(18):
            harness.scheduler.request_full_resync()
            await asyncio.sleep(600)

    harness.run(scenario)

    first, second = (at for at, _ in harness.target.syncs)
    assert first < 10
    assert second - first == 8 * 864


def test_failed_syncs_count_as_well(harness: Harness) -> None:
    failure = SyncFailedError("The warehouse cannot be written.")
    failure.cost = SyncCost(tokens=30, left=900, limit=1000)

    async def scenario(harness: Harness) -> None:
        harness.target.failures = [failure]
        harness.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(HOUR / 2)

    harness.run(scenario)

    # 5 tokens more than may be spent in one go become available in 1,920 seconds
    assert [round(at) for at, _ in harness.target.syncs] == [3]


def test_the_tokens_of_a_day_can_be_given(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 60 tokens, 6 in one go, and one in 1,600 seconds."""
    caplog.set_level("INFO")
    costs: list[SyncCost] = []
    harness.pace = lambda: TokenPace(60, costs.append)
    harness.target.cost = SyncCost(tokens=7, left=900, limit=1_000_000)

    async def scenario(harness: Harness) -> None:
        for number in range(10):
            harness.receive(an_event(entity="deal", entity_id=number))
            await asyncio.sleep(300)

    harness.run(scenario)

    assert [round(at) for at, _ in harness.target.syncs] == [3, 1603]
    assert "stays within 60 tokens a day" in caplog.text
    # the first, full one as well
    assert [one.tokens for one in costs] == [7, 7, 7]
