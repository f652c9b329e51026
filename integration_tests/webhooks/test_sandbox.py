"""Events of the sandbox agree with its API."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from integration_tests.expected_rows import expected_rows
from integration_tests.process import Connector
from integration_tests.webhooks.account import Account, running_account
from integration_tests.webhooks.process import running_receiver
from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.events_stream import event_rows
from source_pipedrive.inbox.store import Inbox

Row = dict[str, Any]

EDITED = {
    "activities": "activity",
    "deal_products": "deal_product",
    "deals": "deal",
    "leads": "lead",
    "notes": "note",
    "organizations": "organization",
    "persons": "person",
    "pipelines": "pipeline",
    "products": "product",
    "projects": "project",
    "stages": "stage",
    "tasks": "task",
}
DELETED = [table for table in EDITED if table not in {"pipelines", "stages"}]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account for all tests: each one only reads events from after its start."""
    with (
        running_account(tmp_path_factory.mktemp("account"), deals=100) as account,
        running_receiver(account.inbox_url, port=account.port),
    ):
        account.register()
        yield account


@pytest.fixture
def start(account: Account) -> int:
    with Inbox(account.inbox_url) as inbox:
        return inbox.last_sequence()


def rows(account: Account, stream: str) -> dict[str, Row]:
    return {str(row["id"]): row for row in expected_rows(account.sandbox, stream)}


def differences(reported: Mapping[str, Any], row: Row) -> Row:
    """Return the columns with different values, as reported by the event and by the API."""
    return {
        name: (value, row[name])
        for name, value in reported.items()
        if name in row and comparable(value) != comparable(row[name])
    }


def comparable(value: Any) -> Any:
    """Remove what only the API has: names of time zones, and null instead of an empty text."""
    if isinstance(value, dict):
        return {key: comparable(one) for key, one in value.items() if key != "timezone_name"}
    return None if value == "" else value


def as_reported(table: str, row: Row) -> Row:
    """Return a row with the labels that an event has: only the first one in some tables."""
    if table in {"persons", "organizations"}:
        return {**row, "label_ids": row["label_ids"][:1]}
    return row


@pytest.mark.parametrize("table", EDITED)
def test_an_event_of_an_edited_row_agrees_with_the_api(
    account: Account, start: int, table: str
) -> None:
    edited = account.change(table, count=5)
    account.settle()

    kind = EDITED[table]
    with Inbox(account.inbox_url) as inbox:
        events = [event for event in inbox.events(start) if event.object == kind]
    api = rows(account, payloads.STREAMS[kind])
    assert edited
    assert sorted(event.object_id for event in events) == sorted(str(id_) for id_ in edited)
    for event in events:
        row = payloads.to_api(kind, event.data or {})
        assert differences(row, as_reported(table, api[event.object_id])) == {}


@pytest.mark.parametrize("table", DELETED)
def test_the_tombstone_of_a_deleted_row_is_its_last_row_in_the_api(
    account: Account, start: int, table: str
) -> None:
    stream = payloads.STREAMS[EDITED[table]]
    before = rows(account, stream)

    (deleted,) = account.change(table, "delete")
    account.settle()

    ((_, tombstone),) = Deletions(account.inbox_url, EDITED[table]).rows_after(start)
    last = as_reported(table, before[str(deleted)])
    assert tombstone["id"] == deleted
    assert tombstone["is_deleted"] is True
    assert tombstone["update_time"] >= (last["update_time"] or "")
    marks = {"is_deleted", "active_flag", "update_time", "merged_into_id"}
    rest = {name: value for name, value in tombstone.items() if name not in marks}
    assert differences(rest, last) == {}


@pytest.mark.parametrize("table", ["deals", "persons", "organizations"])
def test_the_tombstone_of_a_merged_row_names_the_remaining_row(
    account: Account, start: int, table: str
) -> None:
    ((merged, remaining),) = account.change(table, "merge")
    account.settle()

    deletions = Deletions(account.inbox_url, EDITED[table])
    tombstones = {row["id"]: row for _, row in deletions.rows_after(start)}
    assert tombstones[merged]["merged_into_id"] == remaining


def test_an_event_says_who_changed_what(account: Account, start: int) -> None:
    (person,) = account.change("persons", set={"name": "Ada"})
    account.settle()

    (event,) = event_rows(account.inbox_url, start, None)
    assert (event["object"], event["object_id"]) == ("person", str(person))
    assert event["action"] == "change"
    assert event["change_source"] == "api"
    assert event["user_id"] == 1
    assert event["changes"]["name"]["new"] == "Ada"


def test_deletions_and_events_cost_no_tokens(account: Account, tmp_path: Path) -> None:
    (deleted,) = account.change("persons", "delete")
    account.settle()

    account.sandbox.control("counters", "DELETE")
    without = Connector(tmp_path, account.sandbox.config).run("read", ["persons"])
    tokens = account.sandbox.control("counters")["tokens"]
    account.sandbox.control("counters", "DELETE")
    with_inbox = Connector(tmp_path, account.config).run("read", ["persons", "events"])

    assert account.sandbox.control("counters")["tokens"] == tokens > 0
    assert deleted not in {row["id"] for row in without.records("persons")}
    tombstones = [row for row in with_inbox.records("persons") if row["id"] == deleted]
    assert [row["is_deleted"] for row in tombstones] == [True]
    assert ("person", str(deleted), "delete") in {
        (row["object"], row["object_id"], row["action"]) for row in with_inbox.records("events")
    }


def test_the_commands_write_nothing_but_webhooks(tmp_path: Path) -> None:
    with running_account(tmp_path, deals=5) as account:
        account.register()
        account.webhooks("list")
        account.register()
        account.webhooks("remove", f"--url={account.url}")

        writes = [
            (method, path) for method, path, _ in account.sandbox.control("log") if method != "GET"
        ]
    assert writes == [("POST", "/v1/webhooks"), ("DELETE", "/v1/webhooks/1")]
