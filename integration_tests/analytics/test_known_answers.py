"""The marts against answers that are computed without SQL, cell by cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from integration_tests.analytics import deal_answers, sales_answers
from integration_tests.analytics.account import Account, changed_account
from integration_tests.analytics.answers import Answers
from integration_tests.analytics.package import PROJECT, dbt
from integration_tests.analytics.tables import read_columns, read_rows, write_tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, Any]
#: USD, GBP and the others have no rate, so that sums with them are unknown.
RATES = {"USD": 0.5}
MARTS: dict[str, tuple[Callable[[Answers], list[Row]], tuple[str, ...]]] = {
    "deals": (deal_answers.deals, ("deal_id",)),
    "deal_stages": (deal_answers.deal_stages, ("deal_id", "position")),
    "deal_history": (deal_answers.deal_history, ("deal_id", "field", "position")),
    "funnel": (deal_answers.funnel, ("stage_id", "entry_month")),
    "forecast": (deal_answers.forecast, ("expected_close_month", "pipeline_id", "currency")),
    "owner_performance": (
        sales_answers.owner_performance,
        ("owner_id", "period", "period_start"),
    ),
    "owner_amounts": (
        sales_answers.owner_amounts,
        ("owner_id", "period", "period_start", "currency"),
    ),
    "activities": (sales_answers.activities, ("activity_id",)),
    "daily_activity": (sales_answers.daily_activity, ("day", "user_id")),
    "leads": (sales_answers.leads, ("lead_id",)),
    "organizations": (sales_answers.organizations, ("organization_id",)),
    "persons": (sales_answers.persons, ("person_id",)),
    "products_sold": (sales_answers.products_sold, ("product_id", "product_name", "currency")),
    "recurring_revenue": (
        sales_answers.recurring_revenue,
        ("month", "pipeline_id", "currency"),
    ),
    "goals": (sales_answers.goals, ("goal_id", "period_start")),
}


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account with edits, merges, deletions, and archived deals."""
    return changed_account(tmp_path_factory.mktemp("account") / "sandbox.db", deals=150)


@pytest.fixture(scope="session")
def warehouse(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with the tables of the account, and the marts that dbt built of them."""
    folder = tmp_path_factory.mktemp("warehouse")
    database = folder / "pipedrive.duckdb"
    write_tables(database, account.tables())
    variables = {"pipedrive_now": str(account.now), "pipedrive_rates": RATES}
    dbt("run", folder, {"PIPEDRIVE_DUCKDB": str(database)}, variables)
    return database


@pytest.fixture(scope="session")
def answers(account: Account) -> Answers:
    return Answers(account, "EUR", RATES)


@pytest.mark.parametrize("mart", MARTS)
def test_every_cell_is_what_the_account_says(warehouse: Path, answers: Answers, mart: str) -> None:
    compute, key = MARTS[mart]
    found = read_rows(warehouse, f"pipedrive__{mart}")
    rows = {tuple(row[name] for name in key): row for row in found}
    expected = {tuple(row[name] for name in key): row for row in compute(answers)}

    assert expected
    assert len(rows) == len(found)
    assert rows.keys() == expected.keys()
    wrong = [
        f"{key}: {name} is {rows[key][name]!r}, not {value!r}"
        for key, row in expected.items()
        for name, value in row.items()
        if not is_same(rows[key][name], value)
    ]
    assert not wrong, "\n".join(wrong[:20])


def is_same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float | int) and not isinstance(expected, bool) and found is not None:
        return math.isclose(float(found), expected, rel_tol=1e-9, abs_tol=1e-6)
    return bool(found == expected)


def test_every_column_is_documented_and_every_model_has_a_tested_key(warehouse: Path) -> None:
    texts = [yaml.safe_load(file.read_text()) for file in PROJECT.glob("models/*/_*.yml")]
    documented = {
        model["name"]: {column["name"]: column for column in model["columns"]}
        for text in texts
        for model in text.get("models", ())
    }

    assert read_columns(warehouse) == {name: set(columns) for name, columns in documented.items()}
    for name, columns in documented.items():
        assert all(column["description"] for column in columns.values())
        tests = [test for column in columns.values() for test in column.get("data_tests", ())]
        assert "not_null" in tests, name
        assert "unique" in tests or not name.startswith("pipedrive__"), name


def test_every_mart_is_compared() -> None:
    marts = {path.stem.removeprefix("pipedrive__") for path in PROJECT.glob("models/marts/*.sql")}

    assert marts == set(MARTS)
