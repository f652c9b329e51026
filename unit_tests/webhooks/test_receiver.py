import base64
import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import requests

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks import receiver as receiver_module
from source_pipedrive.webhooks import writer as writer_module
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from source_pipedrive.webhooks.writer import InboxWriter
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery
from unit_tests.webhooks.running_receiver import RunningReceiver, running_receiver

MIB = 1024 * 1024


class FaultyInbox(Inbox):
    """An inbox that is slow or broken if the test sets it so."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.is_broken = False
        self.commits: list[int] = []

    def append(self, events: Sequence[Event]) -> list[Event]:
        self.may_commit.wait()
        self._fail_if_broken()
        self.commits.append(len(events))
        return super().append(events)

    def probe(self) -> None:
        self._fail_if_broken()
        super().probe()

    def _fail_if_broken(self) -> None:
        if self.is_broken:
            raise InboxError("The inbox does not work: the disk is full")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[FaultyInbox]:
    with FaultyInbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        yield inbox


@pytest.fixture
def server(inbox: FaultyInbox) -> Iterator[RunningReceiver]:
    with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
        yield server


def ids(inbox: Inbox) -> list[str]:
    with suppress(InboxError):
        return [event.object_id for event in inbox.events(after=0)]
    return []


def test_a_delivery_in_the_inbox_is_answered_with_200(
    server: RunningReceiver, inbox: FaultyInbox
) -> None:
    answer = server.deliver(a_delivery(entity_id=8))

    assert (answer.status_code, answer.content) == (200, b"")
    assert ids(inbox) == ["8"]


def test_a_delivery_is_not_answered_before_its_commit(
    server: RunningReceiver, inbox: FaultyInbox
) -> None:
    inbox.may_commit.clear()

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(server.deliver, a_delivery(entity_id=8))
        # other requests are answered in the meantime
        assert server.health() == 200
        assert not answer.done()
        assert ids(inbox) == []
        inbox.may_commit.set()

    assert answer.result().status_code == 200
    assert ids(inbox) == ["8"]


def test_deliveries_that_arrive_during_a_commit_are_committed_together(
    server: RunningReceiver, inbox: FaultyInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.may_commit.clear()
    store, arrived = InboxWriter.store, SimpleQueue[Event]()

    async def recorded(writer: InboxWriter, event: Event) -> bool:
        arrived.put(event)
        return await store(writer, event)

    monkeypatch.setattr(InboxWriter, "store", recorded)

    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(server.deliver, a_delivery(entity_id=id_)) for id_ in range(40)]
        # all but the first wait for the running commit
        for _ in answers:
            arrived.get(timeout=30)
        inbox.may_commit.set()

    assert {answer.result().status_code for answer in answers} == {200}
    assert sorted(ids(inbox), key=int) == [str(id_) for id_ in range(40)]
    assert len(inbox.commits) == 2


def test_a_retry_is_accepted_and_counted_but_not_stored_twice(
    server: RunningReceiver, inbox: FaultyInbox
) -> None:
    server.deliver(a_delivery(entity_id=8, id="1f6c", attempt=1))

    answer = server.deliver(a_delivery(entity_id=8, id="1f6c", attempt=2))

    assert answer.status_code == 200
    assert ids(inbox) == ["8"]
    assert server.metric("duplicates_total") == 1


class ChunkedBody:
    """A body of unknown length, which `requests` sends in chunks."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * MIB
        yield b"x"


REJECTED: dict[str, tuple[dict[str, Any], int]] = {
    "no credentials": ({"auth": None}, 401),
    "a wrong password": ({"auth": ("pipedrive", "hook-secret-7d1f0a93c4")}, 401),
    "a wrong user": ({"auth": ("admin", CREDENTIALS[1])}, 401),
    "another authentication scheme": (
        {"auth": None, "headers": {"authorization": f"Bearer {CREDENTIALS[1]}"}},
        401,
    ),
    "another content type": ({"json": None, "data": {"meta": "{}"}}, 415),
    "no content type": ({"json": None, "data": json.dumps(a_delivery()).encode()}, 415),
    "invalid JSON": (
        {"json": None, "data": b'{"meta": {', "headers": {"content-type": "application/json"}},
        400,
    ),
    "not an event": ({"json": {"hello": "world"}}, 400),
    "an event of webhooks v1": ({"json": {"event": "added.deal", "current": {}}}, 400),
    "ten MiB": ({"json": a_delivery(data={"title": "x" * 10 * MIB})}, 413),
    "more than a MiB in chunks": (
        {
            "json": None,
            "data": ChunkedBody(),
            "headers": {"content-type": "application/json"},
        },
        413,
    ),
}


@pytest.mark.parametrize("case", REJECTED)
def test_every_other_request_is_rejected_with_an_empty_response(
    server: RunningReceiver, inbox: FaultyInbox, case: str
) -> None:
    options, status = REJECTED[case]

    answer = server.deliver(**{"json": a_delivery(), **options})

    assert (answer.status_code, answer.content) == (status, b"")
    assert ids(inbox) == []


def test_a_body_of_one_mib_is_accepted(server: RunningReceiver, inbox: FaultyInbox) -> None:
    delivery = a_delivery(entity_id=8, data={"title": ""})
    delivery["data"]["title"] = "x" * (MIB - len(json.dumps(delivery)))

    answer = server.deliver(delivery)

    assert answer.status_code == 200
    assert ids(inbox) == ["8"]


def test_credentials_may_contain_non_ascii_characters(inbox: FaultyInbox) -> None:
    user, password = "pipedrive", "wörd-7d1f0a93c5"
    token = base64.b64encode(f"{user}:{password}".encode()).decode()

    with running_receiver(Receiver(inbox, Credentials(user, password))) as server:
        answer = server.deliver(
            a_delivery(), auth=None, headers={"authorization": f"basic {token}"}
        )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "", 405), ("PUT", "", 405), ("POST", "deals", 404)]
)
def test_other_methods_and_paths_are_rejected(
    server: RunningReceiver, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, f"{server.url}{path}", auth=CREDENTIALS, timeout=30)

    assert answer.status_code == status


def test_the_path_of_deliveries_can_be_set(inbox: FaultyInbox) -> None:
    with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS), path="/pipedrive")) as server:
        accepted = requests.post(
            f"{server.url}pipedrive", auth=CREDENTIALS, json=a_delivery(), timeout=30
        )
        rejected = server.deliver(a_delivery())

    assert (accepted.status_code, rejected.status_code) == (200, 404)


def test_deliveries_are_rejected_at_once_until_a_broken_inbox_works_again(
    server: RunningReceiver, inbox: FaultyInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_SECONDS_BETWEEN_PROBES", 0.01)
    inbox.is_broken = True

    rejected = server.deliver(a_delivery(entity_id=8))
    # the second delivery is rejected without an attempt to write
    inbox.may_commit.clear()
    at_once = server.deliver(a_delivery(entity_id=9))
    health = server.health()
    inbox.may_commit.set()
    inbox.is_broken = False
    while server.health() != 200:
        pass
    accepted = server.deliver(a_delivery(entity_id=8))

    assert (rejected.status_code, at_once.status_code, health) == (503, 503, 503)
    assert accepted.status_code == 200
    assert ids(inbox) == ["8"]


def test_an_inbox_that_breaks_without_deliveries_is_noticed(
    inbox: FaultyInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_SECONDS_TO_IDLE_PROBE", 0.01)

    with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
        assert server.health() == 200
        inbox.is_broken = True
        while server.health() == 200:
            pass

        assert server.metric("inbox_writable") == 0


def test_a_slow_commit_is_rejected_before_pipedrive_stops_waiting(
    server: RunningReceiver, inbox: FaultyInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "_SECONDS_TO_ANSWER", 0.05)
    inbox.may_commit.clear()

    answer = server.deliver(a_delivery())
    inbox.may_commit.set()

    assert answer.status_code == 503


def test_deliveries_beyond_the_queue_are_rejected(
    inbox: FaultyInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_LONGEST_QUEUE", 1)
    inbox.may_commit.clear()

    with (
        running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server,
        ThreadPoolExecutor(10) as pool,
    ):
        answers = [pool.submit(server.deliver, a_delivery()) for _ in range(10)]
        for _ in islice(as_completed(answers), 8):
            pass
        inbox.may_commit.set()
        statuses = [answer.result().status_code for answer in answers]

    assert sorted(statuses) == [200] * 2 + [503] * 8
    assert len(ids(inbox)) == 2


def test_a_shutdown_answers_all_started_requests_and_loses_nothing(inbox: FaultyInbox) -> None:
    inbox.may_commit.clear()

    with ThreadPoolExecutor(20) as pool:
        with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
            answers = [pool.submit(server.deliver, a_delivery()) for _ in range(20)]
            while len(server.server.server_state.tasks) < 20:
                pass
            server.server.should_exit = True
            inbox.may_commit.set()

        statuses = {answer.result().status_code for answer in answers}

    assert statuses == {200}
    assert len(ids(inbox)) == 20


def test_metrics_count_events_rejections_and_lag(server: RunningReceiver) -> None:
    server.deliver(a_delivery("create", entity="deal"))
    server.deliver(a_delivery("delete", entity="person", attempt=3))
    server.deliver(a_delivery("create", entity="some_new_object"))
    server.deliver(a_delivery(), auth=None)

    assert server.metric('events_total{action="create",object="deal"}') == 1
    assert server.metric('events_total{action="delete",object="person"}') == 1
    assert server.metric('events_total{action="create",object="other"}') == 1
    assert server.metric('rejected_total{reason="credentials"}') == 1
    assert server.metric("retries_total") == 1
    assert server.metric("lag_seconds_count") == 3
    assert server.metric("inbox_events") == 3
    assert server.metric("inbox_writable") == 1


def test_repeated_rejections_are_logged_once(
    server: RunningReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        server.deliver(a_delivery(), auth=("pipedrive", "guess-5511aa"))

    rejections = [record.getMessage() for record in caplog.records if "401" in record.getMessage()]
    assert len(rejections) == 1
    assert "guess-5511aa" not in rejections[0]


def test_an_event_of_webhooks_v1_is_logged_with_what_to_do(
    server: RunningReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    server.deliver({"v": 1, "event": "added.deal", "current": {}, "meta": {"action": "added"}})

    assert "It is an event of webhooks v1." in caplog.text
    assert "`source-pipedrive webhooks register`" in caplog.text
