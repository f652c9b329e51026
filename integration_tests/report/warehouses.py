"""Warehouses with dbt models, and the report of one."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from integration_tests.analytics.hand_made_account import NOW, TABLES
from integration_tests.analytics.package import ROOT, dbt
from integration_tests.analytics.tables import write_tables
from sales_report.contents import Contents
from sales_report.page import render
from sales_report.queries import run_queries

if TYPE_CHECKING:
    from pathlib import Path

    from integration_tests.analytics.account import Account

Row = dict[str, Any]
#: The others have no rate.
RATES = {"USD": 0.5}
#: For dbt: the models that the report reads, and those that they are made of.
SELECTED = (
    "--select +pipedrive__deals +pipedrive__activities +pipedrive__leads +int_pipedrive__streams"
    " +int_pipedrive__stage_entries +int_pipedrive__stage_win_rates"
)
#: Names that would leave their place in HTML, JSON, SQL, or an expression of a chart.
NASTY = (
    """</script><script>document.title="broken"</script><!-- 'quoted' "twice" {{ 7*7 }} \\ 😀 Ёж"""
)


def warehouse_of(account: Account, folder: Path) -> Path:
    """A DuckDB file with the tables and the models of an account."""
    database = folder / "pipedrive.duckdb"
    write_tables(database, account.tables())
    variables = {"pipedrive_now": str(account.now), "pipedrive_rates": RATES}
    dbt(f"run {SELECTED}", folder, {"PIPEDRIVE_DUCKDB": str(database)}, variables)
    return database


def nasty_tables() -> dict[str, list[Row]]:
    """The hand-made account, in which everything that the report shows has a nasty name."""
    tables = copy.deepcopy(TABLES)
    for stream in ("users", "pipelines", "stages", "organizations"):
        for row in tables[stream]:
            row["name"] = f"{row['name']} {NASTY}"
    for deal in tables["deals"]:
        deal["title"] = f"{deal['title']} {NASTY}"
    for activity in tables["activities"]:
        activity["subject"] = NASTY
    tables["leads"][0] |= {"source_name": NASTY, "add_time": "2026-03-01T00:00:00Z"}
    return tables


def hand_made_warehouse(folder: Path) -> Path:
    """A DuckDB file with the tables and the models of the hand-made account with nasty names."""
    database = folder / "pipedrive.duckdb"
    write_tables(database, nasty_tables())
    variables = {"pipedrive_now": NOW, "pipedrive_rates": RATES}
    dbt(f"run {SELECTED}", folder, {"PIPEDRIVE_DUCKDB": str(database)}, variables)
    return database


def report(*options: str | Path) -> subprocess.CompletedProcess[str]:
    """Write the report as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "sales_report", *options],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )


def written_report(database: Path) -> Path:
    """Return the report of a warehouse."""
    page = database.with_suffix(".html")
    page.write_text(render(Contents(run_queries(str(database), "analytics"))), "utf-8")
    return page
