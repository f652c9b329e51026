"""Every list of API v2 is read to its last page."""

import pytest

from integration_tests.platform import Output
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import (
    Answer,
    Api,
    Request,
    Row,
    envelope,
    error,
    keys,
    rows,
    v2_page,
)

STREAMS = catalog.members("v2_windowed", "v2_incremental", "v2_whole", "v2_list", "fields")


def found(output: Output) -> dict[str, list[Row]]:
    assert output.errors == []
    return {stream: keys(stream, output.records(stream)) for stream in STREAMS}


def test_follows_the_cursor_to_the_last_page(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(
            catalog.path(stream),
            v2_page(rows(stream, [1, 2]), next_cursor="eyJpZCI6Mn0"),
            v2_page(rows(stream, [3]), next_cursor="eyJpZCI6M30"),
            v2_page(rows(stream, [4])),
        )

    output = read(*STREAMS, include_archived=False)

    assert found(output) == {stream: rows(stream, [1, 2, 3, 4]) for stream in STREAMS}
    for stream in STREAMS:
        asked = api.asked(catalog.path(stream))
        assert [query.get("cursor") for query in asked] == [None, "eyJpZCI6Mn0", "eyJpZCI6M30"]


def test_requests_each_page_with_500_rows_and_the_same_columns(api: Api, read: Read) -> None:
    for stream in STREAMS:
        first, last = v2_page(rows(stream, [1]), next_cursor="next"), v2_page(rows(stream, [2]))
        api.answer(catalog.path(stream), first, last)

    read(*STREAMS, include_archived=False)

    for stream in STREAMS:
        one, two = api.asked(catalog.path(stream))
        assert one["limit"] == "500"
        assert two == {**one, "cursor": "next"}


def test_reads_on_after_an_empty_page_with_a_next_cursor(api: Api, read: Read) -> None:
    for stream in STREAMS:
        empty, full = v2_page([], next_cursor="next"), v2_page(rows(stream, [1]))
        api.answer(catalog.path(stream), empty, full)

    output = read(*STREAMS, include_archived=False)

    assert found(output) == {stream: rows(stream, [1]) for stream in STREAMS}


def test_cursors_that_lead_in_a_circle_are_an_error(api: Api, read: Read) -> None:
    following = {None: "a", "a": "b", "b": "a"}

    def circle(request: Request) -> Answer:
        cursor = request.query.get("cursor")
        return v2_page(rows("stages", [len(cursor or "")]), next_cursor=following[cursor])

    api.serve("api/v2/stages", circle)

    output = read("stages")

    assert "leads back to an earlier page" in output.errors[0]["message"]
    assert len(api.requests) == len(following)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param({}, id="no additional_data"),
        pytest.param({"additional_data": None}, id="additional_data null"),
        pytest.param({"additional_data": {}}, id="no next_cursor"),
        pytest.param({"additional_data": {"next_cursor": None}}, id="next_cursor null"),
    ],
)
def test_ends_at_a_page_without_a_next_cursor(rest: Row, api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), envelope(rows(stream, [1]), **rest))

    output = read(*STREAMS, include_archived=False)

    assert found(output) == {stream: rows(stream, [1]) for stream in STREAMS}
    assert output.exit_code == 0


@pytest.mark.parametrize(
    "answer",
    [pytest.param(envelope([]), id="empty"), pytest.param(envelope(None), id="null")],
)
def test_an_empty_list_is_no_rows_and_no_error(answer: Answer, api: Api, read: Read) -> None:
    streams = [one for one in STREAMS if not catalog.SPECS[one].never_empty]
    for stream in streams:
        api.answer(catalog.path(stream), answer)

    output = read(*streams, include_archived=False)

    assert {stream: output.records(stream) for stream in streams} == {
        stream: [] for stream in streams
    }
    assert {output.status(stream) for stream in streams} == {"COMPLETE"}
    assert output.exit_code == 0


@pytest.mark.parametrize("status", [402, 403, 404])
def test_an_error_in_the_middle_of_a_list_is_no_missing_feature(
    api: Api, read: Read, status: int
) -> None:
    first = v2_page(rows("projects", [1, 2]), next_cursor="next")
    api.answer("api/v2/projects", first, error(status, "Not in this plan."))

    output = read("projects", include_archived=False, custom_fields="raw")

    assert output.status("projects") == "INCOMPLETE"
    assert (
        "Stream projects failed: Pipedrive returned the first rows" in output.errors[0]["message"]
    )
    assert not any("update_time" in state for state in output.states("projects"))
