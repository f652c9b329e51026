"""Deletions of pipelines, stages, boards, and phases, whose lists every sync reads in full."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pipedrive.inbox.store import Inbox
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.inbox.deliveries import an_event
from unit_tests.pipedrive import Api, page, rows

OBJECTS = {name: spec.deleted_object for name, spec in catalog.SPECS.items() if spec.deleted_object}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/inbox.db"


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    with Inbox(url) as inbox:
        inbox.prepare()
        yield inbox


def serve(api: Api, stream: str) -> None:
    """Serve one row of a stream, and the parent of a phase."""
    if stream == "project_phases":
        api.serve("api/v2/boards", lambda _: page("project_boards", rows("project_boards", [1])))
    api.serve(catalog.path(stream), lambda _: page(stream, rows(stream, [7])))


def test_they_are_the_lists_that_webhooks_report_deletions_of() -> None:
    assert OBJECTS == {
        "pipelines": "pipeline",
        "stages": "stage",
        "project_boards": "board",
        "project_phases": "phase",
    }


@pytest.mark.parametrize("stream", OBJECTS)
def test_a_deleted_row_comes_with_every_read_as_long_as_the_inbox_has_it(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    serve(api, stream)
    last = {"id": 8, "name": "Offer"}
    inbox.append(
        [
            an_event("delete", entity=OBJECTS[stream], entity_id=8, previous=last),
            an_event("delete", entity=OBJECTS[stream], entity_id=9, previous={"id": 9}),
            # it came back
            an_event("create", entity=OBJECTS[stream], entity_id=9, at="2026-05-01T11:00:00Z"),
        ]
    )

    outputs = [read(stream, webhook_inbox=url) for _ in range(2)]

    for output in outputs:
        live, deleted = sorted(output.records(stream), key=lambda row: int(row["id"]))
        assert (live["id"], bool(live.get("is_deleted"))) == (7, False)
        assert (deleted["id"], deleted["name"], deleted["is_deleted"]) == (8, "Offer", True)
        assert output.status(stream) == "COMPLETE"


@pytest.mark.parametrize("stream", sorted(OBJECTS.keys() - {"project_phases"}))
def test_a_row_that_the_api_lists_has_no_tombstone(
    api: Api, read: Read, inbox: Inbox, url: str, stream: str
) -> None:
    serve(api, stream)
    inbox.append([an_event("delete", entity=OBJECTS[stream], entity_id=7)])

    output = read(stream, webhook_inbox=url)

    assert [row.get("is_deleted") for row in output.records(stream)] == [None]


@pytest.mark.parametrize("stream", OBJECTS)
def test_an_inbox_that_cannot_be_read_costs_the_tombstones_only(
    api: Api, read: Read, url: str, stream: str
) -> None:
    serve(api, stream)

    output = read(stream, webhook_inbox=url)

    assert output.exit_code == 0
    assert [row["id"] for row in output.records(stream)] == [7]
    (warning,) = [line for line in output.logs("WARN") if "webhook inbox" in line]
    assert f"Stream {stream} comes without deleted rows." in warning


@pytest.mark.parametrize("stream", OBJECTS)
def test_without_an_inbox_nothing_changes(api: Api, read: Read, stream: str) -> None:
    serve(api, stream)

    output = read(stream)

    assert [row["id"] for row in output.records(stream)] == [7]
