"""What `read` makes of an inbox of webhooks: tombstones in their streams, and the history."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from source_pipedrive import timestamps as times
from source_pipedrive.inbox.store import Inbox
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.inbox.deliveries import an_event
from unit_tests.pipedrive import Api, page, rows

DELETED = "2026-05-02T12:00:00.250Z"
LATER = "2026-05-02T12:00:01.000Z"

# streams that webhooks tell deletions of, and their objects
OBJECTS = {
    name: parameters["event_object"]
    for name in catalog.STREAMS
    if "event_object" in (parameters := catalog.resolved(name)["$parameters"])
}


LINES = catalog.members("deal_batch")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    with Inbox(url) as inbox:
        inbox.prepare()
        yield inbox


@pytest.mark.parametrize("stream", sorted(OBJECTS.keys() - {*LINES}))
def test_a_deleted_row_comes_once_in_its_stream_and_costs_no_request(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    kind, id_ = OBJECTS[stream], rows(stream, [8])[0]["id"]
    inbox.append([an_event("delete", entity=kind, entity_id=id_, at=DELETED)])
    api.answer(catalog.path(stream), page(stream, rows(stream, [7])), page(stream, []))

    first = read(stream, include_archived=False, webhook_inbox=url)
    again = read(
        stream, state={stream: first.state(stream)}, include_archived=False, webhook_inbox=url
    )

    (gone,) = [row for row in first.records(stream) if row["id"] == id_]
    assert len(first.records(stream)) == 2
    assert gone["is_deleted"] is True
    assert times.normalise(gone["update_time"]) == "2026-05-02T12:00:00Z"
    assert again.records(stream) == []
    assert first.status(stream) == again.status(stream) == "COMPLETE"


@pytest.mark.parametrize("stream", LINES)
def test_a_deleted_line_of_a_deal_comes_once_too(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    inbox.append([an_event("delete", entity=OBJECTS[stream], entity_id=8, at=DELETED)])
    api.serve("api/v2/deals", lambda _: page("deals", rows("deals", [1])))
    api.serve(catalog.path(stream), lambda _: page(stream, rows(stream, [7], deal_id=1)))

    first = read(stream, include_archived=False, webhook_inbox=url)
    again = read(
        stream, state={stream: first.state(stream)}, include_archived=False, webhook_inbox=url
    )

    (gone,) = [row for row in first.records(stream) if row["id"] == 8]
    assert gone["is_deleted"] is True
    assert gone["parent_update_time"] == "2026-05-02T12:00:00Z"
    assert {row["id"] for row in again.records(stream)} == {7}


def test_what_was_deleted_before_the_start_date_stays_away(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    inbox.append([an_event("delete", entity="person", entity_id=8, at=DELETED)])
    api.answer("api/v2/persons", page("persons", []))

    output = read("persons", "events", webhook_inbox=url, start_date="2026-05-03")

    assert output.records("persons") == output.records("events") == []
    assert output.status("persons") == output.status("events") == "COMPLETE"


def test_a_row_that_came_back_since_is_left_as_the_api_has_it(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    inbox.append(
        [
            an_event("delete", entity="person", entity_id=8, at=DELETED),
            an_event("change", entity="person", entity_id=8, at=LATER),
        ]
    )
    api.answer("api/v2/persons", page("persons", rows("persons", [8], update_time=LATER)))

    output = read("persons", webhook_inbox=url)

    assert [row.get("is_deleted") for row in output.records("persons")] == [None]


def test_a_return_that_no_event_told_of_is_newer_than_the_tombstone(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    inbox.append([an_event("delete", entity="person", entity_id=8, at=DELETED)])
    api.answer("api/v2/persons", page("persons", rows("persons", [8], update_time=LATER)))

    output = read("persons", webhook_inbox=url)

    newest = max(output.records("persons"), key=lambda row: times.sortable(row["update_time"]))
    assert newest.get("is_deleted") is None


def test_more_deletions_than_fit_a_page_all_come(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    gone = range(1, 1203)
    inbox.append([an_event("delete", entity="person", entity_id=id_) for id_ in gone])
    api.answer("api/v2/persons", page("persons", []))

    output = read("persons", webhook_inbox=url)

    assert [row["id"] for row in output.records("persons")] == list(gone)
    assert output.state("persons")["inbox"] == {"sequence": inbox.last_sequence()}


def test_the_history_goes_on_where_it_ended(read: Read, inbox: Inbox, url: str) -> None:
    inbox.append([an_event(entity_id=1), an_event(entity_id=2)])
    first = read("events", webhook_inbox=url)
    inbox.append([an_event(entity_id=3)])
    second = read("events", state={"events": first.state("events")}, webhook_inbox=url)
    third = read("events", state={"events": second.state("events")}, webhook_inbox=url)

    assert [row["object_id"] for row in first.records("events")] == ["1", "2"]
    assert [row["object_id"] for row in second.records("events")] == ["3"]
    assert third.records("events") == []


def test_an_inbox_that_stands_in_for_a_newer_one_is_read_from_its_beginning(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    """As one restored from a backup does: what was delivered since has smaller sequences."""
    inbox.append([an_event("delete", entity="person", entity_id=id_) for id_ in (1, 2)])
    api.answer("api/v2/persons", page("persons", []))
    first, last = (event["sequence"] for event in inbox.events(after=0))

    output = read(
        "persons",
        "events",
        state={
            "persons": {"inbox": {"sequence": last + 1}},
            "events": {"sequence": last + 1},
        },
        webhook_inbox=url,
    )

    assert [row["id"] for row in output.records("persons")] == [1, 2]
    assert [row["sequence"] for row in output.records("events")] == [first, last]
    assert output.state("persons")["inbox"] == {"sequence": last}


def test_a_writer_does_not_keep_the_reader_waiting(
    api: Api, read: Read, inbox: Inbox, url: str, file: Path
) -> None:
    inbox.append([an_event("delete", entity="person", entity_id=8)])
    api.answer("api/v2/persons", page("persons", []))

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        output = read("persons", "events", webhook_inbox=url)

    assert output.exit_code == 0
    assert [row["id"] for row in output.records("persons")] == [8]


@pytest.mark.parametrize("trouble", ["missing", "locked", "broken"])
def test_without_its_inbox_a_sync_fails_only_where_it_must(
    api: Api, read: Read, url: str, file: Path, trouble: str
) -> None:
    api.answer("api/v2/persons", page("persons", rows("persons", [7])))
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", [1])))
    if trouble != "missing":
        with Inbox(url) as inbox:
            inbox.prepare()
    if trouble == "broken":
        file.write_bytes(b"no database" * 1000)

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        if trouble == "locked":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
        output = read("persons", "pipelines", "events", webhook_inbox=url)

    assert output.status("pipelines") == "COMPLETE"
    assert output.status("persons") == output.status("events") == "INCOMPLETE"
    assert [row["id"] for row in output.records("persons")] == [7]
    messages = {error["message"] for error in output.errors[:-1]}
    (message,) = messages
    assert message.startswith("The inbox of webhooks cannot be read: The inbox does")
    assert ".." not in message
    assert {error["failure_type"] for error in output.errors[:-1]} == {"config_error"}
