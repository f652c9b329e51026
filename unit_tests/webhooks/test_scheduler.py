import asyncio
import time
from typing import Any

import pytest

from source_pipedrive.webhooks.scheduler import SyncScheduler
from unit_tests.inbox.deliveries import an_event
from unit_tests.webhooks.scheduling import HOUR, Harness
from unit_tests.webhooks.virtual_time import run_in_virtual_time


def test_the_first_sync_is_a_full_one_and_covers_older_events(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.inbox.append([an_event()])

    async def scenario() -> None:
        scheduler = SyncScheduler(harness.inbox, harness.target, full_resync_every=HOUR)
        task = asyncio.create_task(scheduler.run())
        await asyncio.sleep(100)
        task.cancel()

    run_in_virtual_time(monkeypatch, scenario)

    assert harness.target.syncs == [(0, None)]


def test_the_stream_of_an_event_is_synced_two_seconds_later(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event(entity="person"))
        await asyncio.sleep(100)

    harness.run(scenario)

    assert harness.target.syncs == [(3, {"persons"})]


def test_events_within_the_debounce_share_a_sync(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event(entity="deal"))
        await asyncio.sleep(1.5)
        harness.receive(an_event(entity="note"), an_event(entity="deal"))
        await asyncio.sleep(100)

    harness.run(scenario)

    assert harness.target.syncs == [(3, {"deals", "notes"})]


def test_a_steady_flow_of_events_does_not_delay_the_sync(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        for _ in range(10):
            harness.receive(an_event(entity="deal"))
            await asyncio.sleep(1)

    harness.run(scenario)

    assert [at for at, _ in harness.target.syncs] == [3, 5, 7, 9, 11]


def test_an_event_from_another_receiver_is_found_within_seconds(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.inbox.append([an_event(entity="deal")])
        await asyncio.sleep(100)

    harness.run(scenario)

    ((at, streams),) = harness.target.syncs
    assert at <= 1 + 5
    assert streams == {"deals"}


def test_an_object_without_a_stream_starts_no_sync(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event(entity="some_new_object"))
        await asyncio.sleep(100)

    harness.run(scenario)

    assert harness.target.syncs == []


@pytest.mark.parametrize("entity", ["dealField", "person_field"])
def test_a_changed_field_definition_starts_a_full_resync(harness: Harness, entity: str) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event(entity=entity))
        await asyncio.sleep(100)

    harness.run(scenario)

    assert harness.target.syncs == [(3, None)]


def test_a_full_resync_runs_every_hour(harness: Harness) -> None:
    async def scenario(_: Harness) -> None:
        await asyncio.sleep(2 * HOUR + 10)

    harness.run(scenario)

    assert harness.target.syncs == [(HOUR, None), (2 * HOUR, None)]


def test_a_full_resync_runs_on_request(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.scheduler.request_full_resync()
        await asyncio.sleep(10)

    harness.run(scenario)

    assert [streams for _, streams in harness.target.syncs] == [None]


def test_a_request_during_a_full_resync_starts_another_one(harness: Harness) -> None:
    """What was lost after its stream was read is not in the resync that runs."""

    async def scenario(harness: Harness) -> None:
        harness.target.on_sync = [harness.scheduler.request_full_resync]
        harness.scheduler.request_full_resync()
        await asyncio.sleep(100)

    harness.run(scenario)

    assert [streams for _, streams in harness.target.syncs] == [None, None]


def test_a_missing_row_is_synced_again_with_growing_pauses(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.missing_ids = {"8"}
        harness.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(20)
        harness.target.missing_ids = set()
        await asyncio.sleep(100)

    harness.run(scenario)

    assert [at for at, _ in harness.target.syncs] == [3, 3.5, 4.5, 6.5, 10.5, 18.5, 34.5]
    assert len(harness.arrivals) == 1


def test_a_new_row_is_read_once_more_since_its_time_of_change_comes_later(
    harness: Harness,
) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event("create", entity="deal", entity_id=8))
        await asyncio.sleep(100)

    harness.run(scenario)

    assert [at for at, _ in harness.target.syncs] == [3, 18]
    assert [one.is_second_look for one in harness.target.synced] == [False, True]
    assert len(harness.arrivals) == 1


def test_a_row_that_never_arrives_is_given_up_with_a_warning(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.missing_ids = {"8"}
        harness.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(HOUR - 10)

    harness.run(scenario)

    assert len(harness.target.syncs) == 9
    assert [one.is_last_try for one in harness.target.synced] == [*[False] * 8, True]
    assert harness.arrivals == []
    assert "deals 8 did not arrive" in caplog.text


def test_a_missing_line_item_of_a_deal_is_not_synced_again(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.target.missing_ids = {"8"}
        harness.receive(an_event(entity="deal_product", entity_id=8))
        await asyncio.sleep(100)

    harness.run(scenario)

    assert harness.target.syncs == [(3, {"deal_products"})]
    assert harness.arrivals == []


def test_the_newest_event_of_a_row_counts_whatever_their_order(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(
            an_event("delete", entity_id=8, at="2026-05-01T10:00:02.000Z"),
            an_event("change", entity_id=8, at="2026-05-01T10:00:01.000Z"),
        )
        await asyncio.sleep(10)

    harness.run(scenario)

    assert [(one.row_id, one.is_deleted) for one in harness.target.checked] == [("8", True)]


@pytest.mark.parametrize(
    ("entity", "data", "changed"),
    [
        ("deal", {"update_time": "2026-05-01T10:00:00Z"}, "2026-05-01T10:00:00Z"),
        ("note", {"update_time": "2026-05-01T10:00:00Z"}, "2026-05-01T10:00:00Z"),
        ("user", {"modified": "2026-05-01 10:00:00"}, "2026-05-01T10:00:00Z"),
        ("deal", {"update_time": None}, None),
    ],
)
def test_a_row_is_expected_to_be_as_new_as_its_event_says(
    harness: Harness, entity: str, data: dict[str, str | None], changed: str | None
) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event(entity=entity, data=data))
        await asyncio.sleep(10)

    harness.run(scenario)

    assert [one.changed for one in harness.target.checked] == [changed]


@pytest.mark.parametrize(
    ("entity", "data", "is_archived"),
    [
        ("deal", {"is_archived": True}, True),
        ("lead", {"is_archived": False}, False),
        ("project", {"archive_time": "2026-05-01T10:00:00Z"}, True),
        ("person", {"name": "Ada"}, False),
    ],
)
def test_a_row_is_expected_to_be_archived_if_its_event_says_so(
    harness: Harness, entity: str, data: dict[str, Any], *, is_archived: bool
) -> None:
    async def scenario(harness: Harness) -> None:
        harness.receive(an_event(entity=entity, data=data))
        await asyncio.sleep(10)

    harness.run(scenario)

    assert [one.is_archived for one in harness.target.checked] == [is_archived]


def test_the_time_to_arrival_is_measured_from_the_event(harness: Harness) -> None:
    async def scenario(harness: Harness) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        harness.receive(an_event(at=now))
        await asyncio.sleep(10)

    harness.run(scenario)

    (arrival,) = harness.arrivals
    assert -1 < arrival.to_inbox < 60
    assert arrival.total == pytest.approx(arrival.to_inbox + arrival.to_sync + arrival.to_warehouse)
