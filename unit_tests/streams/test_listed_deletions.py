"""Deletions that the API lists and webhooks report: one row, with what each of them knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pipedrive.inbox.store import Inbox
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.inbox.deliveries import an_event
from unit_tests.pipedrive import Api, Row, error, page, rows

STREAMS = [name for name, spec in catalog.SPECS.items() if spec.lists_deletions]
DELETED = "2026-05-02T12:00:00Z"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/inbox.db"


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    with Inbox(url) as inbox:
        inbox.prepare()
        yield inbox


def report(inbox: Inbox, stream: str, id_: int, **meta: str) -> None:
    """Store the deletion of a row, with the poorer row that a webhook has."""
    kind = str(catalog.SPECS[stream].event_object)
    last = {"id": id_, "status": "open", "update_time": "2026-05-01T10:00:00Z"}
    inbox.append(
        [an_event("delete", entity=kind, entity_id=id_, at=DELETED, previous=last, **meta)]
    )


def deleted(stream: str, id_: int) -> list[Row]:
    """The row as the API lists it after its deletion."""
    return rows(stream, [id_], status="deleted", title="Pump", update_time=DELETED, arr=1200)


def test_both_streams_are_tested() -> None:
    assert STREAMS == ["deals", "projects"]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_row_that_the_api_lists_as_deleted_comes_once_and_whole(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    report(inbox, stream, 8, merged_to_id="12")
    report(inbox, stream, 9)
    api.answer(catalog.path(stream), page(stream, deleted(stream, 8) + rows(stream, [7])))

    output = read(stream, include_archived=False, webhook_inbox=url)

    emitted = {row["id"]: row for row in output.records(stream)}
    assert len(output.records(stream)) == len(emitted) == 3
    assert emitted[8]["arr"] == 1200
    assert {id_: row.get("status") for id_, row in emitted.items()} == {
        7: emitted[7].get("status"),
        8: "deleted",
        # purged, or not visible: nobody else knows it
        9: "deleted",
    }
    assert [emitted[id_].get("is_deleted") for id_ in (7, 8, 9)] == [None, True, True]
    assert [emitted[id_].get("merged_into_id") for id_ in (7, 8, 9)] == [None, 12, None]
    assert output.state(stream)["inbox"] == {"sequence": inbox.last_sequence()}


@pytest.mark.parametrize("stream", STREAMS)
def test_an_event_that_arrives_after_the_api_listed_its_row_adds_what_it_knows(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    # the lookback window lists the row again
    api.serve(catalog.path(stream), lambda _: page(stream, deleted(stream, 8)))
    first = read(stream, include_archived=False, webhook_inbox=url)
    report(inbox, stream, 8, merged_to_id="12")

    second = read(
        stream, state={stream: first.state(stream)}, include_archived=False, webhook_inbox=url
    )

    (before,), (after,) = first.records(stream), second.records(stream)
    assert after == {**before, "merged_into_id": 12}
    assert after["arr"] == 1200


@pytest.mark.parametrize("stream", STREAMS)
def test_a_list_that_fails_leaves_the_tombstones_to_the_next_sync(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    report(inbox, stream, 9)
    api.serve(catalog.path(stream), lambda _: error(400, "Bad request"))

    output = read(stream, include_archived=False, webhook_inbox=url)

    assert output.status(stream) == "INCOMPLETE"
    assert output.records(stream) == []
    assert [state for state in output.states(stream) if "inbox" in state] == []


@pytest.mark.parametrize("stream", STREAMS)
def test_an_unreadable_inbox_takes_no_row_of_the_api(
    api: Api, read: Read, url: str, stream: str
) -> None:
    api.answer(catalog.path(stream), page(stream, deleted(stream, 8)))

    output = read(stream, include_archived=False, webhook_inbox=url)

    assert output.status(stream) == "INCOMPLETE"
    assert [row["id"] for row in output.records(stream)] == [8]
    assert "The webhook inbox cannot be read" in output.errors[0]["message"]
