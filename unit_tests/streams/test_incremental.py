"""Streams with a state: what they request, and which rows they emit."""

import pytest

from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.fake_list import FakeList, V1List, V2List
from unit_tests.pipedrive import Api, keys, page, rows, spell, v1_page
from unit_tests.streams.incremental import (
    BOOKMARK,
    FILTERED,
    SORTED,
    START,
    STREAMS,
    UNFILTERED,
    cursor_of,
    found,
    states,
    timed,
)


def test_the_first_sync_sends_no_time_filter(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, []))

    read(*STREAMS, include_archived=False)

    # not established whether the filter keeps rows whose update_time is null: docs/behavior.md
    assert len(api.requests) == len(STREAMS)
    assert not any(
        request.query.keys() & {"updated_since", "updated_until"} for request in api.requests
    )


def test_the_start_date_is_sent_as_written(api: Api, read: Read) -> None:
    for stream in FILTERED:
        api.answer(catalog.path(stream), page(stream, []))

    read(*FILTERED, include_archived=False, start_date=START)

    assert {request.query["updated_since"] for request in api.requests} == {START}


def test_resumes_five_minutes_before_the_bookmark(api: Api, read: Read) -> None:
    for stream in FILTERED:
        api.answer(catalog.path(stream), page(stream, []))

    read(*FILTERED, state=states(FILTERED), include_archived=False)

    # Pipedrive sets update_time a moment after a row was created: docs/behavior.md
    assert {request.query["updated_since"] for request in api.requests} == {"2024-05-01T09:55:00Z"}


@pytest.mark.parametrize("bookmark", ["2024-04-30T12:00:00Z", "2024-05-01T00:03:00Z"])
def test_never_asks_for_rows_before_the_start_date(bookmark: str, api: Api, read: Read) -> None:
    for stream in FILTERED:
        api.answer(catalog.path(stream), page(stream, []))

    read(*FILTERED, state=states(FILTERED, bookmark), include_archived=False, start_date=START)

    assert {request.query["updated_since"] for request in api.requests} == {START}


@pytest.mark.parametrize(
    "saved",
    [
        "2024-05-01 10:00:00",
        "2024-05-01T10:00:00.000Z",
        "2024-05-01T10:00:00+00:00",
        "2024-05-01T12:00:00+02:00",
    ],
)
def test_resumes_from_any_form_of_the_same_moment(saved: str, api: Api, read: Read) -> None:
    api.serve("api/v2/persons", lambda _: page("persons", []))

    read("persons", state={"persons": {"update_time": saved}})

    asked = api.asked("api/v2/persons")
    assert [query["updated_since"] for query in asked if "updated_since" in query] == [
        "2024-05-01T09:55:00Z"
    ]


def test_a_list_without_a_time_filter_gets_no_filter_parameter(api: Api, read: Read) -> None:
    streams = UNFILTERED + SORTED
    for stream in streams:
        api.answer(catalog.path(stream), page(stream, []))

    read(*streams, state=states(streams), include_archived=False, start_date=START)

    # an unknown parameter is answered with 400
    assert len(api.requests) == len(streams)
    assert not any("updated_since" in request.query for request in api.requests)


def test_documents_older_than_the_start_date_are_skipped_to_the_second(
    api: Api, read: Read
) -> None:
    times = ["2024-05-01T00:00:01Z", "2024-05-01T00:00:00Z", "2024-04-30T23:59:59Z"]
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, timed(stream, *times)))

    output = read(*STREAMS, include_archived=False, start_date=START)

    assert found(output, STREAMS) == {stream: rows(stream, [1, 2]) for stream in STREAMS}


def test_lists_without_a_time_filter_resume_five_minutes_before_the_bookmark_to_the_second(
    api: Api, read: Read
) -> None:
    # call logs cannot be edited, but are written when a call of yesterday ends today
    streams = [stream for stream in UNFILTERED + SORTED if stream != "call_logs"]
    times = ["2024-05-01T09:55:01Z", "2024-05-01T09:55:00Z", "2024-05-01T09:54:59Z"]
    for stream in streams:
        api.answer(catalog.path(stream), page(stream, timed(stream, *times)))

    output = read(*streams, state=states(streams), include_archived=False)

    assert found(output, streams) == {stream: rows(stream, [1, 2]) for stream in streams}


def test_newest_first_stops_at_the_first_row_older_than_the_bookmark(api: Api, read: Read) -> None:
    for stream in SORTED:
        new_and_old = timed(stream, "2024-05-01T11:00:00Z", "2024-04-01T00:00:00Z")
        api.answer(catalog.path(stream), page(stream, new_and_old, more=True))

    output = read(*SORTED, state=states(SORTED))

    assert found(output, SORTED) == {stream: rows(stream, [1]) for stream in SORTED}
    assert {request.query["sort"] for request in api.requests} == {"update_time DESC"}


def test_a_row_that_never_changed_does_not_end_a_read_newest_first(api: Api, read: Read) -> None:
    # where null comes in the order is not documented
    never = rows("files", [1], update_time=None, add_time="2020-01-01 00:00:00")
    first = [*never, *rows("files", [2], update_time="2024-05-01 12:00:00")]
    second = rows("files", [2, 3], update_time="2024-05-01 11:00:00")
    api.answer("v1/files", v1_page(first, more=True), v1_page(second, start=1))

    output = read("files", state={"files": {"update_time": BOOKMARK}})

    assert keys("files", output.records("files"))[-1:] == rows("files", [3])


def test_rows_without_any_time_are_emitted_and_do_not_move_the_state(api: Api, read: Read) -> None:
    for stream in STREAMS:
        never_changed = rows(stream, [2], **{cursor_of(stream): None})
        api.answer(catalog.path(stream), page(stream, timed(stream, BOOKMARK) + never_changed))

    output = read(*STREAMS, include_archived=False)

    assert found(output, STREAMS) == {stream: rows(stream, [1, 2]) for stream in STREAMS}
    assert {stream: output.state(stream) for stream in STREAMS} == states(STREAMS)


@pytest.mark.parametrize(
    ("added", "given"),
    [("2024-05-01T00:00:00Z", [1]), ("2024-04-30T23:59:59Z", [])],
    ids=["added at the start", "added a second earlier"],
)
def test_rows_that_never_changed_are_as_old_as_their_creation(
    added: str, given: list[int], api: Api, read: Read
) -> None:
    streams = [stream for stream in STREAMS if cursor_of(stream) == "update_time"]
    for stream in streams:
        never_changed = rows(stream, [1], update_time=None, add_time=spell(stream, added))
        api.answer(catalog.path(stream), page(stream, never_changed))

    output = read(*streams, include_archived=False, start_date=START)

    assert found(output, streams) == {stream: rows(stream, given) for stream in streams}


def test_a_second_sync_brings_what_changed_since_the_first(api: Api, read: Read) -> None:
    streams = [stream for stream in STREAMS if cursor_of(stream) == "update_time"]
    lists: dict[str, FakeList] = {
        stream: V2List([]) if catalog.is_v2(stream) else V1List([]) for stream in streams
    }
    for stream, served in lists.items():
        served.put(timed(stream, BOOKMARK, "2024-04-01T00:00:00Z", "2024-04-01T00:00:00Z"))
        api.serve(catalog.path(stream), served)

    first = read(*streams, include_archived=False)
    for stream, served in lists.items():
        _, edited, _, created = timed(stream, *["2024-05-01T11:00:00Z"] * 4)
        served.put([edited, created])
    state = {stream: first.state(stream) for stream in streams}
    second = read(*streams, state=state, include_archived=False)

    for stream in streams:
        assert sorted(keys(stream, first.records(stream)), key=str) == rows(stream, [1, 2, 3])
        # row 1 lies within the lookback window
        assert sorted(keys(stream, second.records(stream)), key=str) == rows(stream, [1, 2, 4])
        assert second.state(stream) == {"update_time": "2024-05-01T11:00:00Z"}
