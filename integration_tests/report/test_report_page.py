"""The report in a browser without a network, against SQL on the same warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from integration_tests.analytics.account import changed_account
from integration_tests.report.browser import ReportPage, number, running_browser
from integration_tests.report.warehouses import report, warehouse_of, written_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

CHARTS = ("stages", "funnel", "win_rate", "cycle", "won", "forecast", "owners", "activities")
EMPTY = "\N{EN DASH}"
IS_OPEN = "status = 'open' AND NOT is_archived"
#: An amount in euros, as a reader has it who chose the euro.
EUROS = "coalesce(value_converted, 0)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Path:
    assert browser.is_connected()
    account = changed_account(tmp_path_factory.mktemp("account") / "sandbox.db", deals=150)
    return warehouse_of(account, tmp_path_factory.mktemp("warehouse"))


@pytest.fixture(scope="module")
def file(database: Path) -> Path:
    page = database.with_suffix(".html")
    run = report("--dest", database, "--output", page)
    assert run.stdout.splitlines()[-1] == page.as_uri()
    return page


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[ReportPage]:
    opened = ReportPage(browser, file)
    yield opened
    assert opened.problems == []
    assert opened.requests == [file.as_uri()]
    opened.close()


def query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def one(database: Path, what: str, where: str, table: str = "pipedrive__deals") -> Any:
    ((value,),) = query(database, f"SELECT {what} FROM analytics.{table} WHERE {where}")
    return value or 0


def total(rows: list[dict[str, str]], column: str) -> float:
    return sum(number(row[column]) for row in rows)


def assert_shows(page: ReportPage, database: Path, where: str, first: str, last: str) -> None:
    """Compare the headlines and tables with deals that satisfy a condition, closed in months."""
    is_won = f"{where} AND status = 'won' AND won_time >= '{first}' AND won_time < '{last}'"
    is_lost = f"{where} AND status = 'lost' AND lost_time >= '{first}' AND lost_time < '{last}'"
    won, lost = (one(database, "count(*)", condition) for condition in (is_won, is_lost))
    stages, outcomes, owners = (page.table(name) for name in ("stages", "outcomes", "owners"))
    headlines = page.headlines()

    assert won
    assert total(stages, "Open deals") == one(database, "count(*)", f"{where} AND {IS_OPEN}")
    value = one(database, f"sum({EUROS})", f"{where} AND {IS_OPEN}")
    assert total(stages, "Open value") == pytest.approx(value, abs=len(stages))
    assert total(page.table("forecast"), "Open value") == pytest.approx(value, abs=20)
    assert total(outcomes, "Won") == total(owners, "Won") == won
    assert total(outcomes, "Lost") == total(owners, "Lost") == lost
    won_value = one(database, f"sum({EUROS})", is_won)
    assert total(outcomes, "Won value") == pytest.approx(won_value, abs=len(outcomes))
    assert headlines["Win rate"] == f"{won / (won + lost):.1%}"
    cycle = one(database, "median(round(days_to_win))", is_won)
    assert number(headlines["Sales cycle"]) == pytest.approx(cycle, abs=1)


def test_the_first_view_shows_twelve_months_of_the_whole_account(
    page: ReportPage, database: Path
) -> None:
    assert_shows(page, database, "true", "2025-04-01", "2026-04-01")
    assert [row["Month"] for row in page.table("outcomes")][::11] == ["Apr 2025", "Mar 2026"]
    assert "all pipelines, all owners, Apr 2025 to Mar 2026, amounts in EUR" in page.text("header")
    assert {name: page.marks(name) > 0 for name in CHARTS} == dict.fromkeys(CHARTS, True)


def test_each_filter_changes_the_numbers(page: ReportPage, database: Path) -> None:
    ((owner, pipeline),) = query(
        database,
        "SELECT owner_name, pipeline_name FROM analytics.pipedrive__deals WHERE status = 'won'"
        " AND year(won_time) = 2025 GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 1",
    )

    page.choose(period="2025")
    assert_shows(page, database, "true", "2025-01-01", "2026-01-01")
    page.choose(pipeline=pipeline)
    where = f"pipeline_name = '{pipeline}'"
    assert_shows(page, database, where, "2025-01-01", "2026-01-01")
    page.choose(owner=owner)
    where += f" AND owner_name = '{owner}'"
    assert_shows(page, database, where, "2025-01-01", "2026-01-01")
    assert f"Shown: {pipeline}, {owner}, Jan 2025 to Dec 2025" in page.text("header")
    page.choose(pipeline="All pipelines", owner="All owners")
    assert_shows(page, database, "true", "2025-01-01", "2026-01-01")


def test_funnel_activities_and_leads_follow_the_filters(page: ReportPage, database: Path) -> None:
    page.choose(period="2025", owner=page.choices("owner")[1])
    owner = page.choices("owner")[1]
    ((owner_id,),) = query(
        database, f"SELECT user_id FROM analytics.stg_pipedrive__users WHERE name = '{owner}'"
    )
    year = "BETWEEN DATE '2025-01-01' AND DATE '2025-12-31'"

    entered = query(
        database,
        "SELECT stages.stage_name, count(DISTINCT (stages.deal_id, stages.stage_id))"
        " FROM (SELECT deal_id, stage_id, stage_name, pipeline_name, stage_order_nr,"
        " min(entered_at) AS first FROM analytics.pipedrive__deal_stages GROUP BY ALL) AS stages"
        " JOIN analytics.pipedrive__deals AS deals USING (deal_id)"
        f" WHERE deals.owner_id = {owner_id} AND CAST(stages.first AS date) {year} GROUP BY 1",
    )
    shown: dict[str, float] = {}
    for row in page.table("funnel"):
        stage = row["Stage"].partition(": ")[2]
        shown[stage] = shown.get(stage, 0) + number(row["Entered"])
    assert {name: value for name, value in shown.items() if value} == dict(entered)
    done = one(
        database,
        "count(*)",
        f"owner_id = {owner_id} AND is_done AND CAST(done_at AS date) {year}",
        "pipedrive__activities",
    )
    assert total(page.table("activities"), "Sum") == done
    leads = one(
        database,
        "count(*)",
        f"owner_id = {owner_id} AND CAST(coalesce(add_time, converted_at) AS date) {year}",
        "pipedrive__leads",
    )
    assert total(page.table("leads"), "Leads") == leads
    assert total(page.table("sources"), "Leads") == leads


def test_amounts_of_another_currency(page: ReportPage, database: Path) -> None:
    page.choose(unit="GBP")

    pounds = one(database, "sum(value)", f"{IS_OPEN} AND currency = 'GBP'")
    assert pounds
    stages = page.table("stages")
    assert total(stages, "Open value") == pytest.approx(float(pounds), abs=len(stages))
    assert stages[0]["Open value"].startswith("£")
    assert total(stages, "Open deals") == one(database, "count(*)", IS_OPEN)
    (row,) = [row for row in page.table("currencies") if row["Currency"] == "GBP"]
    assert number(row["Open value"]) == pytest.approx(float(pounds), abs=1)


def test_rotten_deals_are_sorted_by_value(page: ReportPage, database: Path) -> None:
    expected = query(
        database,
        "SELECT title, owner_name FROM analytics.pipedrive__deals WHERE is_rotten"
        " ORDER BY value_converted DESC NULLS LAST, value DESC LIMIT 25",
    )

    rows = page.table("rotten")
    assert [(row["Deal"], row["Owner"]) for row in rows] == expected
    assert all(row["Next activity"] for row in rows)


def test_every_chart_has_a_name_and_every_filter_a_label(page: ReportPage) -> None:
    for chart in CHARTS:
        assert page.page.locator(f"#chart-{chart}[role][aria-label]").count() == 1
    for label in ("Pipeline", "Owner", "Period", "Currency"):
        assert page.page.get_by_label(label, exact=True).count() == 1
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.name") == "pipeline"
    assert page.page.evaluate("document.querySelectorAll('details[open]').length") == 0
    page.page.get_by_role("button", name="Open all tables").press("Enter")
    assert page.page.evaluate("document.querySelectorAll('details:not([open])').length") == 0


def test_a_phone_shows_the_page_without_scrolling_sideways(browser: Browser, file: Path) -> None:
    phone = ReportPage(browser, file, viewport={"width": 390, "height": 844}, color_scheme="dark")

    phone.page.get_by_role("button", name="Open all tables").click()
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    assert phone.problems == []
    phone.close()


def test_dark_mode_and_print_change_the_colors_of_the_charts(page: ReportPage) -> None:
    def brightness(selector: str, color: str) -> float:
        values = page.page.locator(selector).first.evaluate(
            f"element => getComputedStyle(element).{color}.match(/[0-9.]+/g).slice(0, 3)"
        )
        return sum(map(float, values)) / 3

    page.page.emulate_media(color_scheme="light")
    assert brightness("body", "backgroundColor") > 200
    assert brightness("#chart-stages svg text", "fill") < 60
    page.page.emulate_media(color_scheme="dark")
    assert brightness("body", "backgroundColor") < 60
    assert brightness("#chart-stages svg text", "fill") > 200
    page.page.emulate_media(color_scheme="dark", media="print")
    assert brightness("body", "backgroundColor") == 255
    assert brightness("#chart-stages svg text", "fill") < 50
    assert not page.page.locator("#filters").is_visible()
    assert page.page.locator("#selection").is_visible()


def test_a_warehouse_without_deals_has_a_page(
    browser: Browser, database: Path, tmp_path: Path
) -> None:
    copied = tmp_path / database.name
    copied.write_bytes(database.read_bytes())
    with duckdb.connect(str(copied)) as connection:
        for table in ("deals", "activities", "leads"):
            connection.execute(f"DELETE FROM analytics.pipedrive__{table}")
        for table in ("stage_entries", "stage_win_rates", "currency_rates"):
            connection.execute(f"DELETE FROM analytics.int_pipedrive__{table}")
    page = ReportPage(browser, written_report(copied))

    assert page.headlines()["Win rate"] == EMPTY
    assert "There are no deals in this warehouse" in page.text("main")
    assert page.problems == []
    page.close()
