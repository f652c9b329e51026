"""The cost of a sync in requests, tokens, and parsed answers. Seconds are for the benchmarks."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from pipedrive_sandbox.endpoints.operations import by_path
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.fake_list import V2List
from unit_tests.pipedrive import Api, Request, Row, error, page, rows, spell, v2_page

PAGE = 500
# `x-token-cost` of GET /api/v2/deals/{id}/products, which the connector does not use
PRODUCTS_OF_ONE_DEAL = 10

TIME = "2024-05-01T10:00:00Z"
KEYS = ("fields_of", "labels_of")
REFERENCE_PARENTS = {
    child: given["$parameters"]["parent"]
    for child, given in catalog.STREAMS.items()
    if "parent" in given["$parameters"] and not catalog.cursor_field(given["$parameters"]["parent"])
}


def tokens(requests: Iterable[Request]) -> int:
    """The token cost of requests by the table of the sandbox, which is not the connector's."""
    return sum(by_path()[f"/{request.path}"]["GET"].cost for request in requests)


def paths(stream: str) -> set[str]:
    """The paths of the lists of a stream."""
    archived = stream in catalog.archivable()
    return {catalog.path(stream), catalog.path(stream, archived=archived)}


def people(count: int) -> list[Row]:
    """Persons who changed one after the other up to now. Every hundredth never changed."""
    began = datetime.now(UTC) - timedelta(minutes=count)
    return [
        {
            "id": number,
            "update_time": f"{began + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"
            if number % 100
            else None,
        }
        for number in range(1, count + 1)
    ]


def account(api: Api, streams: Iterable[str]) -> None:
    """Answer every list of the streams with the same two rows."""
    for stream in streams:
        times = {"update_time": spell(stream, TIME)} if catalog.cursor_field(stream) else {}
        answer = page(stream, rows(stream, [1, 2], name="a label", deal_id=1, **times))
        for path in paths(stream):
            api.serve(path, lambda _, answer=answer: answer)  # type: ignore[misc]


@pytest.mark.parametrize(
    "count",
    [1_500, 1_501, 2_000, 2_300, 10_000, 95_000, 125_000],
    ids=lambda count: f"{count} rows",
)
def test_a_list_costs_at_most_five_percent_more_requests_than_its_pages(
    count: int, api: Api, read: Read
) -> None:
    everybody = people(count)
    api.serve("api/v2/persons", V2List(everybody))

    output = read("persons")

    assert {row["id"] for row in output.records("persons")} == {row["id"] for row in everybody}
    assert len(api.requests) <= math.ceil(count / PAGE) * 1.05


def test_each_answer_is_parsed_once(api: Api, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [v2_page(rows("persons", [1], name="Ada"), next_cursor="next")]
    answers += [v2_page(rows("persons", [2], name="Bob"))]
    api.answer("api/v2/persons", *answers)
    parsed: Counter[bytes] = Counter()
    for library in (json, orjson):
        parse = library.loads

        def count(text: Any, *args: Any, parse: Any = parse, **options: Any) -> Any:
            parsed[text if isinstance(text, bytes) else bytes(text, "utf-8")] += 1
            return parse(text, *args, **options)

        monkeypatch.setattr(library, "loads", count)

    read("persons")

    assert [parsed[answer.body] for answer in answers] == [1, 1]


def test_field_definitions_are_read_once_for_all_streams(api: Api, read: Read) -> None:
    given = {name: spec.parameters for name, spec in catalog.SPECS.items()}
    readers = {name for name, parameters in given.items() if "fields_of" in parameters}
    defining = {
        parameters[key] for parameters in given.values() for key in KEYS if key in parameters
    }
    account(api, readers | defining)

    read(*readers, *defining, custom_fields="columns")

    asked = Counter(request.path for request in api.requests)
    assert {asked[catalog.path(name)] for name in defining} == {1}


def test_an_idle_account_costs_at_most_400_tokens_for_the_suggested_streams(
    api: Api, read: Read
) -> None:
    account(api, SUGGESTED_STREAMS)
    first = read(*SUGGESTED_STREAMS, custom_fields="columns")
    assert first.exit_code == 0
    before = len(api.requests)
    incremental = [name for name in SUGGESTED_STREAMS if catalog.cursor_field(name)]
    state = {name: first.state(name) for name in incremental}

    read(*SUGGESTED_STREAMS, state=state, custom_fields="columns")

    assert tokens(api.requests[before:]) <= 400


def test_parents_are_not_listed_again_when_their_stream_is_selected(api: Api, read: Read) -> None:
    account(api, SUGGESTED_STREAMS)

    read(*SUGGESTED_STREAMS, custom_fields="columns")

    asked = Counter(request.path for request in api.requests)
    assert {path: asked[path] for path in paths("deals")} == dict.fromkeys(paths("deals"), 1)


@pytest.mark.parametrize("child", REFERENCE_PARENTS)
def test_reference_data_is_read_once_for_itself_and_its_child_stream(
    child: str, api: Api, read: Read
) -> None:
    parent = REFERENCE_PARENTS[child]
    api.answer(catalog.path(parent), page(parent, []))

    read(parent, child)

    assert len(api.requests) == 1


@pytest.mark.parametrize("child", ["role_assignments", "permission_set_assignments"])
def test_reference_data_that_fails_is_requested_once(child: str, api: Api, read: Read) -> None:
    parent = REFERENCE_PARENTS[child]
    api.answer(catalog.path(parent), error(403, "Forbidden"))

    output = read(parent, child)

    assert {output.status(stream) for stream in (parent, child)} == {"INCOMPLETE"}
    assert len(api.requests) == 1


@pytest.mark.parametrize("stream", ["deal_products", "deal_installments"])
def test_children_of_a_hundred_deals_cost_a_fiftieth_of_requests_deal_by_deal(
    stream: str, api: Api, read: Read
) -> None:
    deals = range(1, 451)
    api.answer("api/v2/deals", v2_page(rows("deals", deals)))
    api.serve(
        catalog.path(stream),
        lambda request: v2_page(
            rows(stream, map(int, request.query["deal_ids"].split(",")), deal_id=1)
        ),
    )

    output = read(stream, include_archived=False)

    asked = [request for request in api.requests if request.path == catalog.path(stream)]
    assert len(output.records(stream)) == len(deals)
    assert tokens(asked) <= len(deals) * PRODUCTS_OF_ONE_DEAL / 50
