"""`plan` estimates the minimum token cost of a sync, or says in a sentence why it cannot."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from integration_tests.platform import configured
from source_pipedrive.estimate import main
from unit_tests.pipedrive import TOKEN, Api, error, rows, v1_page, v2_page

Plan = Callable[..., Result]
PERSONS = "api/v2/persons"
COST = 10
LAST_SYNC = {
    "type": "STREAM",
    "stream": {
        "stream_descriptor": {"name": "persons"},
        "stream_state": {"update_time": "2024-05-01T00:00:00Z"},
    },
}


def words(result: Result) -> str:
    """What it printed, without the frames around it and the ends of lines."""
    return " ".join(result.output.translate(dict.fromkeys(map(ord, "│┃"), " ")).split())


@pytest.fixture
def plan(api: Api, config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(logging, "disable", lambda: None)
    # a long path would be broken within the name of the file
    monkeypatch.chdir(tmp_path)

    def invoke(*flags: str, **files: object) -> Result:
        contents: dict[str, object] = {
            "config": config,
            "catalog": {"streams": [configured("persons")]},
        }
        arguments = list(flags)
        for name, content in (contents | files).items():
            file = Path(f"{name}.json")
            file.write_text(json.dumps(content))
            arguments += [f"--{name}", str(file)]
        with api.reachable():
            return CliRunner().invoke(main, arguments)

    return invoke


def test_a_first_sync_costs_the_pages_up_to_the_highest_id(plan: Plan, api: Api) -> None:
    limits = {
        "x-daily-ratelimit-token-limit": "30000",
        "x-daily-ratelimit-token-remaining": "20000",
    }
    api.answer("v1/users/me", v1_page([{"id": 1}]).with_headers(**limits))
    api.answer(PERSONS, v2_page(rows("persons", [1_700])))

    document = json.loads(plan("--json").stdout)

    (persons,) = document["streams"]
    assert (persons["requests"], persons["tokens"]) == (4, 4 * COST)
    assert "1,700 by the highest id" in persons["basis"]
    assert document["tokens"] == 4 * COST
    # those of the question itself are gone
    assert 19_000 < document["tokens_left_today"] < 20_000
    assert document["tokens_reserved"] == 3_000


def test_a_long_sync_takes_the_minutes_that_the_rate_limit_allows(plan: Plan, api: Api) -> None:
    """22,000 requests at 100 in two seconds."""
    api.answer("v1/users/me", v1_page([{"id": 1}]).with_headers(x_ratelimit_limit=100))
    api.answer("api/v2/deals", v2_page(rows("deals", [22_000])))
    changelogs = {"streams": [configured("deal_changelog")]}

    assert "it takes at least 8 minutes" in words(plan(catalog=changelogs))


@pytest.mark.parametrize(
    ("stream", "cost"),
    [("deal_participants", 10), ("role_assignments", 10), ("deal_changelog", 20)],
)
def test_a_child_stream_has_the_cost_of_its_own_path(
    stream: str, cost: int, plan: Plan, api: Api
) -> None:
    api.answer("v1/users/me", v1_page([{"id": 1}]))
    if stream.startswith("deal"):
        api.answer("api/v2/deals", v2_page(rows("deals", [1])))

    document = json.loads(plan("--json", catalog={"streams": [configured(stream)]}).stdout)

    assert document["streams"][0]["requests"] == 1
    assert document["tokens"] == cost


def test_each_list_has_the_cost_of_its_own_path(plan: Plan, api: Api) -> None:
    api.answer("v1/users/me", v1_page([{"id": 1}]))
    state = {
        "type": "STREAM",
        "stream": {
            "stream_descriptor": {"name": "deals"},
            "stream_state": {"update_time": "2024-05-01T00:00:00Z"},
        },
    }

    result = plan("--json", catalog={"streams": [configured("deals")]}, state=[state])

    # a page of the active deals, and a page of the archived ones, which costs 20
    assert json.loads(result.stdout)["tokens"] == 30


def test_a_later_sync_costs_a_page_at_least(plan: Plan, api: Api) -> None:
    api.answer("v1/users/me", v1_page([{"id": 1}]))

    result = plan(state=[LAST_SYNC])

    assert f"persons 1 {COST} at least one page of each list" in words(result)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("files", "phrase"),
    [
        ({"config": {"api_key": ""}}, "`api_key`"),
        ({"config": 5}, "config.json cannot be used. It must contain an object of settings"),
        ({"catalog": {"streams": [{}]}}, "catalog.json cannot be used. It must contain a config"),
        ({"state": {"persons": {}}}, "state.json cannot be used. It must contain a list of state"),
    ],
    ids=["no key", "no settings", "no catalog", "no state"],
)
def test_what_it_cannot_use_is_told_in_a_sentence(
    files: dict[str, object], phrase: str, plan: Plan, api: Api
) -> None:
    result = plan(**files)

    assert phrase in words(result)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert not api.requests


def test_a_state_that_cannot_be_read_is_told_in_a_sentence(plan: Plan, api: Api) -> None:
    descriptor = {"stream_descriptor": {"name": "persons"}}
    state = {"type": "STREAM", "stream": {**descriptor, "stream_state": {"update_time": "May"}}}

    result = plan(state=[state])

    assert "saved state of stream persons cannot be read" in words(result)
    assert result.exit_code == 1
    assert not api.requests


def test_a_refused_key_is_told_in_a_sentence(plan: Plan, api: Api) -> None:
    api.answer("v1/users/me", error(401, "unauthorized access"))

    result = plan()

    assert "rejected the API key" in words(result)
    assert TOKEN not in words(result)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
