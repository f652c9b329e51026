"""The states of streams: what they save, and what they do with states that are wrong."""

import pytest

from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, Row, error, page, rows, v1_page
from unit_tests.streams.incremental import (
    BOOKMARK,
    FILTERED,
    SORTED,
    STREAMS,
    UNFILTERED,
    cursor_of,
    found,
    states,
    timed,
)


def test_the_state_is_the_newest_change_among_the_rows(api: Api, read: Read) -> None:
    for stream in STREAMS:
        given = timed(stream, BOOKMARK, "2024-05-01T09:00:00Z")
        api.answer(catalog.path(stream), page(stream, given))

    output = read(*STREAMS, include_archived=False)

    assert {stream: output.state(stream) for stream in STREAMS} == states(STREAMS)


def test_the_state_never_passes_the_start_of_the_read_on_the_servers_clock(
    api: Api, read: Read
) -> None:
    for stream in STREAMS:
        edited_meanwhile = timed(stream, "2024-05-01T10:00:07Z")
        answer = page(stream, edited_meanwhile)
        api.answer(catalog.path(stream), answer.with_headers(date="Wed, 01 May 2024 10:00:00 GMT"))

    output = read(*STREAMS, include_archived=False)

    assert {stream: output.state(stream) for stream in STREAMS} == states(STREAMS)


def test_the_state_stays_when_nothing_changed(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, []))

    output = read(*STREAMS, state=states(STREAMS), include_archived=False)

    assert {stream: output.state(stream) for stream in STREAMS} == states(STREAMS)


def test_the_state_does_not_go_back_when_only_the_lookback_window_has_rows(
    api: Api, read: Read
) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, timed(stream, "2024-05-01T09:57:00Z")))

    output = read(*STREAMS, state=states(STREAMS), include_archived=False)

    assert found(output, STREAMS) == {stream: rows(stream, [1]) for stream in STREAMS}
    assert {stream: output.state(stream) for stream in STREAMS} == states(STREAMS)


def test_a_stream_that_fails_midway_keeps_its_saved_state(api: Api, read: Read) -> None:
    for stream in STREAMS:
        newer = timed(stream, "2024-05-01T11:00:00Z")
        api.answer(catalog.path(stream), page(stream, newer, more=True), error(400, "Bad cursor"))

    output = read(*STREAMS, state=states(STREAMS), include_archived=False)

    assert {stream: output.state(stream) for stream in STREAMS} == states(STREAMS)
    assert {output.status(stream) for stream in STREAMS} == {"INCOMPLETE"}
    assert output.exit_code == 1


def test_a_first_sync_that_fails_midway_saves_no_bookmark(api: Api, read: Read) -> None:
    for stream in STREAMS:
        answer = page(stream, timed(stream, BOOKMARK), more=True)
        api.answer(catalog.path(stream), answer, error(400, "Bad cursor"))

    output = read(*STREAMS, include_archived=False)

    assert all(
        cursor_of(stream) not in state for stream in STREAMS for state in output.states(stream)
    )


def test_a_time_that_is_none_loses_no_row_and_is_a_warning(api: Api, read: Read) -> None:
    for stream in STREAMS:
        odd = rows(stream, [2], **{cursor_of(stream): "yesterday at noon"})
        api.answer(catalog.path(stream), page(stream, timed(stream, BOOKMARK) + odd))

    output = read(*STREAMS, include_archived=False)

    assert found(output, STREAMS) == {stream: rows(stream, [1, 2]) for stream in STREAMS}
    for stream in STREAMS:
        (warning,) = (text for text in output.logs("WARN") if f"Stream {stream}:" in text)
        assert f"`{cursor_of(stream)}` cannot hold a value" in warning
        assert "yesterday at noon" not in output.text
        assert output.status(stream) == "COMPLETE"


def test_a_parent_with_an_odd_time_keeps_its_children(api: Api, read: Read) -> None:
    api.answer("v1/notes", v1_page(rows("notes", [1], update_time="yesterday at noon")))
    api.answer("v1/notes/1/comments", v1_page([{"uuid": "uuid-1"}]))

    output = read("notes", "note_comments")

    assert [row["uuid"] for row in output.records("note_comments")] == ["uuid-1"]


@pytest.mark.parametrize(
    "saved",
    [
        pytest.param({"update_time": "yesterday"}, id="no time"),
        pytest.param({"update_time": None}, id="null"),
        pytest.param({"update_time": 1714557600}, id="a number"),
        pytest.param({"updated_at": "2024-05-01T10:00:00Z"}, id="another connector's"),
        pytest.param({"archived": "2024-05-01T10:00:00Z"}, id="no object"),
    ],
)
def test_an_unreadable_state_is_an_error_that_shows_a_correct_one(
    saved: Row, api: Api, read: Read
) -> None:
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", [1])))

    output = read("deals", "pipelines", state={"deals": saved, "persons": saved})

    assert output.records("pipelines") == rows("pipelines", [1])
    assert output.states("deals") == []
    assert len({error["message"] for error in output.errors[:-1]}) == 1
    sentence = output.errors[0]["message"]
    assert "saved state of stream deals" in sentence
    assert '{"update_time": "2024-05-01T00:00:00Z"}' in sentence
    assert output.errors[0]["failure_type"] == "config_error"
    assert output.exit_code == 1


def test_a_list_that_held_rows_and_is_empty_now_is_a_warning(api: Api, read: Read) -> None:
    streams = UNFILTERED + SORTED
    for stream in streams:
        api.answer(catalog.path(stream), page(stream, []))

    output = read(*streams, state=states(streams), include_archived=False)

    assert found(output, streams) == {stream: [] for stream in streams}
    assert output.exit_code == 0
    for stream in streams:
        (warning,) = (one for one in output.logs("WARN") if f"Stream {stream} " in one)
        assert "has no rows, but earlier syncs had some" in warning
        assert BOOKMARK in warning


def test_a_sync_without_new_rows_is_no_warning(api: Api, read: Read) -> None:
    for stream in STREAMS:
        # where the server filters, it returns no old rows
        old = [] if stream in FILTERED else timed(stream, "2024-01-01T00:00:00Z")
        api.answer(catalog.path(stream), page(stream, old))

    output = read(*STREAMS, state=states(STREAMS), include_archived=False)

    assert found(output, STREAMS) == {stream: [] for stream in STREAMS}
    assert output.logs("WARN") == []


def test_one_of_two_lists_may_become_empty(api: Api, read: Read) -> None:
    api.answer("api/v2/projects", page("projects", timed("projects", "2024-01-01T00:00:00Z")))
    api.answer("api/v2/projects/archived", page("projects", []))
    state = {"update_time": BOOKMARK, "archived": {"update_time": BOOKMARK}}

    output = read("projects", state={"projects": state})

    # all archived projects may have been restored
    assert output.logs("WARN") == []


def test_a_state_that_lies_in_the_future_is_an_error(api: Api, read: Read) -> None:
    answer = page("persons", []).with_headers(date="Wed, 01 May 2024 10:00:00 GMT")
    api.answer("api/v2/persons", answer)

    output = read("persons", state={"persons": {"update_time": "2025-05-01T10:00:00Z"}})

    # it would hide every change until then
    assert "saved state of stream persons" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"
    assert output.status("persons") == "INCOMPLETE"
