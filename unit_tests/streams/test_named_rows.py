"""Rows that webhooks named are read by their ids, for the fewest tokens, and no bookmark moves."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
)

from integration_tests.platform import configured
from source_pipedrive.protocol.source import SourcePipedrive
from unit_tests import catalog
from unit_tests.pipedrive import (
    TOKEN,
    Answer,
    Api,
    Request,
    Row,
    envelope,
    error,
    page,
    rows,
    v2_page,
)

BOOKMARK = "2026-05-01T10:00:00Z"
CHANGED = "2026-05-02T10:00:00Z"
# what one row costs; https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
PRICES = {
    "deals": 1,
    "persons": 1,
    "organizations": 1,
    "activities": 1,
    "products": 1,
    "projects": 1,
    "tasks": 1,
    "pipelines": 1,
    "stages": 1,
    "leads": 2,
    "notes": 2,
    "users": 2,
    "project_boards": 10,
}
PATHS = {"project_boards": "api/v2/boards"}
LEAD = "adf21080-0e10-11eb-879b-05d71fb426ec"


class Reading:
    """The messages of one read, and what it cost."""

    def __init__(self, messages: Collection[AirbyteMessage], tokens: int) -> None:
        self.rows = [one.record.data for one in messages if one.record]
        self.states: list[Any] = [
            vars(one.state.stream.stream_state)
            for one in messages
            if one.state and one.state.stream and one.state.stream.stream_state
        ]
        self.statuses = {
            trace.stream_status.status.value
            for one in messages
            if (trace := one.trace) and trace.stream_status
        }
        self.tokens = tokens


def read(
    api: Api, named: Mapping[str, Collection[object]], state: Row | None = None, **settings: object
) -> Reading:
    config = {"api_key": TOKEN, "custom_fields": "raw", **settings}
    states = [
        {
            "type": "STREAM",
            "stream": {
                "stream_descriptor": {"name": stream},
                "stream_state": state or {"update_time": BOOKMARK},
            },
        }
        for stream in named
    ]
    source = SourcePipedrive(
        ConfiguredAirbyteCatalogSerializer.load({"streams": [configured(one) for one in named]}),
        config,
        [AirbyteStateMessageSerializer.load(one) for one in states],
        named_rows={stream: {str(one): CHANGED for one in ids} for stream, ids in named.items()},
    )
    selected = ConfiguredAirbyteCatalogSerializer.load(
        {"streams": [configured(one) for one in named]}
    )
    with api.reachable():
        messages = list(source.read(logging.getLogger("airbyte"), config, selected))
    return Reading(messages, source.budget.spent)


def path_of(stream: str, id_: object = "") -> str:
    path = PATHS.get(stream) or ("api/v2/" if catalog.is_v2(stream) else "v1/") + stream
    return f"{path}/{id_}" if id_ else path


def one(stream: str, id_: object, **columns: object) -> Row:
    (row,) = rows(stream, [7], **columns)
    return {**row, "id": id_}


@pytest.mark.parametrize("stream", PRICES)
def test_one_changed_row_costs_one_request_for_it(api: Api, stream: str) -> None:
    id_: object = LEAD if stream == "leads" else 7
    api.answer(path_of(stream, id_), envelope(one(stream, id_)))

    found = read(api, {stream: [id_]})

    assert [row["id"] for row in found.rows] == [id_]
    assert found.tokens == PRICES[stream]
    assert found.statuses == {"STARTED", "RUNNING", "COMPLETE"}


@pytest.mark.parametrize("stream", ["deals", "leads", "projects"])
def test_the_bookmarks_stay_where_they_are(api: Api, stream: str) -> None:
    id_: object = LEAD if stream == "leads" else 7
    state = {"update_time": BOOKMARK, "archived": {"update_time": "2026-04-01T10:00:00Z"}}
    api.answer(path_of(stream, id_), envelope(one(stream, id_, update_time=CHANGED)))

    found = read(api, {stream: [id_]}, state)

    assert found.states[-1] == state


def test_the_request_for_one_row_has_the_parameters_that_it_documents(api: Api) -> None:
    api.answer("api/v2/deals/7", envelope(one("deals", 7)))
    api.answer("api/v2/products/8", envelope(one("products", 8)))

    read(api, {"deals": [7], "products": [8]})

    (of_deal,), (of_product,) = api.asked("api/v2/deals/7"), api.asked("api/v2/products/8")
    assert of_deal.keys() == {"include_fields"}
    assert "source_lead_id" in of_deal["include_fields"]
    assert of_product == {}


@pytest.mark.parametrize(("count", "requests", "tokens"), [(9, 9, 9), (11, 1, 10), (120, 2, 20)])
def test_several_rows_are_requested_together_once_that_is_cheaper(
    api: Api, count: int, requests: int, tokens: int
) -> None:
    def answer(request: Request) -> Answer:
        if request.path == "api/v2/deals":
            return v2_page([by_id[id_] for id_ in request.query["ids"].split(",")])
        return envelope(by_id[request.path.rpartition("/")[2]])

    by_id = {str(row["id"]): row for row in rows("deals", range(1, count + 1))}
    api.serve_all(answer)

    found = read(api, {"deals": range(1, count + 1)})

    assert {str(row["id"]) for row in found.rows} == by_id.keys()
    assert (len(api.requests), found.tokens) == (requests, tokens)
    assert all("updated_since" not in request.query for request in api.requests)


def test_a_list_is_read_from_its_bookmark_where_that_is_cheaper(api: Api) -> None:
    """Six pipelines one by one would cost 6 tokens, their list costs 5."""
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", range(1, 9))))

    found = read(api, {"pipelines": range(1, 7)})

    assert len(found.rows) == 8
    assert found.tokens == 5


# What Pipedrive answers for a row that was archived, deleted, or hidden is not established.
GONE = {
    "no permission": error(403, "You do not have access to it"),
    "not found": error(404, "not found"),
    "gone": error(410, "gone"),
    "no row": envelope(None),
    "an empty row": envelope({}),
}


@pytest.mark.parametrize("answer", GONE)
@pytest.mark.parametrize("stream", PRICES)
def test_a_row_that_pipedrive_does_not_return_fails_nothing(
    api: Api, stream: str, answer: str
) -> None:
    id_: object = LEAD if stream == "leads" else 7
    api.answer(path_of(stream, id_), GONE[answer])
    if stream == "deals":
        api.answer("api/v2/deals", v2_page([]))
        api.answer("api/v2/deals/archived", v2_page([]))

    found = read(api, {stream: [id_]})

    assert found.rows == []
    assert found.statuses <= {"STARTED", "RUNNING", "COMPLETE"}


@pytest.mark.parametrize("include_archived", [True, False])
@pytest.mark.parametrize("flag", ["is_archived", "is_deleted"])
@pytest.mark.parametrize("stream", PRICES)
def test_a_row_that_pipedrive_returns_although_it_is_archived_or_deleted_is_emitted(
    api: Api, stream: str, flag: str, *, include_archived: bool
) -> None:
    id_: object = LEAD if stream == "leads" else 7
    row = one(stream, id_, **{flag: True})
    api.answer(path_of(stream, id_), envelope(row))

    found = read(api, {stream: [id_]}, include_archived=include_archived)

    assert [row["id"] for row in found.rows] == [id_]
    if stream != "projects":
        # these are archived if they have an `archive_time`
        assert found.rows[0][flag] is True
    assert found.tokens == PRICES[stream]


@pytest.mark.parametrize("include_archived", [True, False])
@pytest.mark.parametrize("status", [403, 404])
def test_an_archived_deal_that_is_not_returned_is_looked_for_in_the_archive(
    api: Api, status: int, *, include_archived: bool
) -> None:
    api.answer("api/v2/deals/7", error(status, "Deal not found"))
    api.answer("api/v2/deals", v2_page([]))
    api.answer("api/v2/deals/archived", v2_page([one("deals", 7, is_archived=True)]))

    found = read(api, {"deals": [7]}, include_archived=include_archived)

    assert [(row["id"], row["is_archived"]) for row in found.rows] == [(7, True)]
    assert [query["ids"] for query in api.asked("api/v2/deals/archived")] == ["7"]
    assert found.tokens == 1 + 10 + 20


def test_a_deleted_deal_that_is_not_returned_is_looked_for_among_deleted_ones(api: Api) -> None:
    api.answer("api/v2/deals/7", error(404, "Deal not found"))
    api.answer("api/v2/deals", v2_page([one("deals", 7, status="deleted")]))

    found = read(api, {"deals": [7]})

    assert [(row["id"], row["status"]) for row in found.rows] == [(7, "deleted")]
    (query,) = api.asked("api/v2/deals")
    assert "deleted" in query["status"]
    assert found.tokens == 1 + 10


def test_archived_deals_among_several_are_looked_for_in_the_archive(api: Api) -> None:
    live = rows("deals", range(1, 15), is_archived=False)
    api.answer("api/v2/deals", v2_page(live))
    api.answer("api/v2/deals/archived", v2_page([one("deals", 15, is_archived=True)]))

    found = read(api, {"deals": range(1, 16)})

    assert sorted(row["id"] for row in found.rows) == list(range(1, 16))
    assert [query["ids"] for query in api.asked("api/v2/deals/archived")] == ["15"]
    assert found.tokens == 10 + 20


@pytest.mark.parametrize("is_archived", [True, False])
def test_one_project_tells_by_its_time_whether_it_is_archived(
    api: Api, *, is_archived: bool
) -> None:
    moment = CHANGED if is_archived else None
    api.answer("api/v2/projects/7", envelope(one("projects", 7, archive_time=moment)))

    found = read(api, {"projects": [7]})

    assert [row["is_archived"] for row in found.rows] == [is_archived]


def test_the_lines_of_changed_deals_come_with_one_request(api: Api) -> None:
    lines = [one("deal_products", number, deal_id=number % 3 + 1) for number in range(1, 10)]
    api.answer("api/v2/deals/products", v2_page(lines))
    state = {"parent_update_time": BOOKMARK, "full_pass": BOOKMARK}

    found = read(api, {"deal_products": [3, 1, 2]}, state)

    assert [query["deal_ids"] for query in api.asked("api/v2/deals/products")] == ["1,2,3"]
    assert {row["parent_update_time"] for row in found.rows} == {CHANGED}
    assert found.tokens == 10
    assert found.states[-1] == state


def test_no_row_from_before_the_start_date_is_emitted(api: Api) -> None:
    api.answer("api/v2/persons/7", envelope(one("persons", 7, update_time=BOOKMARK)))

    assert read(api, {"persons": [7]}, start_date="2026-05-02").rows == []
