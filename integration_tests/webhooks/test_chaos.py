"""Whatever happens to the receiver and on the way to it: the next sync brings all, and no more."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from integration_tests.process import Connector
from integration_tests.webhooks.account import Account, running_account, wait_until
from integration_tests.webhooks.process import RunningReceiver, running_receiver
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.registration import Registrar
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery

STREAMS = ["deals", "persons", "organizations"]
MIB = 1024 * 1024


@dataclass
class Warehouse:
    """What syncs with the inbox have brought: of each row the latest version."""

    account: Account
    state: list[Any] = field(default_factory=list)
    kept: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def sync(self) -> None:
        """Read on from the last state."""
        connector = Connector(self.account.folder, self.account.config)
        output = connector.run("read", STREAMS, self.state or None)
        assert output.exit_code == 0
        self.state = output.state_messages
        for stream in STREAMS:
            for row in output.records(stream):
                before = self.kept.get((stream, row["id"]), row)
                if (row["update_time"] or "") >= (before["update_time"] or ""):
                    self.kept[stream, row["id"]] = row

    def differences(self) -> list[Any]:
        """Return rows of the account that are not kept as they are, and kept ones it has not."""
        there = {
            (stream, row["id"]): row
            for stream in STREAMS
            for row in self.account.sandbox.rows(stream)
            if not row["is_deleted"]
        }
        here = {key: row for key, row in self.kept.items() if not row["is_deleted"]}
        return [
            (key, there.get(key), here.get(key))
            for key in there.keys() | here.keys()
            if not there.get(key, {"id": None}).items() <= here.get(key, {}).items()
        ]


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with running_account(tmp_path_factory.mktemp("account"), deals=60) as account:
        with Inbox(account.inbox_url) as inbox:
            inbox.prepare()
        warehouse = Warehouse(account)
        warehouse.sync()
        yield warehouse


@pytest.fixture
def account(synced: Warehouse) -> Iterator[Account]:
    """The account with a hook of its own, which no other test has made fail."""
    account = synced.account
    registrar = Registrar(account.sandbox.token, account.sandbox.url)
    registrar.register(account.url, Credentials(*CREDENTIALS))
    yield account
    registrar.remove(account.url)
    account.settings(webhook_duplicates=0, webhook_disorder=0, webhook_time_factor=10)


@pytest.fixture
def before(account: Account) -> int:
    """The newest event of the tests before."""
    with Inbox(account.inbox_url) as inbox:
        return inbox.last_sequence()


def assert_all_is_there(synced: Warehouse) -> None:
    synced.sync()
    assert synced.differences() == []


def test_a_receiver_that_is_killed_loses_nothing(
    account: Account, synced: Warehouse, before: int
) -> None:
    # the last retry comes after a minute: time to start on a machine that is busy
    account.settings(webhook_time_factor=3)
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        account.work("deals", count=4)
        account.work("persons", "delete", count=3)
        receiver.kill()
    # nobody listens; one more, and the hook would be banned
    account.work("organizations", count=2)
    with running_receiver(account.inbox_url, port=account.port):
        fared = account.settle()

    assert (fared["given_up"], fared["lost"]) == (0, 0)
    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 9
    assert_all_is_there(synced)


def test_a_receiver_that_is_stopped_loses_nothing(account: Account, before: int) -> None:
    account.settings(webhook_time_factor=3)
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        account.work("deals", count=9)
        receiver.process.terminate()
        receiver.process.wait(30)
    with running_receiver(account.inbox_url, port=account.port):
        account.settle()

    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 9


def test_an_inbox_that_is_locked_refuses_events_and_alarms_until_they_come_again(
    account: Account, synced: Warehouse, before: int
) -> None:
    with (
        running_receiver(account.inbox_url, port=account.port) as receiver,
        closing(sqlite3.connect(account.folder / "inbox.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        account.work("deals", "delete", count=3)
        assert_alarmed(receiver)
        other.execute("ROLLBACK")
        account.settle()
        assert receiver.is_ready

    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 3
    assert_all_is_there(synced)


def test_an_inbox_that_is_full_refuses_events_and_alarms_until_they_come_again(
    account: Account, synced: Warehouse, before: int
) -> None:
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        with receiver.full_disk():
            account.work("persons", "delete", count=5)
            assert_alarmed(receiver)
        account.settle()
        assert receiver.is_ready

    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 5
    assert_all_is_there(synced)


def assert_alarmed(receiver: RunningReceiver) -> None:
    wait_until(lambda: not receiver.is_ready)
    assert "ERROR No event is accepted" in receiver.log.read_text()
    assert receiver.metric("inbox_writable") == 0
    refused = requests.post(receiver.url, json=a_delivery(), auth=CREDENTIALS, timeout=30)
    assert (refused.status_code, refused.content) == (503, b"")


def test_edits_during_a_ban_are_not_told_but_synced(
    account: Account, synced: Warehouse, before: int
) -> None:
    account.settings(webhook_time_factor=100)
    account.work("deals", count=10)
    account.settle()
    account.settings(webhook_time_factor=10)
    with running_receiver(account.inbox_url, port=account.port):
        account.work("persons", count=5)
        account.sandbox.control("clock", "POST", advance=300)
        account.work("organizations", "delete", count=2)
        fared = account.settle()

    assert (fared["given_up"], fared["lost"], fared["delivered"]) == (10, 5, 2)
    assert len(account.received(before)) == 2
    assert_all_is_there(synced)


def test_duplicates_and_disorder_change_nothing(
    account: Account, synced: Warehouse, before: int
) -> None:
    account.settings(webhook_duplicates=1, webhook_disorder=1)
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        for table in STREAMS:
            ids = account.work(table, count=4)
            account.work(table, ids=ids)
            account.work(table, "delete", ids=ids[:2])
        fared = account.settle()
        assert receiver.metric("duplicates_total") == 30

    assert fared["delivered"] == 60
    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 30
    assert_all_is_there(synced)


FORGED: dict[str, tuple[dict[str, Any], int]] = {
    "no credentials": ({"auth": None}, 401),
    "a wrong password": ({"auth": ("pipedrive", "hook-secret-0000000000")}, 401),
    "a wrong path": ({"path": "pipedrive"}, 404),
    "a wrong method": ({"method": "PUT"}, 405),
    "no JSON": ({"json": None, "data": b"deal 8 is deleted"}, 400),
    "a form": ({"json": None, "data": {"meta": "{}"}, "headers": {}}, 415),
    "no event": ({"json": {"deal": 8}}, 400),
    "ten MiB": ({"json": a_delivery(data={"title": "x" * 10 * MIB})}, 413),
}


def test_nothing_forged_gets_in(account: Account, synced: Warehouse, before: int) -> None:
    answers = {}
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        for what, (forgery, _) in FORGED.items():
            request: dict[str, Any] = {
                "method": "POST",
                "path": "",
                "auth": CREDENTIALS,
                "json": a_delivery("delete", entity_id=8),
                "headers": {"content-type": "application/json"},
                **forgery,
            }
            path = request.pop("path")
            answer = requests.request(url=f"{receiver.url}{path}", timeout=30, **request)
            answers[what] = answer.status_code
            assert what in {"a wrong path", "a wrong method"} or answer.content == b""
        account.work("deals")
        account.settle()

    assert answers == {what: status for what, (_, status) in FORGED.items()}
    assert len(account.received(before)) == 1
    assert_all_is_there(synced)
