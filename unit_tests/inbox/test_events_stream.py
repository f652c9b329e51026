"""The stream `events`."""

from source_pipedrive.inbox.events_stream import event_rows
from source_pipedrive.inbox.store import Inbox
from unit_tests.conftest import Read
from unit_tests.inbox.deliveries import an_event


def test_a_row_says_who_changed_what_and_when(inbox: Inbox, inbox_url: str) -> None:
    inbox.append(
        [
            an_event(
                id="1f6c",
                entity_id=8,
                at="2026-05-01T10:00:00.250Z",
                data={"id": 8, "title": "Pump"},
                previous={"title": "Valve"},
                user_id="23",
                change_source="api",
                correlation_id="0d6f",
                is_bulk_edit=True,
                merged_from_id="9",
            )
        ]
    )

    (row,) = map(dict, event_rows(inbox_url, after=0, start=None))

    assert row.pop("received_at") > "2026"
    assert row == {
        "sequence": inbox.last_sequence(),
        "id": "1f6c",
        "object": "deal",
        "object_id": "8",
        "action": "change",
        "changed_at": "2026-05-01T10:00:00.250Z",
        "user_id": 23,
        "change_source": "api",
        "changes": {"title": {"old": "Valve", "new": "Pump"}},
        "correlation_id": "0d6f",
        "is_bulk_edit": True,
        "merged_into_id": None,
        "merged_from_id": "9",
    }


def test_changes_from_before_the_start_date_are_left_out(inbox: Inbox, inbox_url: str) -> None:
    inbox.append(
        [
            an_event(entity_id=1, at="2026-05-01T09:59:59.999Z"),
            an_event(entity_id=2, at="2026-05-01T10:00:00.000Z"),
        ]
    )

    rows = event_rows(inbox_url, after=0, start="2026-05-01T10:00:00Z")

    assert [row["object_id"] for row in rows] == ["2"]


def test_rows_continue_after_a_sequence_that_the_inbox_reached(
    inbox: Inbox, inbox_url: str
) -> None:
    inbox.append([an_event(entity_id=1)])
    last = inbox.last_sequence()
    inbox.append([an_event(entity_id=2)])

    def ids(after: int) -> list[str]:
        return [row["object_id"] for row in event_rows(inbox_url, after, start=None)]

    assert ids(after=last) == ["2"]
    assert ids(after=inbox.last_sequence()) == []
    assert ids(after=inbox.last_sequence() + 1) == ["1", "2"]


def test_the_stream_continues_where_the_previous_sync_ended(
    read: Read, inbox: Inbox, inbox_url: str
) -> None:
    inbox.append([an_event(entity_id=1), an_event(entity_id=2)])
    first = read("events", webhook_inbox=inbox_url)
    inbox.append([an_event(entity_id=3)])
    second = read("events", state={"events": first.state("events")}, webhook_inbox=inbox_url)
    third = read("events", state={"events": second.state("events")}, webhook_inbox=inbox_url)

    assert [row["object_id"] for row in first.records("events")] == ["1", "2"]
    assert [row["object_id"] for row in second.records("events")] == ["3"]
    assert third.records("events") == []
