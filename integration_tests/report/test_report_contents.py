"""The numbers of the report against answers that are computed without SQL."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.analytics import deal_answers, sales_answers
from integration_tests.analytics.account import Account, changed_account
from integration_tests.analytics.answers import Answers
from integration_tests.report.decoded import assert_same, named, summed
from integration_tests.report.warehouses import RATES, warehouse_of
from sales_report.contents import Contents
from sales_report.dimensions import label_of
from sales_report.queries import month_number, run_queries

Row = dict[str, Any]


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return changed_account(tmp_path_factory.mktemp("account") / "sandbox.db", deals=150)


@pytest.fixture(scope="session")
def answers(account: Account) -> Answers:
    return Answers(account, "EUR", RATES)


@pytest.fixture(scope="session")
def contents(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Row:
    database = warehouse_of(account, tmp_path_factory.mktemp("warehouse"))
    return Contents(run_queries(str(database), "analytics")).for_page()


def unit(currency: str) -> str:
    return "EUR" if currency in RATES else currency


def in_unit(amount: float, currency: str) -> float:
    return amount * RATES.get(currency, 1)


def month_label(day: Any) -> str:
    return label_of(month_number(day.year, day.month))


def test_open_deals_by_stage(contents: Row, answers: Answers) -> None:
    deals = [
        deal
        | {
            "stage": deal["stage_name"],
            "pipeline": deal["pipeline_name"],
            "owner": deal["owner_name"],
            "unit": unit(deal["currency"]),
            "deals": 1,
            "rotten": int(deal["is_rotten"]),
            "value": in_unit(deal["value"], deal["currency"]),
            "weighted": in_unit(deal["weighted_value"], deal["currency"]),
        }
        for deal in deal_answers.deals(answers)
        if deal["status"] == "open" and not deal["is_archived"]
    ]

    keys, numbers = "pipeline stage owner unit", "deals rotten value weighted"
    found = summed(named(contents, "open_stages"), keys, numbers)
    assert_same(found, summed(deals, keys, numbers))


def test_closed_deals_of_owners_by_month(contents: Row, answers: Answers) -> None:
    rows = [
        row
        | {
            "owner": answers.users[row["owner_id"]],
            "month": month_label(row["period_start"]),
            "won": row["deals_won"],
            "lost": row["deals_lost"],
            "unit": unit(row["currency"]),
            "won_value": in_unit(row["won_value"], row["currency"]),
            "lost_value": in_unit(row["lost_value"], row["currency"]),
        }
        for row in sales_answers.owner_amounts(answers)
        if row["period"] == "month" and row["deals_won"] + row["deals_lost"]
    ]

    keys, numbers = "owner month unit", "won lost won_value lost_value"
    assert_same(summed(named(contents, "closed"), keys, numbers), summed(rows, keys, numbers))


def test_days_to_win(contents: Row, answers: Answers) -> None:
    expected = [
        round(deal["days_to_win"])
        for deal in deal_answers.deals(answers)
        if deal["status"] == "won"
    ]

    found = [day for *_, days in contents["cycles"] for day in days]
    assert expected
    # half days may be rounded up or down
    assert all(
        abs(one - other) <= 1 for one, other in zip(sorted(found), sorted(expected), strict=True)
    )


def test_funnel_by_month(contents: Row, answers: Answers) -> None:
    rows = [
        {
            "pipeline": answers.pipelines[row["pipeline_id"]]["name"],
            "stage": answers.stages[row["stage_id"]]["name"],
            "month": month_label(row["entry_month"]),
            "entered": row["deals_entered"],
            "advanced": row["deals_advanced"],
            "lost": row["deals_lost"],
            "still_open": row["deals_open"],
            "won": row["deals_won"],
            "advance_days": (row["avg_days_to_advance"] or 0) * row["deals_advanced"],
        }
        for row in deal_answers.funnel(answers)
    ]

    keys, numbers = "pipeline stage month", "entered advanced lost still_open won advance_days"
    assert_same(summed(named(contents, "funnel"), keys, numbers), summed(rows, keys, numbers))


def test_forecast_by_month(contents: Row, answers: Answers) -> None:
    now = month_number(answers.now.year, answers.now.month)

    def due(row: Row) -> str:
        if row["expected_close_month"] is None:
            return "No date"
        month = month_number(row["expected_close_month"].year, row["expected_close_month"].month)
        if row["is_overdue"]:
            return "Overdue"
        return "Later" if month >= now + 12 else label_of(month)

    rows = [
        {
            "pipeline": answers.pipelines[row["pipeline_id"]]["name"],
            "due": due(row),
            "unit": unit(row["currency"]),
            "deals": row["deals"],
            "value": in_unit(row["value"], row["currency"]),
            "weighted": in_unit(row["weighted_value"], row["currency"]),
            "historic": in_unit(row["historic_value"], row["currency"]),
        }
        for row in deal_answers.forecast(answers)
    ]

    keys, numbers = "pipeline due unit", "deals value weighted historic"
    assert_same(summed(named(contents, "open_months"), keys, numbers), summed(rows, keys, numbers))


def test_activities_of_owners_by_month(contents: Row, answers: Answers) -> None:
    rows = [
        {
            "owner": answers.users[row["owner_id"]],
            "month": month_label(row["period_start"]),
            "activities": row["activities_done"],
        }
        for row in sales_answers.owner_performance(answers)
        if row["period"] == "month"
    ]

    keys, numbers = "owner month", "activities"
    assert_same(summed(named(contents, "activities"), keys, numbers), summed(rows, keys, numbers))


def test_leads(contents: Row, answers: Answers) -> None:
    rows = [
        {"still_open": 0, "archived": 0, "converted": 0}
        | {lead["status"].replace("open", "still_open"): 1}
        for lead in sales_answers.leads(answers)
    ]

    numbers = "still_open archived converted"
    assert_same(summed(named(contents, "leads"), "", numbers), summed(rows, "", numbers))


def test_rotten_deals(contents: Row, answers: Answers) -> None:
    expected = {
        (deal["title"], deal["owner_name"], deal["stage_name"], deal["value"])
        for deal in deal_answers.deals(answers)
        if deal["is_rotten"]
    }

    assert expected
    assert {
        (
            deal["title"],
            contents["owners"][deal["owner"]],
            contents["stages"][deal["stage"]]["name"],
            deal["value"],
        )
        for row in contents["rotten"]["rows"]
        for deal in [dict(zip(contents["rotten"]["columns"], row, strict=True))]
    } == expected
