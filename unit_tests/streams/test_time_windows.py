"""A long list is read in windows of time, several at once: no gap, and no false mark."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from source_pipedrive.protocol.stdout import Output as Stdout
from source_pipedrive.protocol.stdout import Page, Room
from source_pipedrive.streams import list_cursor as cursor
from unit_tests.conftest import Read
from unit_tests.output import Output
from unit_tests.pipedrive import Answer, Api, Request, Row, error, rows, v2_page

PATH = "api/v2/persons"
PAGE = 500
BEGIN = datetime(2024, 5, 1, tzinfo=UTC)

Bounds = tuple[str | None, str | None]


def many() -> list[Row]:
    """Full pages at both ends, and few rows between whose ids promise a hundred times the length.

    Two rows change at each moment, some never.
    """
    newest = range(300_000, 300_000 + PAGE)
    ids = [*range(1, 5 * PAGE + 1), *range(5 * PAGE + 1_000, 300_000, 1_000), *newest]
    times = [BEGIN + timedelta(hours=number // 2 * 12) for number in range(len(ids))]
    rows: list[Row] = [
        {"id": one, "update_time": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
        for one, time in zip(ids, times, strict=True)
    ]
    return [row | {"update_time": None} if row["id"] % 140 == 0 else row for row in rows]


class Table:
    """A list of API v2 with keyset cursors. `before` may answer a request, or change rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = {row["id"]: row for row in rows}
        self.nulls_first = True
        self.before: Callable[[Request], Answer | None] = lambda _: None

    def __call__(self, request: Request) -> Answer:
        if answer := self.before(request):
            return answer
        query = request.query
        column, descending = query["sort_by"], query["sort_direction"] == "desc"

        def place(row: Row) -> list[Any]:
            return [(row[column] is None) != self.nulls_first, row[column] or "", row["id"]]

        def follows(row: Row) -> bool:
            last = json.loads(query["cursor"])
            return bool(place(row) < last if descending else place(row) > last)

        rows = sorted(filter(self._within(query), self.rows.values()), key=place)
        rows = [
            row for row in rows[:: -1 if descending else 1] if "cursor" not in query or follows(row)
        ]
        page = rows[: int(query["limit"])]
        return v2_page(page, json.dumps(place(page[-1])) if len(rows) > len(page) else None)

    @staticmethod
    def _within(query: Any) -> Callable[[Row], bool]:
        since, until = query.get("updated_since", ""), query.get("updated_until", "~")
        if not since and until == "~":
            return lambda _: True
        return lambda row: row["update_time"] is not None and since <= row["update_time"] < until


@pytest.fixture
def table(api: Api, monkeypatch: pytest.MonkeyPatch) -> Table:
    # lists of a few pages are to be treated like long ones
    monkeypatch.setattr(cursor, "_PAGES_WORTH_HALVING", 1)
    monkeypatch.setattr(cursor, "_ROWS_A_CHECKPOINT", PAGE)
    table = Table(many())
    api.serve(PATH, table)
    return table


@pytest.fixture
def uneven(table: Table) -> Table:
    """Fill the table with thousands of rows of which most changed lately, two at a moment."""
    ids = [*range(1, 4_001), *range(200_001, 204_001)]
    spans = [(number // 2 / 4_000) ** 0.25 for number in range(len(ids))]
    table.rows = {
        one: {"id": one, "update_time": f"{BEGIN + timedelta(days=900) * span:%Y-%m-%dT%H:%M:%SZ}"}
        for one, span in zip(ids, spans, strict=True)
    }
    return table


def windows(api: Api) -> list[Bounds]:
    """The stretches of time that were asked for, each once, in order; the whole one first."""
    stretches: set[Bounds] = {
        (query.get("updated_since"), query.get("updated_until")) for query in api.asked(PATH)
    }
    whole: Bounds = (None, None)
    return [whole, *sorted(stretches - {whole}, key=lambda bounds: bounds[0] or "")]


def newest(*outputs: Output) -> dict[int, Row]:
    kept: dict[int, Row] = {}
    for output in outputs:
        for row in output.records("persons"):
            if (row["update_time"] or "") >= (kept.get(row["id"], row)["update_time"] or ""):
                kept[row["id"]] = row
    return kept


@pytest.mark.parametrize("nulls", ["first", "last"])
def test_windows_tile_the_time_and_bring_every_row(
    nulls: str, table: Table, api: Api, read: Read
) -> None:
    table.nulls_first = nulls == "first"

    output = read("persons")

    _, *tiles = windows(api)
    assert len(tiles) > 5
    assert (tiles[0][0], tiles[-1][1]) == (None, None)
    assert all((one[1] or "~") >= (other[0] or "") for one, other in pairwise(tiles))
    assert newest(output) == table.rows
    assert output.status("persons") == "COMPLETE"


def test_who_is_done_takes_over_half_of_what_another_window_has_left(
    uneven: Table, api: Api, read: Read
) -> None:
    output = read("persons")

    _, *stretches = windows(api)
    halves = [
        one
        for one in stretches
        if any((other[0] or "") < (one[0] or "") < (other[1] or "~") for other in stretches)
    ]
    assert halves
    assert newest(output) == uneven.rows
    # in each window that gave way, the page in which the other begins
    assert len(output.records("persons")) - len(uneven.rows) <= (len(halves) + 4) * PAGE


def test_a_window_is_a_checkpoint_with_every_page(uneven: Table, read: Read) -> None:
    pages = iter(range(100))

    def refuse_the_last_pages(request: Request) -> Answer | None:
        is_late = "updated_until" not in request.query and "updated_since" in request.query
        return error(400, "Bad page") if is_late and next(pages) == 2 else None

    uneven.before = refuse_the_last_pages
    first = read("persons")
    uneven.before = lambda _: None
    second = read("persons", state={"persons": first.state("persons")})

    assert first.status("persons") == "INCOMPLETE"
    marks = {state.get("update_time") for state in first.states("persons")}
    assert len(marks) > len({"no mark", "a window", "another"})
    assert newest(first, second) == uneven.rows


def test_windows_that_come_in_another_order_than_asked_for_are_read_whole(
    uneven: Table, api: Api, read: Read
) -> None:
    def by_id(request: Request) -> Answer:
        is_window = "updated_since" in request.query or "updated_until" in request.query
        query = {**request.query, "sort_by": "id"} if is_window else request.query
        return uneven(replace(request, query=query))

    api.serve(PATH, by_id)
    for one in list(uneven.rows)[::7]:
        time = BEGIN + timedelta(days=one % 800)
        uneven.rows[one] = {"id": one, "update_time": f"{time:%Y-%m-%dT%H:%M:%SZ}"}

    output = read("persons")

    assert newest(output) == uneven.rows
    assert output.state("persons")["update_time"] == max(
        row["update_time"] for row in uneven.rows.values()
    )


def test_a_list_that_begins_with_rows_that_never_changed_is_read_in_one_go(
    table: Table, api: Api, read: Read
) -> None:
    imported = {one: row | {"update_time": None} for one, row in table.rows.items() if one <= 2_500}
    table.rows.update(imported)

    output = read("persons")

    assert windows(api) == [(None, None)]
    assert newest(output) == table.rows
    assert output.status("persons") == "COMPLETE"


def test_ids_that_are_gone_promise_no_rows(table: Table, api: Api, read: Read) -> None:
    for one in [one for one in table.rows if one >= 300_000 and one % 50]:
        del table.rows[one]

    output = read("persons")

    assert windows(api) == [(None, None)]
    assert newest(output) == table.rows


def test_a_list_that_comes_in_another_order_than_asked_for_is_read_once(
    table: Table, api: Api, read: Read
) -> None:
    ids = list(table.rows)

    def in_its_own_order(request: Request) -> Answer:
        start = int(request.query.get("cursor", 0))
        page = [table.rows[one] for one in ids[start : start + PAGE]]
        return v2_page(page, str(start + PAGE) if start + PAGE < len(ids) else None)

    api.serve(PATH, in_its_own_order)

    output = read("persons")

    assert sorted(row["id"] for row in output.records("persons")) == sorted(table.rows)


@pytest.mark.parametrize("count", [1_700, 2_300])
def test_a_row_comes_once_from_a_list_whose_newest_page_was_read_ahead(
    count: int, table: Table, api: Api, read: Read
) -> None:
    table.rows = {one: row for one, row in table.rows.items() if one <= count}

    output = read("persons")

    assert sorted(row["id"] for row in output.records("persons")) == list(table.rows)
    assert len(api.requests) == -(-count // PAGE)


def test_a_mark_is_set_only_when_every_row_up_to_it_is_out(table: Table, read: Read) -> None:
    output = read("persons")

    times = {one: row["update_time"] or "" for one, row in table.rows.items()}
    out: set[int] = set()
    marks = []
    for message in output.messages:
        if message["type"] == "RECORD":
            out.add(message["record"]["data"]["id"])
        elif message["type"] == "STATE":
            mark = message["state"]["stream"]["stream_state"].get("update_time", "")
            marks.append(mark)
            due = {
                one
                for one, row in table.rows.items()
                if mark and (row["update_time"] or "") <= mark
            }
            assert due <= out
    # how many differ depends on which of the windows side by side is done first
    assert len(set(marks) - {""}) > 1
    assert marks == sorted(marks)
    assert marks[-1] == max(times.values())


def test_a_window_that_fails_holds_the_mark_until_it_is_read(table: Table, read: Read) -> None:
    starts: list[str] = []

    def refuse_the_fourth(request: Request) -> Answer | None:
        start = request.query.get("updated_since", "")
        if start and start not in starts:
            starts.append(start)
        return error(400, "Bad window") if starts[3:] and start == starts[3] else None

    table.before = refuse_the_fourth
    first = read("persons")
    table.before = lambda _: None
    second = read("persons", state={"persons": first.state("persons")})

    assert first.status("persons") == "INCOMPLETE"
    assert "2024-05-01" < first.state("persons")["update_time"] < starts[3]
    assert second.status("persons") == "COMPLETE"
    assert newest(first, second) == table.rows


def test_rows_that_change_between_windows_come_with_the_next_sync(
    table: Table, api: Api, read: Read
) -> None:
    def edit(_: Request) -> None:
        # some out of windows that were read, some out of windows that were not, some out of none
        if len(api.requests) == 14:
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            for one in list(table.rows)[::50]:
                table.rows[one] = {"id": one, "update_time": now, "name": "edited"}

    table.before = edit
    first = read("persons")
    second = read("persons", state={"persons": first.state("persons")})

    assert len(api.requests) > 14
    assert newest(first, second) == table.rows


def test_no_page_is_asked_for_that_a_slow_reader_leaves_no_room_for(
    api: Api, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room, "free", threading.Semaphore(1))
    happened: list[str] = []
    write = Stdout.write_page

    def asked(request: Request) -> Answer:
        happened.append("asked")
        start = int(request.query.get("cursor", 0))
        return v2_page(rows("persons", [start]), str(start + 1) if start < 7 else None)

    def written(output: Stdout, page: Page) -> None:
        happened.append("written")
        write(output, page)

    monkeypatch.setattr(Stdout, "write_page", written)
    api.serve(PATH, asked)

    output = read("persons")

    assert [row["id"] for row in output.records("persons")] == list(range(8))
    assert happened == ["asked", "written"] * 8
