"""Lists of API v1, which are read by offset, and may change while they are read."""

from collections.abc import Callable, Sequence
from itertools import count

import pytest

from integration_tests.platform import Output
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.fake_list import V1List
from unit_tests.pipedrive import Answer, Api, Request, Row, envelope, keys, rows, v1_page

STREAMS = catalog.members("v1_incremental", "v1_newest_first", "v1_whole", "v1_list")
# the maximum of their endpoints: https://developers.pipedrive.com/docs/api/v1/Files#getFiles
# and https://developers.pipedrive.com/docs/api/v1/CallLogs#getUserCallLogs
SHORT_PAGES = {"files": 100, "call_logs": 50}


def found(output: Output) -> dict[str, list[Row]]:
    return {stream: keys(stream, output.records(stream)) for stream in STREAMS}


def before_the_second_page(served: V1List, deleted: Sequence[Row]) -> Callable[[Request], None]:
    """Delete rows when the second page is requested."""
    pages = count(1)
    return lambda _: served.remove(deleted) if next(pages) == 2 else None


@pytest.mark.parametrize("envelope_form", ["nested", "flat"])
def test_reads_to_the_last_page_and_emits_each_row_once(
    envelope_form: str, api: Api, read: Read
) -> None:
    for stream in STREAMS:
        is_flat = envelope_form == "flat"
        served = V1List(rows(stream, range(1, 8)), page_size=3, is_flat=is_flat)
        api.serve(catalog.path(stream), served)

    output = read(*STREAMS, include_archived=False)

    assert found(output) == {stream: rows(stream, range(1, 8)) for stream in STREAMS}


def test_requests_pages_of_the_largest_size_that_the_endpoint_allows(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.serve(catalog.path(stream), V1List(rows(stream, range(1, 5)), page_size=3))

    read(*STREAMS, include_archived=False)

    for stream in STREAMS:
        one, two = api.asked(catalog.path(stream))
        assert one["limit"] == str(SHORT_PAGES.get(stream, 500))
        assert {**one, "start": ""} == {**two, "start": ""}


@pytest.mark.parametrize(
    ("more", "end"),
    [
        pytest.param(
            {"pagination": {"start": 0, "more_items_in_collection": True, "next_start": 2}},
            {"pagination": {"start": 1, "more_items_in_collection": False}},
            id="nested, as live",
        ),
        pytest.param(
            {"pagination": {"start": 0, "more_items_in_collection": True}},
            {"pagination": {"start": 1, "more_items_in_collection": False, "next_start": None}},
            id="nested, no next_start",
        ),
        pytest.param(
            {"start": 0, "limit": 500, "more_items_in_collection": True},
            {"start": 1, "limit": 500, "more_items_in_collection": False},
            id="flat, as in the contract",
        ),
        pytest.param(
            {"start": 0, "limit": 500, "more_items_in_collection": True, "next_start": 2},
            {},
            id="flat, then nothing",
        ),
        pytest.param(
            {"pagination": {"more_items_in_collection": True, "next_start": 2}},
            None,
            id="nested, then null",
        ),
    ],
)
def test_understands_both_envelopes(more: Row, end: Row | None, api: Api, read: Read) -> None:
    for stream in STREAMS:
        first = envelope(rows(stream, [1, 2]), additional_data=more)
        last = envelope(rows(stream, [2, 3]), additional_data=end)
        api.answer(catalog.path(stream), first, last)

    output = read(*STREAMS, include_archived=False)

    assert found(output) == {stream: rows(stream, [1, 2, 3]) for stream in STREAMS}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(envelope([]), id="empty, no additional_data"),
        pytest.param(envelope(None, additional_data=None), id="null, additional_data null"),
        pytest.param(v1_page([]), id="empty page"),
    ],
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


@pytest.mark.parametrize(
    "deleted",
    [
        pytest.param([1], id="the first row"),
        pytest.param([3], id="the last row read"),
        pytest.param([1, 2, 3], id="the whole page read"),
        pytest.param([2, 5], id="a row read and one to come"),
        pytest.param([4, 5, 6, 7, 8], id="all rows to come"),
        pytest.param(range(1, 9), id="every row"),
    ],
)
def test_rows_deleted_during_the_read_make_it_skip_no_other_row(
    deleted: Sequence[int], api: Api, read: Read
) -> None:
    for stream in STREAMS:
        served = V1List(rows(stream, range(1, 9)), page_size=3)
        served.before = before_the_second_page(served, rows(stream, deleted))
        api.serve(catalog.path(stream), served)

    output = read(*STREAMS, include_archived=False)

    kept = [number for number in range(1, 9) if number not in deleted]
    for stream in STREAMS:
        emitted = keys(stream, output.records(stream))
        assert [row for row in rows(stream, kept) if row not in emitted] == []
        assert output.status(stream) == "COMPLETE"


def test_a_row_that_changed_between_two_pages_is_emitted_in_its_new_version(
    api: Api, read: Read
) -> None:
    for stream in STREAMS:
        before = rows(stream, [1, 2], content="before")
        after = rows(stream, [2, 3], content="after")
        api.answer(catalog.path(stream), v1_page(before, more=True), v1_page(after, start=1))

    output = read(*STREAMS, include_archived=False)

    for stream in STREAMS:
        last = {str(keys(stream, [row])): row["content"] for row in output.records(stream)}
        assert list(last.values()) == ["before", "after", "after"]


def test_an_empty_page_that_announces_more_is_not_the_end(api: Api, read: Read) -> None:
    def server(request: Request) -> Answer:
        start = int(request.query.get("start", 0))
        given = {0: rows("notes", [1, 2, 3]), 2: [], 3: []}.get(start, rows("notes", [7, 8]))
        pagination = {
            "start": start,
            "more_items_in_collection": start < 4,
            "next_start": start + 3,
        }
        return envelope(given, additional_data={"pagination": pagination})

    api.serve("v1/notes", server)

    output = read("notes")

    assert keys("notes", output.records("notes"))[-2:] == rows("notes", [7, 8])
    assert output.status("notes") == "COMPLETE"


def test_pages_of_one_row_are_read_to_the_end(api: Api, read: Read) -> None:
    api.serve("v1/notes", V1List(rows("notes", [1, 2, 3, 4, 5]), page_size=1))

    output = read("notes")

    assert keys("notes", output.records("notes")) == rows("notes", [1, 2, 3, 4, 5])


@pytest.mark.parametrize("after", ["disjoint", "empty", "the same", "exact"])
def test_a_list_whose_pages_never_overlap_ends(api: Api, read: Read, after: str) -> None:
    pages = {0: rows("notes", [1, 2]), 2: rows("notes", [3, 4]), 4: rows("notes", [5])}

    def server(request: Request) -> Answer:
        start = int(request.query.get("start", 0))
        if after == "exact":
            return v1_page(pages[start // 2 * 2], start // 2 * 2, more=start < 4)
        if start == 0:
            return v1_page(pages[0], more=True)
        given = {"disjoint": pages[2], "empty": [], "the same": pages[0]}[after]
        return v1_page(given, start)

    api.serve("v1/notes", server)

    output = read("notes")

    expected = {"disjoint": 4, "exact": 5}.get(after, 2)
    assert len({row["id"] for row in output.records("notes")}) == expected
    assert len(api.asked("v1/notes")) < 10
    assert output.status("notes") == "COMPLETE"


def test_pages_that_hide_rows_are_read_to_the_end(api: Api, read: Read) -> None:
    notes = V1List(rows("notes", range(2_000)))
    notes.hides = lambda row: row["id"] % 499 == 0
    api.serve("v1/notes", notes)

    output = read("notes")

    expected = {number for number in range(2_000) if number % 499}
    assert {row["id"] for row in output.records("notes")} == expected
    assert len(api.asked("v1/notes")) < 12
