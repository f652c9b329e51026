"""The receiver under attack: what is odd, forged, or too much."""

import base64
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks import receiver as receiver_module
from source_pipedrive.webhooks import writer as writer_module
from source_pipedrive.webhooks.company import Company
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery, an_event
from unit_tests.webhooks.running_receiver import RunningReceiver, running_receiver


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        yield inbox


@pytest.fixture
def server(inbox: Inbox) -> Iterator[RunningReceiver]:
    with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
        yield server


def ids(inbox: Inbox) -> list[str]:
    return [event.object_id for event in inbox.events(after=0)]


def test_an_accepted_event_that_cannot_be_read_is_counted_and_logged(
    server: RunningReceiver, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        server.deliver(a_delivery("delete", entity_id="not a number"))

    assert ids(inbox) == ["not a number"] * 2
    assert server.metric("set_aside_total") == 2
    assert caplog.text.count("webhooks inbox` to list such events") == 1


def test_a_deleted_inbox_rejects_events_until_there_is_a_new_one(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer_module, "_SECONDS_BETWEEN_PROBES", 0.01)
    gaps: list[str] = []
    receiver = Receiver(inbox, Credentials(*CREDENTIALS), on_gap=lambda: gaps.append("gap"))

    with running_receiver(receiver) as server:
        server.deliver(a_delivery(entity_id=8))
        (tmp_path / "inbox.db").rename(tmp_path / "old.db")
        rejected = server.deliver(a_delivery(entity_id=9))
        while server.health() != 200:
            pass
        accepted = server.deliver(a_delivery(entity_id=9))

    assert (rejected.status_code, accepted.status_code) == (503, 200)
    assert ids(inbox) == ["9"]
    assert gaps == ["gap"]
    assert "The inbox was deleted, replaced, or restored" in caplog.text


def test_a_deleted_inbox_is_noticed_without_deliveries(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_SECONDS_TO_IDLE_PROBE", 0.01)
    monkeypatch.setattr(writer_module, "_SECONDS_BETWEEN_PROBES", 0.01)
    gap = threading.Event()

    with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS), on_gap=gap.set)):
        (tmp_path / "inbox.db").unlink()

        assert gap.wait(30)

    assert ids(inbox) == []


class PickyInbox(Inbox):
    """An inbox that works, but takes no event of a person, as a broken index might."""

    def append(self, events: Sequence[Event]) -> list[Event]:
        if any(event.object == "person" for event in events):
            raise InboxError("The inbox does not work: index row too large")
        return super().append(events)


def test_an_event_that_the_inbox_refuses_is_answered_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with PickyInbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
            refused = server.deliver(a_delivery(entity="person"))
            accepted = server.deliver(a_delivery(entity_id=8))
            health = server.health()
            count = server.metric('rejected_total{reason="refused"}')

        assert (refused.status_code, accepted.status_code, health, count) == (400, 200, 200, 1)
        assert ids(inbox) == ["8"]
    assert "index row too large" in caplog.text


class CrashingInbox(Inbox):
    """An inbox whose driver fails in a way that nobody has foreseen."""

    def append(self, events: Sequence[Event]) -> list[Event]:
        if events[0].object == "person":
            raise RuntimeError("driver")
        return super().append(events)


def test_an_unforeseen_failure_ends_neither_the_writer_nor_the_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_SECONDS_BETWEEN_PROBES", 0.01)
    with CrashingInbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
            failed = server.deliver(a_delivery(entity="person"))
            while server.health() != 200:
                pass
            accepted = server.deliver(a_delivery(entity_id=8))

        assert (failed.status_code, accepted.status_code) == (503, 200)
        assert ids(inbox) == ["8"]


def test_a_service_that_ends_is_logged_and_events_are_still_accepted(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def service() -> None:
        raise RuntimeError("unforeseen")

    receiver = Receiver(inbox, Credentials(*CREDENTIALS), services=[service])
    with running_receiver(receiver) as server:
        answer = server.deliver(a_delivery())

    assert answer.status_code == 200
    assert "A service of the receiver ended." in caplog.text


def test_events_of_another_company_are_refused(
    inbox: Inbox, server: RunningReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    first = server.deliver(a_delivery(entity_id=8, company_id="4711"))
    other = server.deliver(a_delivery(entity_id=9, company_id="4712"))
    nobody = server.deliver(a_delivery(entity_id=10, company_id=None))

    assert (first.status_code, other.status_code, nobody.status_code) == (200, 403, 200)
    assert ids(inbox) == ["8", "10"]
    assert server.metric('rejected_total{reason="company"}') == 1
    assert "This receiver stores those of company 4711 (--company-id)." in caplog.text


def test_a_receiver_knows_the_company_of_its_inbox(inbox: Inbox) -> None:
    inbox.prepare()
    inbox.append([an_event(company_id="4711")])

    with running_receiver(Receiver(inbox, Credentials(*CREDENTIALS))) as server:
        answer = server.deliver(a_delivery(company_id="4712"))

    assert answer.status_code == 403


def test_a_given_company_is_more_certain_than_a_registered_one_and_that_than_an_event() -> None:
    given, unknown = Company("1"), Company()

    for company in (given, unknown):
        company.stored("2")
        company.registered("3")
        company.registered("4")

    assert (given.id, unknown.id) == ("1", "3")


def test_a_slow_body_is_not_blamed_on_the_inbox(
    server: RunningReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "_SECONDS_TO_ANSWER", 0.05)
    address = urlsplit(server.url)
    secret = base64.b64encode(":".join(CREDENTIALS).encode()).decode()
    headers = (
        f"POST / HTTP/1.1\r\nhost: hooks\r\nauthorization: Basic {secret}\r\n"
        "content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    )

    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(headers.encode())
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408")
    assert server.metric('rejected_total{reason="slow_body"}') == 1
