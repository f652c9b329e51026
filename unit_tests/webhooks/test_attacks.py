"""The receiver under attack: what is odd, forged, or too much."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery
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
