"""States that earlier versions saved are read as they were meant.

`recorded_states.json` is what the connector saved on 2026-11-28 after a full sync of the sandbox.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, Request, envelope, rows, v2_page

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded_states.json").read_text())
INCREMENTAL = [name for name in RECORDED if catalog.cursor_field(name)]
LISTS = [name for name in INCREMENTAL if not catalog.SPECS[name].parents]
CHILDREN = [name for name in INCREMENTAL if catalog.SPECS[name].parents]


def nothing(_: Request) -> Any:
    return envelope([])


@pytest.mark.parametrize("stream", LISTS)
def test_a_list_resumes_from_its_recorded_bookmarks(stream: str, api: Api, read: Read) -> None:
    api.serve_all(nothing)

    output = read(stream, state={stream: RECORDED[stream]})

    assert output.status(stream) == "COMPLETE"
    assert output.state(stream) == RECORDED[stream]
    incremental = catalog.SPECS[stream].incremental
    assert incremental
    if incremental.since_parameter and catalog.SPECS[stream].older_rows == "filtered":
        bookmark = RECORDED[stream][incremental.cursor_field]
        since = [one.query.get("updated_since", "") for one in api.requests]
        assert all("" < one < bookmark for one in since if "archived" not in RECORDED[stream])


@pytest.mark.parametrize("stream", CHILDREN)
def test_a_child_stream_scans_the_parents_that_changed_since(
    stream: str, api: Api, read: Read
) -> None:
    api.serve_all(nothing)

    output = read(stream, state={stream: RECORDED[stream]}, full_child_refresh_days=36_500)

    before, after = RECORDED[stream], output.state(stream)
    assert output.status(stream) == "COMPLETE"
    assert after["parent_update_time"] >= before["parent_update_time"]
    assert after.keys() == before.keys()


def test_an_interrupted_scan_resumes_behind_the_parents_it_has_done(api: Api, read: Read) -> None:
    scan = {"since": None, "started": "2026-11-28T10:00:00Z", "after": {"live": 2}}
    state = {"full_pass": "2026-11-20T10:00:00Z", "inbox": {"sequence": 7}, "pass": scan}
    api.answer("api/v2/deals", v2_page(rows("deals", [1, 2, 3])))
    api.answer("api/v2/deals/archived", v2_page([]))
    api.answer("api/v2/deals/products", v2_page([]))

    output = read("deal_products", state={"deal_products": state})

    assert [one["deal_ids"] for one in api.asked("api/v2/deals/products")] == ["3"]
    assert output.state("deal_products") == {
        "parent_update_time": scan["started"],
        "full_pass": scan["started"],
        "inbox": {"sequence": 7},
    }


def test_the_state_of_a_list_keeps_what_webhooks_reported(api: Api, read: Read) -> None:
    state = {"update_time": "2026-11-28T10:00:00Z", "inbox": {"sequence": 7}}
    api.answer("api/v2/persons", v2_page([]))

    output = read("persons", state={"persons": state})

    assert output.state("persons") == state
