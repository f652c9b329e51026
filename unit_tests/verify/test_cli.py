"""`verify` says in sentences or JSON what it found, at the price that it announced."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from source_pipedrive.verify.cli import main
from unit_tests.pipedrive import TOKEN, Answer, Api, Request, error, rows, v1_page, v2_page
from unit_tests.verify.conftest import Tables

Row = dict[str, Any]
Verify = Callable[..., Result]
PERSONS = "api/v2/persons"
TIME = "2024-05-01T10:00:00Z"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Tables]:
    with ExitStack() as stack:
        yield Tables(f"duckdb:///{tmp_path}/crm.duckdb", stack)


@pytest.fixture(autouse=True)
def _log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the log of the tests that follow."""
    monkeypatch.setattr(logging, "disable", lambda: None)


@pytest.fixture
def verify(
    api: Api,
    config: Row,
    warehouse: Tables,
    tmp_path: Path,
) -> Verify:
    file = tmp_path / "config.json"

    def invoke(*options: str, **settings: object) -> Result:
        file.write_text(json.dumps(config | settings))
        arguments = [f"--config={file}", f"--dest={warehouse.dest}", *options]
        with api.reachable():
            result = CliRunner().invoke(main, arguments)
        assert TOKEN not in result.output
        return result

    return invoke


def persons(*numbers: int, **columns: object) -> list[Row]:
    return [{"id": one, "name": f"Person {one}", "update_time": TIME} | columns for one in numbers]


def everybody(count: int) -> list[Row]:
    """Persons, one of whom changed after all others: up to then the table is synced."""
    return [*persons(*range(1, count)), *persons(count, update_time="2024-05-02T10:00:00Z")]


def serve(listed: list[Row]) -> Callable[[Request], Answer]:
    """Answer requests for a list of API v2: by ids, or from the newest or the oldest row on."""

    def answer(request: Request) -> Answer:
        query, found = request.query, listed
        if "ids" in query:
            ids = query["ids"].split(",")
            assert len(ids) <= 100
            found = [row for row in listed if str(row["id"]) in ids]
        found = sorted(
            found, key=lambda row: row["id"], reverse=query.get("sort_direction") == "desc"
        )
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        more = str(start + limit) if len(found) > start + limit else None
        return v2_page(found[start : start + limit], next_cursor=more)

    return answer


def test_a_table_that_holds_what_pipedrive_holds_is_right(
    verify: Verify, api: Api, warehouse: Tables
) -> None:
    warehouse.write("persons", persons(1, 2, 3))
    api.answer(PERSONS, v2_page(persons(1, 2, 3)))

    result = verify()

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Comparing 1 table. This costs 10 tokens.",
        (
            "persons: all 3 compared, 0 missing, 0 stale, 0 different, 0 gone: the table is right. "
            "10 tokens."
        ),
        "No wrong row among 3 compared rows of 1 table. 10 tokens.",
    ]


def test_what_is_wrong_is_named_with_its_cause_and_the_remedy(
    verify: Verify, api: Api, warehouse: Tables
) -> None:
    warehouse.write("persons", [*everybody(5)[2:], *persons(2, name="Other"), *persons(99)])
    api.answer(PERSONS, v2_page(everybody(5)))

    result = verify("--full")

    assert result.exit_code == 1
    assert "persons: all 6 compared, 1 missing, 0 stale, 1 different, 1 gone: " in result.output
    assert "  missing: 1. The sync did not bring these rows" in result.output
    assert "  different: 2 (name). Same `update_time`: " in result.output
    assert "  gone: 99. Pipedrive does not show these rows any more" in result.output
    assert result.output.count("Run a full refresh of the stream (overwrite)") == 3


def test_a_sample_asks_for_a_hundred_ids_at_once_and_for_the_newest_rows(
    verify: Verify, api: Api, warehouse: Tables
) -> None:
    everyone = persons(*range(1, 3001))
    warehouse.write("persons", everyone)
    api.serve(PERSONS, serve(everyone))

    document = json.loads(verify("--tokens=50", "--json", "--seed=7").output)

    (stream,) = document["streams"]
    by_ids = [query["ids"].split(",") for query in api.asked(PERSONS) if "ids" in query]
    assert [len(ids) for ids in by_ids] == [100, 100, 100]
    assert document["verdict"] == "clean"
    assert stream["verdict"] == "clean"
    assert not stream["is_complete"]
    assert 0.009 < stream["highest_share_wrong"] < 0.011
    assert document["tokens"] == document["tokens_announced"] == 10 * len(api.asked(PERSONS)) == 40


@pytest.mark.parametrize("lost", [range(1000, 1600), range(2990, 3000)], ids=["old", "newest"])
def test_a_sample_finds_rows_that_the_table_lacks(
    verify: Verify, api: Api, warehouse: Tables, lost: range
) -> None:
    everyone = everybody(3000)[::-1]
    for number, row in enumerate(everyone, 1):
        row["id"] = number
    warehouse.write("persons", [row for row in everyone if row["id"] not in lost])
    api.serve(PERSONS, serve(everyone))

    result = verify("--tokens=50", "--json", "--seed=7")

    (stream,) = json.loads(result.output)["streams"]
    assert result.exit_code == 1
    assert stream["missing"] > 0
    assert stream["highest_share_wrong"] >= len(lost) / 3000
    assert {one["key"] for one in stream["examples"]} <= set(lost)


def test_rows_that_changed_since_the_last_sync_are_no_errors(
    verify: Verify, api: Api, warehouse: Tables
) -> None:
    later = "2024-05-03T10:00:00Z"
    warehouse.write("persons", persons(1, 2))
    api.answer(PERSONS, v2_page([*persons(1), *persons(2, 3, name="New", update_time=later)]))

    result = verify("--full")

    assert result.exit_code == 0
    assert "all 1 compared" in result.output
    assert "(2 changed since the last sync, set aside)" in result.output


def test_children_of_a_hundred_parents_are_requested_together(
    verify: Verify, api: Api, warehouse: Tables
) -> None:
    lines = [{"id": one, "deal_id": one, "quantity": 1, "update_time": TIME} for one in (1, 2, 3)]
    warehouse.write("deals", [{"id": one, "update_time": TIME} for one in (1, 2, 3)])
    warehouse.write("deal_products", lines[:2])
    api.answer("api/v2/deals/products", v2_page(lines))
    for path in ("api/v2/deals", "api/v2/deals/archived"):
        # a second look: did the deal change?
        api.answer(path, v2_page([{"id": 3, "update_time": TIME}] if path[-1] == "s" else []))

    result = verify("--streams=deal_products", "--full")

    assert api.asked("api/v2/deals/products")[0]["deal_ids"] == "1,2,3"
    assert result.exit_code == 1
    assert "all 3 compared, 1 missing" in result.output
    assert "40 tokens, 30 of them for a second look at wrong rows." in result.output


def test_a_lead_is_requested_by_its_own_path(verify: Verify, api: Api, warehouse: Tables) -> None:
    leads = [{"id": f"lead-{one:04}", "title": "Lead", "update_time": TIME} for one in range(1500)]
    warehouse.write("leads", leads)
    api.serve_all(
        lambda request: (
            error(404, "Lead not found")
            if request.path.endswith("lead-0007")
            else v1_page([], start=0)
            if request.path.endswith("leads")
            else Answer(
                json.dumps(
                    {
                        "success": True,
                        "data": leads[int(request.path[-4:])],
                    }
                ).encode()
            )
        )
    )

    result = verify("--tokens=75", "--json", "--seed=1", include_archived=False)

    document = json.loads(result.output)
    singles = [one for one in api.requests if "lead-" in one.path]
    pages = [one for one in api.requests if one.path == "v1/leads"]
    assert document["tokens"] == document["tokens_announced"] == 2 * len(singles) + 20 * len(pages)
    assert pages[0].query["start"] != "0"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--streams=nonsense"], "There is no stream nonsense"),
        (["--streams=deals"], "deals: not compared. The schema main of the warehouse has no table"),
        (["--full", "--tokens=5"], "All rows cost 10 tokens, more than --tokens 5 allows"),
        (["--streams=persons", "--tokens=5"], "persons (10)"),
    ],
)
def test_what_cannot_be_told_costs_nothing(
    verify: Verify, warehouse: Tables, options: list[str], said: str
) -> None:
    warehouse.write("persons", persons(1, 2))

    result = verify(*options)

    assert result.exit_code == 2
    assert said in result.output


def test_a_refusal_of_one_stream_leaves_the_others(
    verify: Verify, api: Api, warehouse: Tables
) -> None:
    warehouse.write("persons", persons(1))
    warehouse.write("pipelines", rows("pipelines", [1]))
    api.answer(PERSONS, error(403, "Forbidden"))
    api.answer("api/v2/pipelines", v2_page(rows("pipelines", [1])))

    result = verify()

    assert result.exit_code == 2
    assert "persons: not compared. The owner of the API key may not read persons" in result.output
    assert "pipelines: all 1 compared" in result.output


def test_the_reserve_of_the_day_is_not_touched(verify: Verify, api: Api, warehouse: Tables) -> None:
    everyone = persons(*range(1, 1201))
    warehouse.write("persons", everyone)
    limits = {"x_daily_ratelimit_token_limit": 1000, "x_daily_ratelimit_token_remaining": 110}
    api.answer(PERSONS, v2_page(everyone[:500], next_cursor="500").with_headers(**limits))

    result = verify("--full")

    assert result.exit_code == 2
    assert "Stopped to keep 10% of the company's daily API tokens" in result.output


def test_a_rejected_key_is_one_sentence(verify: Verify, api: Api, warehouse: Tables) -> None:
    warehouse.write("persons", persons(1))
    api.answer(PERSONS, error(401, "unauthorized access"))

    result = verify()

    assert result.exit_code == 2
    assert "Pipedrive rejected the API key" in result.output


def test_a_bad_setting_is_refused_before_any_request(verify: Verify, warehouse: Tables) -> None:
    warehouse.write("persons", persons(1))

    result = verify(start_date="yesterday")

    assert result.exit_code == 2
    assert "`start_date`" in result.output


def test_the_address_can_come_from_the_environment(
    api: Api, config: Row, warehouse: Tables, tmp_path: Path
) -> None:
    warehouse.write("persons", persons(1))
    api.answer(PERSONS, v2_page(persons(1)))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))

    with api.reachable():
        result = CliRunner().invoke(
            main, [f"--config={file}"], env={"SOURCE_PIPEDRIVE_DEST": warehouse.dest}
        )

    assert result.exit_code == 0
