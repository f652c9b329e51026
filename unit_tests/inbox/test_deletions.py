"""Deletions from webhooks: the tombstones, and how `read` emits them in their streams."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from source_pipedrive import timestamps
from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.store import Inbox
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.custom_fields.sample_fields import FIELD_CODE, a_field
from unit_tests.inbox.deliveries import an_event
from unit_tests.pipedrive import Api, page, rows, v2_page

DELETED = "2026-05-02T12:00:00.250Z"
LATER = "2026-05-02T12:00:01.000Z"

# for each stream whose deletions webhooks report, the kind of object
OBJECTS = {name: spec.event_object for name, spec in catalog.SPECS.items() if spec.event_object}
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


def test_a_tombstone_is_the_last_known_row_marked_as_deleted(inbox: Inbox, url: str) -> None:
    inbox.append(
        [
            an_event("create", entity_id=8),
            an_event(
                "delete",
                entity_id=8,
                at=DELETED,
                previous={"id": 8, "title": "Pump", "visible_to": "3"},
            ),
            an_event("delete", entity="person", entity_id=8),
        ]
    )
    deletions = Deletions(url, "deal")

    ((sequence, row),) = deletions.rows_after(0)

    assert row == {
        "id": 8,
        "title": "Pump",
        "visible_to": 3,
        "is_deleted": True,
        "update_time": "2026-05-02T12:00:00Z",
        "merged_into_id": None,
    }
    assert list(deletions.rows_after(sequence)) == []


def test_a_merge_makes_a_tombstone_that_names_the_winner(inbox: Inbox, url: str) -> None:
    inbox.append(
        [
            an_event("change", entity_id=12, merged_from_id="8"),
            an_event("delete", entity_id=8, merged_to_id="12"),
        ]
    )

    ((_, row),) = Deletions(url, "deal").rows_after(0)

    assert (row["id"], row["merged_into_id"]) == (8, 12)


def test_reading_resumes_from_the_beginning_in_an_inbox_that_never_got_so_far(
    inbox: Inbox, url: str
) -> None:
    inbox.append([an_event()])
    last = inbox.last_sequence()
    deletions = Deletions(url, "deal")

    assert (deletions.resume(last), deletions.resume(last + 1)) == (last, 0)


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
    assert timestamps.normalize(gone["update_time"]) == "2026-05-02T12:00:00Z"
    assert again.records(stream) == []
    assert first.status(stream) == again.status(stream) == "COMPLETE"


@pytest.mark.parametrize("stream", LINES)
def test_a_deleted_line_item_of_a_deal_is_emitted_once(
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


def test_a_time_zone_has_the_same_form_in_records_tombstones_and_events(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    reported = {FIELD_CODE: {"type": "time", "value": "08:45:00", "timezone_id": 310}}
    inbox.append([an_event("delete", entity_id=8, previous={"id": 8, "custom_fields": reported})])
    zone = {"value": "08:45:00", "timezone_id": 310, "timezone_name": "Europe/Tallinn"}
    api.answer("api/v2/deals", page("deals", rows("deals", [7], custom_fields={FIELD_CODE: zone})))
    api.answer("api/v2/dealFields", v2_page([a_field("Call", "time")]))

    found = read(
        "deals", "events", include_archived=False, webhook_inbox=url, custom_fields="columns"
    )

    assert [
        (row["custom_call_timezone_id"], row.get("custom_call_timezone"))
        for row in found.records("deals")
    ] == [(310, "Europe/Tallinn"), (310, None)]
    (event,) = found.records("events")
    assert event["changes"][FIELD_CODE]["old"] == {"value": "08:45:00", "timezone_id": 310}


def test_deletions_from_before_the_start_date_are_left_out(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    inbox.append([an_event("delete", entity="person", entity_id=8, at=DELETED)])
    api.answer("api/v2/persons", page("persons", []))

    output = read("persons", "events", webhook_inbox=url, start_date="2026-05-03")

    assert output.records("persons") == output.records("events") == []
    assert output.status("persons") == output.status("events") == "COMPLETE"


def test_a_row_that_came_back_has_no_tombstone(
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


def test_a_row_that_came_back_without_an_event_is_newer_than_its_tombstone(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    inbox.append([an_event("delete", entity="person", entity_id=8, at=DELETED)])
    api.answer("api/v2/persons", page("persons", rows("persons", [8], update_time=LATER)))

    output = read("persons", webhook_inbox=url)

    newest = max(output.records("persons"), key=lambda row: timestamps.sortable(row["update_time"]))
    assert newest.get("is_deleted") is None


def test_more_deletions_than_fit_on_a_page_are_all_emitted(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    gone = range(1, 1203)
    inbox.append([an_event("delete", entity="person", entity_id=id_) for id_ in gone])
    api.answer("api/v2/persons", page("persons", []))

    output = read("persons", webhook_inbox=url)

    assert [row["id"] for row in output.records("persons")] == list(gone)
    assert output.state("persons")["inbox"] == {"sequence": inbox.last_sequence()}


def test_an_inbox_that_never_got_so_far_is_read_from_its_beginning(
    api: Api, read: Read, inbox: Inbox, url: str
) -> None:
    """In one restored from a backup, for example, later deliveries get smaller sequences."""
    inbox.append([an_event("delete", entity="person", entity_id=id_) for id_ in (1, 2)])
    api.answer("api/v2/persons", page("persons", []))
    first, last = (event.sequence for event in inbox.events(after=0))

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


def test_a_writer_does_not_block_the_connector(
    api: Api, read: Read, inbox: Inbox, url: str, file: Path
) -> None:
    inbox.append([an_event("delete", entity="person", entity_id=8)])
    api.answer("api/v2/persons", page("persons", []))

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        output = read("persons", "events", webhook_inbox=url)

    assert output.exit_code == 0
    assert [row["id"] for row in output.records("persons")] == [8]


@pytest.mark.usefixtures("_short_lock_wait")
@pytest.mark.parametrize("problem", ["missing", "locked", "broken"])
def test_an_unreadable_inbox_fails_only_the_streams_that_need_it(
    api: Api, read: Read, url: str, file: Path, problem: str
) -> None:
    api.answer("api/v2/persons", page("persons", rows("persons", [7])))
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", [1])))
    if problem != "missing":
        with Inbox(url) as inbox:
            inbox.prepare()
    if problem == "broken":
        file.write_bytes(b"no database" * 1000)

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        if problem == "locked":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
        output = read("persons", "pipelines", "events", webhook_inbox=url)

    assert output.status("pipelines") == "COMPLETE"
    assert output.status("persons") == output.status("events") == "INCOMPLETE"
    assert [row["id"] for row in output.records("persons")] == [7]
    messages = {error["message"] for error in output.errors[:-1]}
    (message,) = messages
    assert message.startswith("The webhook inbox cannot be read: The inbox does")
    assert ".." not in message
    assert {error["failure_type"] for error in output.errors[:-1]} == {"config_error"}
