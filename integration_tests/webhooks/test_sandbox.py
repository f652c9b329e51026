from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from integration_tests.process import Connector
from integration_tests.webhooks.account import Account, running_account
from integration_tests.webhooks.process import running_receiver
from source_pipedrive.inbox import payloads as normalise
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
    """One for all: each test looks only at events that came after it began."""
    with (
        running_account(tmp_path_factory.mktemp("account"), deals=100) as account,
        running_receiver(account.inbox_url, port=account.port),
    ):
        account.register()
        yield account


@pytest.fixture
def began(account: Account) -> int:
    with Inbox(account.inbox_url) as inbox:
        return inbox.last_sequence()


def rows(account: Account, stream: str) -> dict[str, Row]:
    return {str(row["id"]): row for row in account.sandbox.rows(stream)}


def differences(told: Mapping[str, Any], row: Row) -> Row:
    """Return the columns that both have, with another value: as told, as in the API."""
    return {
        name: (value, row[name])
        for name, value in told.items()
        if name in row and comparable(value) != comparable(row[name])
    }


def comparable(value: Any) -> Any:
    """Leave out what only the API has: names of time zones, and null for an empty text."""
    if isinstance(value, dict):
        return {key: comparable(one) for key, one in value.items() if key != "timezone_name"}
    return None if value == "" else value


def as_far_as_told(table: str, row: Row) -> Row:
    """Return a row with no more labels than its webhook tells of: one of persons, for example."""
    if table in {"persons", "organizations"}:
        return {**row, "label_ids": row["label_ids"][:1]}
    return row


@pytest.mark.parametrize("table", EDITED)
def test_an_edited_row_is_told_as_the_api_has_it(account: Account, began: int, table: str) -> None:
    edited = account.work(table, count=5)
    account.settle()

    with Inbox(account.inbox_url) as inbox:
        told = [one for one in inbox.changes(began) if one.object == EDITED[table]]
    api = rows(account, normalise.STREAMS[EDITED[table]])
    assert edited
    assert sorted(one.object_id for one in told) == sorted(str(id_) for id_ in edited)
    unlike = [differences(one.data, as_far_as_told(table, api[one.object_id])) for one in told]
    assert unlike == [{} for _ in told]


@pytest.mark.parametrize("table", DELETED)
def test_a_deleted_row_leaves_a_tombstone_as_the_api_had_it(
    account: Account, began: int, table: str
) -> None:
    stream = normalise.STREAMS[EDITED[table]]
    before = rows(account, stream)

    (deleted,) = account.work(table, "delete")
    account.settle()

    with Inbox(account.inbox_url) as inbox:
        (tombstone,) = inbox.deletions(EDITED[table], began)
    last = as_far_as_told(table, before[str(deleted)])
    assert tombstone.row["id"] == deleted
    assert tombstone.row["is_deleted"] is True
    assert tombstone.row["update_time"] >= (last["update_time"] or "")
    marks = {"is_deleted", "active_flag", "update_time", "merged_into_id"}
    rest = {name: value for name, value in tombstone.row.items() if name not in marks}
    assert differences(rest, last) == {}


@pytest.mark.parametrize("table", ["deals", "persons", "organizations"])
def test_a_merge_leaves_a_tombstone_that_names_the_winner(
    account: Account, began: int, table: str
) -> None:
    ((loser, winner),) = account.work(table, "merge")
    account.settle()

    with Inbox(account.inbox_url) as inbox:
        tombstones = {one.row["id"]: one.row for one in inbox.deletions(EDITED[table], began)}
    assert tombstones[loser]["merged_into_id"] == winner


def test_an_edit_is_in_the_history_with_who_and_what(account: Account, began: int) -> None:
    (person,) = account.work("persons", set={"name": "Ada"})
    account.settle()

    with Inbox(account.inbox_url) as inbox:
        (event,) = inbox.events(began)
    assert (event["object"], event["object_id"]) == ("person", str(person))
    assert event["action"] == "change"
    assert event["change_source"] == "api"
    assert event["user_id"] == 1
    assert event["changes"]["name"]["new"] == "Ada"


def test_a_sync_brings_deletions_and_history_and_pays_nothing_for_them(
    account: Account, tmp_path: Path
) -> None:
    (deleted,) = account.work("persons", "delete")
    account.settle()

    account.sandbox.control("counters", "DELETE")
    without = Connector(tmp_path, account.sandbox.config).run("read", ["persons"])
    price = account.sandbox.control("counters")["tokens"]
    account.sandbox.control("counters", "DELETE")
    with_inbox = Connector(tmp_path, account.config).run("read", ["persons", "events"])

    assert account.sandbox.control("counters")["tokens"] == price > 0
    assert deleted not in {row["id"] for row in without.records("persons")}
    gone = [row for row in with_inbox.records("persons") if row["id"] == deleted]
    assert [row["is_deleted"] for row in gone] == [True]
    assert ("person", str(deleted), "delete") in {
        (row["object"], row["object_id"], row["action"]) for row in with_inbox.records("events")
    }


def test_nothing_is_written_but_webhooks(tmp_path: Path) -> None:
    with running_account(tmp_path, deals=5) as account:
        account.register()
        account.webhooks("list")
        account.register()
        account.webhooks("remove", f"--url={account.url}")

        writes = [
            (method, path) for method, path, _ in account.sandbox.control("log") if method != "GET"
        ]
    assert writes == [("POST", "/v1/webhooks"), ("DELETE", "/v1/webhooks/1")]
