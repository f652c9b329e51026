"""Whatever the receiver accepted can be read, or is set aside, and the reading goes on."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.deletions import tombstone_of
from source_pipedrive.inbox.event import Event, UnreadableEventError, read_event
from source_pipedrive.inbox.events_stream import event_row
from source_pipedrive.inbox.inspection import problem_with, unreadable_events
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.streams.schema import conformer
from source_pipedrive.webhooks.expected_rows import ExpectedRows
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.inbox.deliveries import a_delivery, an_event
from unit_tests.inbox.odd_bodies import DIGITS, KEY, odd_bodies
from unit_tests.pipedrive import Api, page
from unit_tests.schemas.reading import schema_of

LATE = "9999-12-31T23:59:59-05:00"
EARLY = "0001-01-01T00:00:00+05:00"

ODD: Mapping[str, dict[str, Any]] = {
    "custom fields that are a text": {"previous": {"id": 8, "custom_fields": "none"}},
    "custom fields that are a list": {"previous": {"id": 8, "custom_fields": [1]}},
    "a type that is a list": {"previous": {"custom_fields": {KEY: {"type": [1], "value": 5}}}},
    "options that are no objects": {
        "previous": {"custom_fields": {KEY: {"type": "set", "values": ["red"]}}}
    },
    "a time in the year 9999": {"at": LATE},
    "a time in the year 1": {"at": EARLY},
    "a row's own time in the year 9999": {"previous": {"id": 8, "update_time": LATE}},
    "a row's own time that is a list": {"previous": {"id": 8, "update_time": ["now"]}},
    "an integer beyond 64 bits": {"previous": {"id": 2**70, "owner_id": 2**70}},
    "a text of 400 digits": {"previous": {"id": 8, "owner_id": DIGITS}, "user_id": DIGITS},
}


def accepted(body: bytes) -> Event | None:
    try:
        return read_event(body)
    except UnreadableEventError:
        return None


@cache
def validator(stream: str) -> Draft7Validator:
    return Draft7Validator(schema_of(stream))


def rows_of(event: Event) -> list[tuple[str, dict[str, Any]]]:
    """The rows that an event makes, each with its stream, as they are emitted."""
    stored = event.stored()
    rows = [("events", dict(event_row(stored)))]
    if event.action == "delete" and event.object in payloads.STREAMS:
        rows.append((payloads.STREAMS[event.object], dict(tombstone_of(stored))))
    return [
        (stream, json.loads(orjson.dumps(row)))
        for stream, unconformed in rows
        for row in conformer(stream, catalog.SPECS[stream].schema_file).rows([unconformed])
    ]


@given(odd_bodies())
def test_any_json_in_any_place_is_rejected_or_read_or_set_aside(body: bytes) -> None:
    event = accepted(body)
    if event is None:
        return
    if problem := problem_with(event.stored()):
        assert problem.endswith("can have its id")
        return

    ExpectedRows().add(event.stored())
    for stream, row in rows_of(event):
        assert [error.message for error in validator(stream).iter_errors(row)] == []
        assert all(row[column] is not None for column in catalog.SPECS[stream].primary_key)


@pytest.mark.parametrize("case", ODD)
def test_an_odd_event_stops_neither_its_stream_nor_the_events(
    api: Api, read: Read, inbox: Inbox, inbox_url: str, case: str
) -> None:
    inbox.append(
        [
            an_event("delete", entity="person", entity_id=7),
            an_event("delete", entity="person", entity_id=8, **ODD[case]),
            an_event("delete", entity="person", entity_id=9),
        ]
    )
    api.answer("api/v2/persons", page("persons", []))

    output = read("persons", "events", webhook_inbox=inbox_url)

    assert output.exit_code == 0
    assert [row["id"] for row in output.records("persons")] == [7, 8, 9]
    assert [row["object_id"] for row in output.records("events")] == ["7", "8", "9"]
    assert list(unreadable_events(inbox)) == []


def test_an_event_that_makes_no_row_is_set_aside_and_reported_once(
    api: Api, read: Read, inbox: Inbox, inbox_url: str
) -> None:
    inbox.append(
        [
            an_event("delete", entity="person", entity_id=7),
            an_event("delete", entity="person", entity_id="the last one"),
        ]
    )
    api.serve("api/v2/persons", lambda _: page("persons", []))

    first = read("persons", "events", webhook_inbox=inbox_url)
    state = {stream: first.state(stream) for stream in ("persons", "events")}
    again = read("persons", "events", webhook_inbox=inbox_url, state=state)

    assert [row["id"] for row in first.records("persons")] == [7]
    assert [row["object_id"] for row in first.records("events")] == ["7", "the last one"]
    (warning,) = [line for line in first.logs("WARN") if "cannot be read" in line]
    assert warning == (
        "Stream persons: the webhook inbox has new events that cannot be read (1). They were left "
        "out, and stay in the inbox. Run `source-pipedrive webhooks inbox` to list them."
    )
    assert again.records("persons") == again.records("events") == []
    assert [line for line in again.logs("WARN") if "cannot be read" in line] == []


def test_an_event_that_was_damaged_in_the_inbox_is_set_aside(read: Read, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/inbox.db"
    with Inbox(url) as inbox:
        inbox.prepare()
        inbox.append([an_event(id="6ab1"), an_event(entity_id=9)])
        with closing(sqlite3.connect(tmp_path / "inbox.db")) as other, other:
            other.execute("UPDATE inbox_events SET payload = '{' WHERE event_id = '6ab1'")
        ((event, problem),) = unreadable_events(inbox)

    output = read("events", webhook_inbox=url)

    assert output.exit_code == 0
    assert [row["object_id"] for row in output.records("events")] == ["9"]
    assert (event.id, problem) == ("6ab1", "its content has an unexpected form (KeyError)")


@pytest.mark.parametrize("levels", [300, 1010, 1100, 5000])
def test_a_body_that_is_nested_too_deeply_is_rejected(levels: int) -> None:
    delivery = json.dumps(a_delivery(data={"id": 8, "title": "deep", "nul": "\x00"}))
    body = delivery.replace('"deep"', "[" * levels + "]" * levels).encode()

    with pytest.raises(UnreadableEventError, match="nested too deeply"):
        read_event(body)
