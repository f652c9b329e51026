"""A long list is read in time windows, several at once: no row is skipped, no bookmark is early."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, pairwise

import pytest

from integration_tests.platform import Output
from source_pipedrive.protocol import process
from source_pipedrive.protocol.stdout import Stdout
from source_pipedrive.streams.records import PageRecords, RecordPage
from unit_tests.conftest import Read
from unit_tests.fake_list import V2List
from unit_tests.pipedrive import Answer, Api, Request, Row, error, rows

PATH = "api/v2/persons"
PAGE = 500
BEGIN = datetime(2024, 5, 1, tzinfo=UTC)
SORT_AND_FILTER = ("sort_by", "sort_direction", "updated_since", "updated_until")

Bounds = tuple[str | None, str | None]


def changed(ids: Iterable[int], spans: Iterable[timedelta]) -> list[Row]:
    """Persons who changed so long after the beginning."""
    return [
        {"id": one, "update_time": f"{BEGIN + span:%Y-%m-%dT%H:%M:%SZ}"}
        for one, span in zip(ids, spans, strict=False)
    ]


@pytest.fixture
def persons(api: Api) -> V2List:
    """Few rows that look like many: full pages at both ends, few of the ids in use between them.

    Two rows change at each moment, some rows never.
    """
    newest = range(300_000, 300_000 + PAGE)
    ids = [*range(1, 5 * PAGE + 1), *range(5 * PAGE + 1_000, 300_000, 1_000), *newest]
    rows = changed(ids, (timedelta(hours=number // 2 * 12) for number in count()))
    persons = V2List(row | {"update_time": None} if row["id"] % 140 == 0 else row for row in rows)
    api.serve(PATH, persons)
    return persons


@pytest.fixture
def uneven(api: Api) -> V2List:
    """250 pages of rows of which most changed lately, two at a moment."""
    total = 20_000
    spans = (timedelta(days=900) * (number // 2 * 2 / total) ** 0.25 for number in range(total))
    uneven = V2List(changed(range(1, total + 1), spans), page_size=80)
    api.serve(PATH, uneven)
    return uneven


def windows(api: Api) -> list[Bounds]:
    """The windows that were asked for, each once, in order; first the one without bounds."""
    stretches: set[Bounds] = {
        (query.get("updated_since"), query.get("updated_until")) for query in api.asked(PATH)
    }
    whole: Bounds = (None, None)
    return [whole, *sorted(stretches - {whole}, key=lambda bounds: bounds[0] or "")]


def newest(*outputs: Output) -> dict[int, Row]:
    """The newest version of each row that was emitted, by id."""
    kept: dict[int, Row] = {}
    for output in outputs:
        for row in output.records("persons"):
            if (row["update_time"] or "") >= (kept.get(row["id"], row)["update_time"] or ""):
                kept[row["id"]] = row
    return kept


@pytest.mark.parametrize("nulls", ["first", "last"])
def test_windows_cover_all_time_and_bring_every_row(
    nulls: str, persons: V2List, api: Api, read: Read
) -> None:
    persons.nulls_first = nulls == "first"

    output = read("persons")

    _, *tiles = windows(api)
    assert len(tiles) > 5
    assert (tiles[0][0], tiles[-1][1]) == (None, None)
    assert all((one[1] or "~") >= (other[0] or "") for one, other in pairwise(tiles))
    assert newest(output) == persons.by_id
    assert output.status("persons") == "COMPLETE"


def test_windows_get_shorter_towards_the_present_where_most_rows_changed(
    uneven: V2List, api: Api, read: Read
) -> None:
    output = read("persons")

    _, *stretches = windows(api)
    starts = [datetime.fromisoformat(one) for one, _ in stretches if one]
    lengths = [later - earlier for earlier, later in pairwise(starts)]
    assert len(lengths) > 2
    assert lengths == sorted(lengths, reverse=True)
    pages = Counter(one.get("updated_since") for one in api.asked(PATH) if "sort_by" in one)
    # the whole list and the rows that never changed have no start
    del pages[None]
    assert max(pages.values()) < len(uneven.rows) / uneven.page_size / 2
    assert newest(output) == uneven.by_id


def test_each_window_is_a_checkpoint(uneven: V2List, api: Api, read: Read) -> None:
    last: list[str] = []

    def fail_in_the_last_window(request: Request) -> Answer | None:
        is_last = "updated_until" not in request.query and "updated_since" in request.query
        if is_last and not last:
            last.append(request.query["updated_since"])
            return error(400, "Bad page")
        return None

    uneven.before = fail_in_the_last_window
    first = read("persons")
    requests_before = len(api.requests)
    second = read("persons", state={"persons": first.state("persons")})

    saved = first.state("persons")["update_time"]
    assert first.status("persons") == "INCOMPLETE"
    assert max(row["update_time"] for row in uneven.rows if row["update_time"] < last[0]) == saved
    assert api.requests[requests_before].query["updated_since"] < last[0]
    assert newest(first, second) == uneven.by_id


def test_windows_are_read_whole_when_their_rows_come_in_another_order_than_requested(
    uneven: V2List, read: Read
) -> None:
    def sort_by_id(request: Request) -> Answer | None:
        is_window = "updated_since" in request.query or "updated_until" in request.query
        return uneven.page({**request.query, "sort_by": "id"}) if is_window else None

    uneven.before = sort_by_id
    some = list(uneven.by_id)[::7]
    uneven.put(changed(some, (timedelta(days=one % 800) for one in some)))

    output = read("persons")

    assert newest(output) == uneven.by_id
    assert output.state("persons")["update_time"] == max(row["update_time"] for row in uneven.rows)


def test_a_list_that_begins_with_rows_that_never_changed_is_read_without_windows(
    persons: V2List, api: Api, read: Read
) -> None:
    persons.put(row | {"update_time": None} for row in persons.rows if row["id"] <= 2_500)

    output = read("persons")

    assert windows(api) == [(None, None)]
    assert newest(output) == persons.by_id
    assert output.status("persons") == "COMPLETE"


def test_deleted_ids_do_not_count_as_rows_when_windows_are_planned(
    persons: V2List, api: Api, read: Read
) -> None:
    persons.remove([row for row in persons.rows if row["id"] >= 300_000 and row["id"] % 50])

    output = read("persons")

    assert windows(api) == [(None, None)]
    assert newest(output) == persons.by_id


def test_a_list_that_ignores_sort_and_filter_is_read_once(persons: V2List, read: Read) -> None:
    persons.ignores = SORT_AND_FILTER

    output = read("persons")

    assert sorted(row["id"] for row in output.records("persons")) == sorted(persons.by_id)


@pytest.mark.parametrize("total", [1_700, 2_300])
def test_each_row_comes_once_from_a_list_whose_last_page_was_read_ahead(
    total: int, persons: V2List, api: Api, read: Read
) -> None:
    persons.remove([row for row in persons.rows if row["id"] > total])

    output = read("persons")

    assert sorted(row["id"] for row in output.records("persons")) == list(persons.by_id)
    assert len(api.requests) == -(-total // PAGE)


def test_a_bookmark_is_saved_only_when_every_row_up_to_it_was_emitted(
    persons: V2List, read: Read
) -> None:
    output = read("persons")

    times = {row["id"]: row["update_time"] or "" for row in persons.rows}
    emitted: set[int] = set()
    bookmarks = []
    for message in output.messages:
        if message["type"] == "RECORD":
            emitted.add(message["record"]["data"]["id"])
        elif message["type"] == "STATE":
            bookmark = message["state"]["stream"]["stream_state"].get("update_time", "")
            bookmarks.append(bookmark)
            due = {one for one, time in times.items() if bookmark and time <= bookmark}
            assert due <= emitted
    # how many differ depends on which of the windows is read first
    assert len(set(bookmarks) - {""}) > 1
    assert bookmarks == sorted(bookmarks)
    assert bookmarks[-1] == max(times.values())


def test_a_window_that_fails_holds_the_bookmark_until_it_is_read(
    persons: V2List, read: Read
) -> None:
    starts: list[str] = []

    def fail_in_the_fourth_window(request: Request) -> Answer | None:
        start = request.query.get("updated_since", "")
        if start and start not in starts:
            starts.append(start)
        return error(400, "Bad window") if starts[3:] and start == starts[3] else None

    persons.before = fail_in_the_fourth_window
    first = read("persons")
    persons.before = lambda _: None
    second = read("persons", state={"persons": first.state("persons")})

    assert first.status("persons") == "INCOMPLETE"
    assert "2024-05-01" < first.state("persons")["update_time"] < starts[3]
    assert second.status("persons") == "COMPLETE"
    assert newest(first, second) == persons.by_id


def test_rows_that_change_between_windows_come_with_the_next_sync(
    persons: V2List, api: Api, read: Read
) -> None:
    def edit(_: Request) -> None:
        # rows of windows that were read already, of windows that were not, and of no window
        if len(api.requests) == 14:
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            edited = list(persons.by_id)[::50]
            persons.put({"id": one, "update_time": now, "name": "edited"} for one in edited)

    persons.before = edit
    first = read("persons")
    second = read("persons", state={"persons": first.state("persons")})

    assert len(api.requests) > 14
    assert newest(first, second) == persons.by_id


def test_no_page_is_requested_while_stdout_has_not_taken_the_page_before(
    api: Api, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PageRecords", partial(PageRecords, 1))
    happened: list[str] = []
    persons = V2List(rows("persons", range(8)), page_size=1)
    persons.before = lambda _: happened.append("requested")
    api.serve(PATH, persons)
    write = Stdout.write_page

    def written(stdout: Stdout, page: RecordPage) -> None:
        happened.append("written")
        write(stdout, page)

    monkeypatch.setattr(Stdout, "write_page", written)

    output = read("persons")

    assert [row["id"] for row in output.records("persons")] == list(range(8))
    assert happened == ["requested", "written"] * 8
