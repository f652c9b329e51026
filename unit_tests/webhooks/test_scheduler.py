import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

import pytest

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.scheduler import (
    NotNowError,
    SyncFailedError,
    Target,
    Trigger,
    Wanted,
)
from unit_tests.inbox.deliveries import an_event
from unit_tests.webhooks.virtual_time import run_in_virtual_time

HOUR = 3600


class Destination(Target):
    """Notes when it is synced, and lets rows arrive when the test says so."""

    def __init__(self) -> None:
        self.syncs: list[tuple[float, set[str] | None]] = []
        self.late: set[str] = set()
        self.trouble: list[Exception] = []
        self.asked: list[Wanted] = []

    def sync(self, streams: Collection[str] | None) -> None:
        self.syncs.append((time.monotonic() - 1000, None if streams is None else set(streams)))
        if self.trouble:
            raise self.trouble.pop(0)

    def missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        self.asked += wanted
        return [one for one in wanted if one.row_id in self.late]


class Desk:
    """A trigger at work, in time that the test moves on."""

    def __init__(self, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inbox = inbox
        self.destination = Destination()
        self.arrivals: list[float] = []
        self._monkeypatch = monkeypatch

    def work(self, scenario: Callable[["Desk"], Awaitable[None]]) -> None:
        async def run() -> None:
            self.trigger = Trigger(self.inbox, self.destination, 2, HOUR, self.arrivals.append)
            task = asyncio.create_task(self.trigger.run())
            await asyncio.sleep(1)
            # the first sync, of everything, is behind
            self.destination.syncs.clear()
            await scenario(self)
            task.cancel()

        run_in_virtual_time(self._monkeypatch, run)

    def receive(self, *events: Event) -> None:
        self.inbox.append(events)
        self.trigger.wake()


@pytest.fixture
def desk(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Inbox(f"sqlite:///{tmp_path_factory.mktemp('inbox')}/inbox.db") as inbox:
        inbox.prepare()
        yield Desk(inbox, monkeypatch)


def test_at_the_start_everything_is_synced_and_older_events_need_nothing_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.inbox.append([an_event()])

    async def scenario() -> None:
        trigger = Trigger(desk.inbox, desk.destination, 2, HOUR)
        task = asyncio.create_task(trigger.run())
        await asyncio.sleep(100)
        task.cancel()

    run_in_virtual_time(monkeypatch, scenario)

    assert desk.destination.syncs == [(0, None)]


def test_an_event_has_its_stream_synced_two_seconds_later(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.receive(an_event(entity="person"))
        await asyncio.sleep(100)

    desk.work(scenario)

    assert desk.destination.syncs == [(3, {"persons"})]


def test_events_that_follow_soon_share_the_sync(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.receive(an_event(entity="deal"))
        await asyncio.sleep(1.5)
        desk.receive(an_event(entity="note"), an_event(entity="deal"))
        await asyncio.sleep(100)

    desk.work(scenario)

    assert desk.destination.syncs == [(3, {"deals", "notes"})]


def test_events_that_never_pause_do_not_put_the_sync_off(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        for _ in range(10):
            desk.receive(an_event(entity="deal"))
            await asyncio.sleep(1)

    desk.work(scenario)

    assert [at for at, _ in desk.destination.syncs] == [3, 5, 7, 9, 11]


def test_an_event_that_another_receiver_took_is_found_soon(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.inbox.append([an_event(entity="deal")])
        await asyncio.sleep(100)

    desk.work(scenario)

    ((at, streams),) = desk.destination.syncs
    assert at <= 1 + 5
    assert streams == {"deals"}


def test_an_object_without_a_stream_is_left_to_the_periodic_sync(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.receive(an_event(entity="some_new_object"))
        await asyncio.sleep(100)

    desk.work(scenario)

    assert desk.destination.syncs == []


@pytest.mark.parametrize("entity", ["dealField", "person_field"])
def test_a_change_of_field_definitions_has_everything_synced(desk: Desk, entity: str) -> None:
    async def scenario(desk: Desk) -> None:
        desk.receive(an_event(entity=entity))
        await asyncio.sleep(100)

    desk.work(scenario)

    assert desk.destination.syncs == [(3, None)]


def test_everything_is_synced_every_hour(desk: Desk) -> None:
    async def scenario(_: Desk) -> None:
        await asyncio.sleep(2 * HOUR + 10)

    desk.work(scenario)

    assert desk.destination.syncs == [(HOUR, None), (2 * HOUR, None)]


def test_everything_is_synced_when_events_may_have_been_lost(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.trigger.heal()
        await asyncio.sleep(10)

    desk.work(scenario)

    assert [streams for _, streams in desk.destination.syncs] == [None]


def test_a_row_that_did_not_arrive_is_asked_for_again_less_and_less_often(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.destination.late = {"8"}
        desk.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(20)
        desk.destination.late = set()
        await asyncio.sleep(100)

    desk.work(scenario)

    assert [at for at, _ in desk.destination.syncs] == [3, 4, 6, 10, 18, 34]
    assert len(desk.arrivals) == 1


def test_a_row_that_never_arrives_is_given_up_and_said_so(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(desk: Desk) -> None:
        desk.destination.late = {"8"}
        desk.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(HOUR - 10)

    desk.work(scenario)

    assert len(desk.destination.syncs) == 8
    assert desk.arrivals == []
    assert "deals 8 did not arrive" in caplog.text


def test_a_line_of_a_deal_is_not_insisted_on(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.destination.late = {"8"}
        desk.receive(an_event(entity="deal_product", entity_id=8))
        await asyncio.sleep(100)

    desk.work(scenario)

    assert desk.destination.syncs == [(3, {"deal_products"})]
    assert desk.arrivals == []


def test_of_several_events_of_a_row_the_newest_counts_whatever_their_order(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.receive(
            an_event("delete", entity_id=8, at="2026-05-01T10:00:02.000Z"),
            an_event("change", entity_id=8, at="2026-05-01T10:00:01.000Z"),
        )
        await asyncio.sleep(10)

    desk.work(scenario)

    assert [(one.row_id, one.is_deleted) for one in desk.destination.asked] == [("8", True)]


@pytest.mark.parametrize(
    ("entity", "data", "changed"),
    [
        ("deal", {"update_time": "2026-05-01T10:00:00Z"}, "2026-05-01T10:00:00Z"),
        ("note", {"update_time": "2026-05-01T10:00:00Z"}, "2026-05-01 10:00:00"),
        ("user", {"modified": "2026-05-01 10:00:00"}, "2026-05-01 10:00:00"),
        ("deal", {"update_time": None}, None),
    ],
)
def test_a_row_must_become_as_new_as_its_event_says(
    desk: Desk, entity: str, data: dict[str, str | None], changed: str | None
) -> None:
    async def scenario(desk: Desk) -> None:
        desk.receive(an_event(entity=entity, data=data))
        await asyncio.sleep(10)

    desk.work(scenario)

    assert [one.changed for one in desk.destination.asked] == [changed]


def test_the_time_to_arrival_is_measured_from_the_change(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        desk.receive(an_event(at=now))
        await asyncio.sleep(10)

    desk.work(scenario)

    (arrival,) = desk.arrivals
    assert -1 < arrival < 60


@pytest.mark.parametrize(
    ("trouble", "wait", "said"),
    [
        (NotNowError("a job is running", 15), 15, ""),
        (SyncFailedError("The API key is wrong."), 60, "The API key is wrong."),
        (RuntimeError("the disk is full"), 60, "the disk is full"),
    ],
)
def test_a_sync_that_fails_is_tried_again_and_nothing_is_forgotten(
    desk: Desk, caplog: pytest.LogCaptureFixture, trouble: Exception, wait: float, said: str
) -> None:
    async def scenario(desk: Desk) -> None:
        desk.destination.trouble = [trouble]
        desk.receive(an_event(entity="deal", entity_id=8))
        await asyncio.sleep(200)

    desk.work(scenario)

    assert desk.destination.syncs == [(3, {"deals"}), (3 + wait, {"deals"})]
    assert [one.row_id for one in desk.destination.asked] == ["8"]
    assert said in caplog.text


def test_a_periodic_sync_that_fails_is_not_taken_for_done(desk: Desk) -> None:
    async def scenario(desk: Desk) -> None:
        desk.destination.trouble = [SyncFailedError("Pipedrive is away.")]
        await asyncio.sleep(HOUR + 70)

    desk.work(scenario)

    assert desk.destination.syncs == [(HOUR, None), (HOUR + 60, None)]


def test_an_inbox_that_cannot_be_read_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: object
) -> None:
    away = Inbox(f"sqlite:///{tmp_path}/away.db")

    async def scenario() -> None:
        task = asyncio.create_task(Trigger(away, desk.destination, 2, HOUR).run())
        await asyncio.sleep(10)
        assert desk.destination.syncs == []
        away.prepare()
        await asyncio.sleep(10)
        task.cancel()

    with away:
        run_in_virtual_time(monkeypatch, scenario)

    assert [streams for _, streams in desk.destination.syncs] == [None]
    assert "cannot be read" in caplog.text
