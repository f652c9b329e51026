"""States of Airbyte's official Pipedrive source are continued, and what it never read is read."""

import json
from pathlib import Path
from typing import Any

import pytest

from source_pipedrive.streams.official_states import are_official
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, Request, Row, Server, error, keys, page, rows, spell
from unit_tests.streams.incremental import BOOKMARK, START

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded_states.json").read_text())
BOOKMARKED = [name for name in catalog.STREAMS if catalog.cursor_field(name)]
# those whose bookmark hides rows that never changed
HIDING = [
    name
    for name in catalog.members("v2_windowed", "v2_incremental", "v1_incremental")
    + catalog.members("v1_newest_first")
    if name in RECORDED
]
DEAL_FLOW = {"states": [], "use_global_cursor": False, "parent_state": {}}


def official(stream: str) -> Row:
    """The state of a stream as the official connector writes it, which knows no archived leads."""
    return {"update_time": spell(stream, BOOKMARK) if stream == "files" else BOOKMARK}


def list_with(stream: str, *, nulls_first: bool) -> Server:
    """A list of a row that changed before the bookmark, and of one that never changed."""
    old = rows(stream, [1], update_time=spell(stream, START))
    never = rows(stream, [2], update_time=None, add_time=spell(stream, START))

    def serve(request: Request) -> Any:
        order = request.query.get("sort", "") + request.query.get("sort_direction", "")
        is_by_time = "update_time" in order + request.query.get("sort_by", "")
        if "updated_since" in request.query:
            return page(stream, [])
        if not is_by_time:
            return page(stream, [*old, *never])
        ascending = [*never, *old] if nulls_first else [*old, *never]
        return page(stream, ascending[:: -1 if "desc" in order.lower() else 1])

    return serve


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("stream", HIDING)
def test_rows_that_never_changed_are_read_once_after_a_takeover(
    stream: str, place: str, api: Api, read: Read
) -> None:
    api.serve(catalog.path(stream), list_with(stream, nulls_first=place == "first"))
    state = {stream: official(stream), "mail": {"__ab_no_cursor_state_message": True}}

    first = read(stream, state=state, include_archived=False)
    after = len(api.requests)
    second = read(stream, state={**state, stream: first.state(stream)}, include_archived=False)

    assert keys(stream, first.records(stream)) == rows(stream, [2])
    assert first.state(stream) == {
        "update_time": BOOKMARK,
        "never_changed": {"update_time": BOOKMARK},
    }
    # one page of what changed, and one or two of what never did
    assert after <= 3
    assert second.records(stream) == []
    assert second.state(stream) == first.state(stream)
    assert len(api.requests) - after == 1


def test_both_ends_of_a_long_list_are_searched_for_rows_that_never_changed(
    api: Api, read: Read
) -> None:
    changed = rows("persons", [1], update_time=START)
    never = rows("persons", [2], update_time=None)
    api.answer("api/v2/persons", page("persons", []), page("persons", changed, more=True))
    api.answer("api/v2/persons", page("persons", never + changed, more=True))
    state = {"persons": {"update_time": "2024-05-01 10:00:00"}}

    output = read("persons", state=state)

    assert keys("persons", output.records("persons")) == rows("persons", [2])
    assert [
        (one.get("updated_since"), one.get("sort_by"), one.get("sort_direction"))
        for one in api.asked("api/v2/persons")
    ] == [
        ("2024-05-01T09:55:00Z", "id", "asc"),
        (None, "update_time", "asc"),
        (None, "update_time", "desc"),
    ]


def test_rows_that_never_changed_and_are_older_than_the_start_date_are_left_out(
    api: Api, read: Read
) -> None:
    never = rows("persons", [1], add_time="2024-01-01T00:00:00Z")
    never += rows("persons", [2], add_time="2024-04-01T00:00:00Z")
    api.answer("api/v2/persons", page("persons", []), page("persons", never))
    state = {"persons": {"update_time": "2024-05-01 10:00:00"}}

    output = read("persons", state=state, start_date="2024-03-01")

    assert keys("persons", output.records("persons")) == rows("persons", [2])


def test_a_takeover_that_fails_is_completed_by_the_next_sync(api: Api, read: Read) -> None:
    newer = rows("persons", [3], update_time="2024-05-01T11:00:00Z")
    never = rows("persons", [2], update_time=None)
    api.answer("api/v2/persons", page("persons", newer), error(400, "Bad sort"))
    api.answer("api/v2/persons", page("persons", []), page("persons", never))

    first = read("persons", state={"persons": {"update_time": "2024-05-01 10:00:00"}})
    second = read("persons", state={"persons": first.state("persons")})

    assert first.status("persons") == "INCOMPLETE"
    assert first.state("persons") == {"update_time": "2024-05-01T11:00:00Z", "never_changed": None}
    assert keys("persons", second.records("persons")) == rows("persons", [2])
    assert second.state("persons")["never_changed"] == {"update_time": "2024-05-01T11:00:00Z"}


def test_a_stream_that_an_ended_takeover_did_not_come_to_is_taken_over_by_the_next(
    api: Api, read: Read
) -> None:
    never = rows("persons", [2], update_time=None)
    api.answer("api/v2/persons", page("persons", []), page("persons", never))
    bookmark = {"update_time": BOOKMARK}
    state = {"deals": {**bookmark, "archived": bookmark, "never_changed": bookmark}}

    output = read("persons", state={**state, "persons": bookmark})

    assert keys("persons", output.records("persons")) == rows("persons", [2])


@pytest.mark.parametrize("given", [{"deals", "deals_archived"}, {"deals_archived"}, {"deals"}])
def test_the_archived_deals_continue_where_the_stream_of_their_own_ended(
    given: set[str], api: Api, read: Read
) -> None:
    api.serve("api/v2/deals", lambda _: page("deals", []))
    api.serve("api/v2/deals/archived", lambda _: page("deals", []))
    state = {name: {"update_time": BOOKMARK} for name in given}

    output = read("deals", state=state)

    since = {
        path: next(query.get("updated_since") for query in api.asked(path))
        for path in ("api/v2/deals", "api/v2/deals/archived")
    }
    resumed = "2024-05-01T09:55:00Z"
    assert since == {
        "api/v2/deals": resumed if "deals" in given else None,
        "api/v2/deals/archived": resumed if "deals_archived" in given else None,
    }
    bookmark = {"update_time": BOOKMARK}
    assert output.state("deals") == {
        **(bookmark if "deals" in given else {}),
        **({"archived": bookmark} if "deals_archived" in given else {}),
        "never_changed": bookmark,
    }
    is_said = any("no state for the archived rows" in line for line in output.logs("INFO"))
    assert is_said == (given == {"deals"})


def test_the_stream_of_archived_deals_has_no_say_once_it_was_taken_over(
    api: Api, read: Read
) -> None:
    api.answer("api/v2/deals", page("deals", []))
    api.answer("api/v2/deals/archived", page("deals", []))
    later = {"update_time": "2024-06-01T10:00:00Z"}
    ours = {**later, "archived": later, "never_changed": {"update_time": BOOKMARK}}

    output = read("deals", state={"deals": ours, "deals_archived": {"update_time": BOOKMARK}})

    assert output.state("deals") == ours
    assert api.asked("api/v2/deals/archived")[0]["updated_since"] == "2024-06-01T09:55:00Z"
    assert output.logs("WARN") == []


def test_states_of_this_connector_are_not_taken_for_official_ones() -> None:
    assert not are_official(RECORDED, BOOKMARKED, ["deals", "leads"])


@pytest.mark.parametrize(
    "state",
    [
        {"deals_archived": {"update_time": BOOKMARK}},
        {"mailThreads": {"__ab_no_cursor_state_message": True}},
        {"deal_products": {"__ab_no_cursor_state_message": True}},
        {"deals": {"update_time": BOOKMARK}},
        {"files": {"update_time": "2024-05-01 10:00:00"}},
        {"users": {"modified": "2024-05-01 10:00:00"}},
        {"notes": {"update_time": BOOKMARK, "never_changed": None}},
    ],
    ids=str,
)
def test_official_states_are_known_by_what_ours_never_have(state: Any) -> None:
    assert are_official({"persons": {"update_time": BOOKMARK}, **state}, BOOKMARKED, ["deals"])


def test_the_changelog_says_what_it_costs_to_begin_anew(api: Api, read: Read) -> None:
    api.answer("api/v2/deals", page("deals", rows("deals", [1, 2])))
    for deal in (1, 2):
        api.answer(f"v1/deals/{deal}/changelog", page("deal_changelog", []))

    output = read("deal_changelog", state={"deal_flow": DEAL_FLOW}, include_archived=False)

    (line,) = [one for one in output.logs("INFO") if "begins anew" in one]
    assert "deal_changelog" in line
    assert "all 2 deals, at 20 tokens each: at least 40 tokens" in line
