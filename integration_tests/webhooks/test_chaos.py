"""After any failure of the receiver or the deliveries, the next sync makes the copy complete."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from integration_tests.expected_rows import expected_rows
from integration_tests.process import Connector
from integration_tests.webhooks.account import Account, running_account, wait_until
from integration_tests.webhooks.process import RunningReceiver, running_receiver
from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.registration import Registrar
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery

STREAMS = ["deals", "persons", "organizations"]
MIB = 1024 * 1024
# retries after 1.5, 15, and 75 seconds, so that a receiver can restart even on a busy machine
_TIME_TO_RESTART = 2


@dataclass
class Warehouse:
    """The latest version of each row that syncs with the inbox emitted."""

    account: Account
    state: list[Any] = field(default_factory=list)
    rows: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def sync(self) -> None:
        """Sync from the last state."""
        connector = Connector(self.account.folder, self.account.config)
        output = connector.run("read", STREAMS, self.state or None)
        assert output.exit_code == 0
        self.state = output.state_messages
        for stream in STREAMS:
            for row in output.records(stream):
                before = self.rows.get((stream, row["id"]), row)
                if (row["update_time"] or "") >= (before["update_time"] or ""):
                    self.rows[stream, row["id"]] = row

    def differences(self) -> list[Any]:
        """Return the rows that differ from the account, are missing, or are not in the account."""
        account = {
            (stream, row["id"]): row
            for stream in STREAMS
            for row in expected_rows(self.account.sandbox, stream)
            if not row["is_deleted"]
        }
        copied = {key: row for key, row in self.rows.items() if not row["is_deleted"]}
        return [
            (key, account.get(key), copied.get(key))
            for key in account.keys() | copied.keys()
            if not account.get(key, {"id": None}).items() <= copied.get(key, {}).items()
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
    """The account with a new webhook, which has no failed deliveries."""
    account = synced.account
    registrar = Registrar(ApiKeyAccess(account.sandbox.token, account.sandbox.url))
    registrar.register(account.url, Credentials(*CREDENTIALS))
    yield account
    registrar.remove(account.url)
    account.settings(webhook_duplicates=0, webhook_disorder=0, webhook_time_factor=10)


@pytest.fixture
def before(account: Account) -> int:
    """The newest event of earlier tests."""
    with Inbox(account.inbox_url) as inbox:
        return inbox.last_sequence()


def assert_copy_is_complete(synced: Warehouse) -> None:
    synced.sync()
    assert synced.differences() == []


def test_a_receiver_that_is_killed_loses_nothing(
    account: Account, synced: Warehouse, before: int
) -> None:
    account.settings(webhook_time_factor=_TIME_TO_RESTART)
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        account.change("deals", count=4)
        account.change("persons", "delete", count=3)
        receiver.kill()
    # no receiver runs: one more failure would ban the webhook
    account.change("organizations", count=2)
    with running_receiver(account.inbox_url, port=account.port):
        counts = account.settle()

    assert (counts["given_up"], counts["lost"]) == (0, 0)
    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 9
    assert_copy_is_complete(synced)


def test_a_receiver_that_is_stopped_loses_nothing(account: Account, before: int) -> None:
    account.settings(webhook_time_factor=_TIME_TO_RESTART)
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        account.change("deals", count=9)
        receiver.process.terminate()
        receiver.process.wait(30)
    with running_receiver(account.inbox_url, port=account.port):
        account.settle()

    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 9


def test_a_locked_inbox_rejects_events_and_alarms_until_they_are_retried(
    account: Account, synced: Warehouse, before: int
) -> None:
    with (
        running_receiver(account.inbox_url, port=account.port) as receiver,
        closing(sqlite3.connect(account.folder / "inbox.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        account.change("deals", "delete", count=3)
        assert_alarmed(receiver)
        other.execute("ROLLBACK")
        account.settle()
        assert receiver.is_ready

    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 3
    assert_copy_is_complete(synced)


def test_a_full_disk_rejects_events_and_alarms_until_they_are_retried(
    account: Account, synced: Warehouse, before: int
) -> None:
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        with receiver.full_disk():
            account.change("persons", "delete", count=5)
            assert_alarmed(receiver)
        account.settle()
        assert receiver.is_ready

    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 5
    assert_copy_is_complete(synced)


def assert_alarmed(receiver: RunningReceiver) -> None:
    wait_until(lambda: not receiver.is_ready)
    assert "ERROR Events are rejected until the inbox works again" in receiver.log.read_text()
    assert receiver.metric("inbox_writable") == 0
    rejected = requests.post(receiver.url, json=a_delivery(), auth=CREDENTIALS, timeout=30)
    assert (rejected.status_code, rejected.content) == (503, b"")


def test_changes_during_a_ban_are_synced_without_events(
    account: Account, synced: Warehouse, before: int
) -> None:
    account.settings(webhook_time_factor=100)
    account.change("deals", count=10)
    account.settle()
    account.settings(webhook_time_factor=10)
    with running_receiver(account.inbox_url, port=account.port):
        account.change("persons", count=5)
        account.sandbox.control("clock", "POST", advance=300)
        account.change("organizations", "delete", count=2)
        counts = account.settle()

    assert (counts["given_up"], counts["lost"], counts["delivered"]) == (10, 5, 2)
    assert len(account.received(before)) == 2
    assert_copy_is_complete(synced)


def test_duplicate_and_unordered_deliveries_have_no_effect(
    account: Account, synced: Warehouse, before: int
) -> None:
    account.settings(webhook_duplicates=1, webhook_disorder=1)
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        for table in STREAMS:
            ids = account.change(table, count=4)
            account.change(table, ids=ids)
            account.change(table, "delete", ids=ids[:2])
        counts = account.settle()
        assert receiver.metric("duplicates_total") == 30

    assert counts["delivered"] == 60
    ids = account.received(before)
    assert len(ids) == len(set(ids)) == 30
    assert_copy_is_complete(synced)


FORGED: dict[str, tuple[dict[str, Any], int]] = {
    "no credentials": ({"auth": None}, 401),
    "a wrong password": ({"auth": ("pipedrive", "hook-secret-0000000000")}, 401),
    "a wrong path": ({"path": "pipedrive"}, 404),
    "a wrong method": ({"method": "PUT"}, 405),
    "invalid JSON": ({"json": None, "data": b"deal 8 is deleted"}, 400),
    "a form": ({"json": None, "data": {"meta": "{}"}, "headers": {}}, 415),
    "not an event": ({"json": {"deal": 8}}, 400),
    "ten MiB": ({"json": a_delivery(data={"title": "x" * 10 * MIB})}, 413),
}


def test_forged_deliveries_are_rejected(account: Account, synced: Warehouse, before: int) -> None:
    answers = {}
    with running_receiver(account.inbox_url, port=account.port) as receiver:
        for case, (forgery, _) in FORGED.items():
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
            answers[case] = answer.status_code
            assert case in {"a wrong path", "a wrong method"} or answer.content == b""
        account.change("deals")
        account.settle()

    assert answers == {case: status for case, (_, status) in FORGED.items()}
    assert len(account.received(before)) == 1
    assert_copy_is_complete(synced)
