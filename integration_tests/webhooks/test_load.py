"""Many connections at once, and several receivers with one inbox."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from integration_tests.webhooks.load import deliver
from integration_tests.webhooks.process import running_receiver
from source_pipedrive.inbox.store import Inbox
from unit_tests.inbox.postgres import Postgres

CONNECTIONS = 1000


@pytest.fixture
def _many_files() -> Iterator[None]:
    """Let this process open enough connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def received(url: str) -> list[str]:
    with Inbox(url) as inbox:
        return [event.id for event in inbox.events(after=0)]


@pytest.mark.usefixtures("_many_files")
def test_a_thousand_deliveries_at_once_are_stored(tmp_path: Path) -> None:
    inbox = f"sqlite:///{tmp_path}/inbox.db"

    with running_receiver(inbox) as receiver:
        answers = asyncio.run(deliver([receiver.url], rate=1e6, seconds=CONNECTIONS / 1e6))

    ids = received(inbox)
    assert answers.statuses == {200: CONNECTIONS}
    assert len(ids) == len(set(ids)) == CONNECTIONS


@pytest.mark.usefixtures("_many_files")
def test_a_thousand_idle_connections_block_no_delivery(tmp_path: Path) -> None:
    inbox = f"sqlite:///{tmp_path}/inbox.db"

    async def scenario(url: str, port: int) -> int:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
        for _, writer in idle:
            writer.write(b"POST / HTTP/1.1\r\nhost: hooks.example.com\r\n")
            await writer.drain()
        answers = await deliver([url], rate=200, seconds=0.25)
        for _, writer in idle:
            writer.close()
        return answers.statuses[200]

    with running_receiver(inbox) as receiver:
        accepted = asyncio.run(scenario(receiver.url, int(receiver.url.split(":")[-1].strip("/"))))

    assert accepted == len(received(inbox)) == 50


def test_two_receivers_store_every_event_once(postgres: Postgres) -> None:
    inbox = postgres.new_database()

    with ExitStack() as stack:
        urls = [stack.enter_context(running_receiver(inbox)).url for _ in range(2)]
        answers = asyncio.run(deliver(urls, rate=400, seconds=1, times=2))

    ids = received(inbox)
    assert answers.statuses == {200: 800}
    assert len(ids) == len(set(ids)) == 400
