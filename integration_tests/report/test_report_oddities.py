"""The hand-made account in the report: nasty names, missing owners, two currencies, no rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from click.testing import CliRunner

from integration_tests.analytics.package import ROOT
from integration_tests.analytics.tables import write_postgres
from integration_tests.report.browser import ReportPage, running_browser
from integration_tests.report.decoded import Sums, assert_same, named, summed
from integration_tests.report.warehouses import (
    NASTY,
    hand_made_warehouse,
    nasty_tables,
    written_report,
)
from sales_report.__main__ import main
from sales_report.contents import Contents
from sales_report.dimensions import MOST_OWNERS, distinct
from sales_report.page import render
from sales_report.queries import run_queries
from unit_tests.inbox.postgres import running_postgres

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]


@pytest.fixture(scope="session")
def hand_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hand_made_warehouse(tmp_path_factory.mktemp("hand_made"))


#: Of the hand-made account: pounds have no rate, a dollar is half a euro.
OPEN_BY_UNIT: Sums = {
    ("EUR",): {"deals": 11, "value": 1910, "weighted": 902},
    ("GBP",): {"deals": 1, "value": 100, "weighted": 20},
}


def test_currencies_without_a_rate_stay_apart(hand_made: Path) -> None:
    contents = Contents(run_queries(str(hand_made), "analytics")).for_page()

    assert contents["units"] == ["EUR", "GBP"]
    found = summed(named(contents, "open_stages"), "unit", "deals value weighted")
    assert_same(found, OPEN_BY_UNIT)
    closed = summed(named(contents, "closed"), "unit", "won lost won_value lost_value")
    assert closed == {("EUR",): {"won": 4, "lost": 1, "won_value": 560, "lost_value": 100}}


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for this Python")
def test_make_report_on_postgresql_with_rates() -> None:
    with running_postgres() as server:
        dest = server.new_database().replace("postgresql://", "postgres://")
        write_postgres(dest, nasty_tables())
        build = [sys.executable, "-m", "demo", "analytics", "--dest", dest]
        subprocess.run([*build, "--rates", "USD=0.5"], cwd=ROOT, check=True, capture_output=True)
        contents = Contents(run_queries(dest, "analytics"))

        assert "<h1>Sales report</h1>" in render(contents)
        found = summed(named(contents.for_page(), "open_stages"), "unit", "deals value weighted")
        assert_same(found, OPEN_BY_UNIT)
        wrong = subprocess.run(
            [*build, "--rates", "half"], cwd=ROOT, check=False, capture_output=True, text=True
        )
        assert "'half' is not of the form USD=0.92,GBP=1.17." in wrong.stderr


def test_what_has_no_owner_or_was_deleted_has_a_name(hand_made: Path) -> None:
    contents = Contents(run_queries(str(hand_made), "analytics")).for_page()

    assert {"No owner", "Owner 77"} <= set(contents["owners"])
    assert contents["owners"][-1] == "No owner"
    assert "Stage 99" in [stage["name"] for stage in contents["stages"]]


def test_two_of_the_same_name_get_their_ids() -> None:
    assert distinct({1: "Ada", 2: "Ada", 3: "Grace"}) == {1: "Ada (1)", 2: "Ada (2)", 3: "Grace"}


class Scripts(HTMLParser):
    """The scripts of a page, and all addresses in it that a browser would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self._is_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_script = tag == "script"
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        if self._is_script:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False


def test_names_of_the_account_stay_text(hand_made: Path) -> None:
    html = written_report(hand_made).read_text("utf-8")

    scripts = Scripts(html)
    assert len(scripts.texts) == 3
    owners = json.loads(scripts.texts[0])["owners"]
    assert f"Ada {NASTY}" in owners
    assert "<!--" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert scripts.addresses == []
    assert "url(" not in html.partition("</style>")[0]


def test_the_report_says_what_was_not_synced(hand_made: Path) -> None:
    html = written_report(hand_made).read_text("utf-8")

    missing = re.search(r"Streams that were not synced.*?: (.*?)\.\s", html, re.DOTALL)
    assert missing
    assert {"files", "notes", "person_changelog"} <= set(missing[1].split(", "))
    assert "deals" not in missing[1].split(", ")
    assert "The last row was read from Pipedrive on 10 March 2026, 10:00 UTC." in html
    assert "The dbt models were built on 10 March 2026, 12:00 UTC." in html
    assert "the funnel shows too few" not in html


def changed(database: Path, folder: Path, *statements: str) -> Path:
    """A copy of a warehouse in which rows of models were changed."""
    # the views in it contain the name of the file
    copied = folder / database.name
    shutil.copy(database, copied)
    with duckdb.connect(str(copied)) as connection:
        for statement in statements:
            connection.execute(statement)
    return copied


def test_a_warehouse_without_rows(hand_made: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(hand_made), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'analytics'"
            " AND table_type = 'BASE TABLE' AND table_name <> 'int_pipedrive__streams'"
        ).fetchall()
    sources = ["deals", "users", "stages", "pipelines"]
    empty = changed(
        hand_made,
        tmp_path,
        *(f"DELETE FROM analytics.{table}" for (table,) in tables),
        *(f"DELETE FROM main.{source}" for source in sources),
        "UPDATE analytics.int_pipedrive__streams SET is_synced = false WHERE stream IN"
        " ('leads', 'deal_changelog', 'events')",
    )

    html = written_report(empty).read_text("utf-8")
    assert "There are no deals in this warehouse" in html
    assert "There are no leads: the stream <code>leads</code> was not synced." in html
    assert "the funnel shows too few deals in earlier stages" in html


def test_many_owners_and_old_months_are_cut(hand_made: Path, tmp_path: Path) -> None:
    many = changed(
        hand_made,
        tmp_path,
        "INSERT INTO analytics.pipedrive__deals BY NAME SELECT * EXCLUDE (n) REPLACE"
        " (1000 + n AS deal_id, 1000 + n AS owner_id, TIMESTAMP '2026-03-01' AS won_time)"
        " FROM analytics.pipedrive__deals, range(100) AS numbers(n) WHERE deal_id = 2",
        "INSERT INTO analytics.pipedrive__deals BY NAME SELECT * REPLACE"
        " (5000 AS deal_id, TIMESTAMP '2001-01-01' AS won_time)"
        " FROM analytics.pipedrive__deals WHERE deal_id = 2",
    )

    contents = Contents(run_queries(str(many), "analytics"))
    page = contents.for_page()
    assert len(page["owners"]) == MOST_OWNERS + 1
    assert page["owners"][-1] == "54 other owners"
    assert contents.dimensions.earlier_months_are_missing
    assert "Months before Apr 2021 are not in this report." in render(contents)
    won = sum(row["won"] for row in named(page, "closed"))
    assert won == 4 + 100


def test_each_mistake_is_one_sentence_that_says_what_to_do(hand_made: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "rows.duckdb")) as connection:
        connection.execute("CREATE TABLE deals (id integer)")
    unsynced = changed(
        hand_made, tmp_path, "UPDATE analytics.int_pipedrive__streams SET is_synced = false"
    )

    mistakes: dict[str | Path, str] = {
        tmp_path / "none.duckdb": "There is no file",
        tmp_path
        / "rows.duckdb": "no dbt models of this version in the schema analytics. Run `make",
        unsynced: "no table of the connector. Run `make sync`",
        "postgres://me:top-secret@127.0.0.1:1/db": "Connection refused",
        "mysql://me@host/db": "--dest is not usable.",
    }
    for dest, said in mistakes.items():
        run = CliRunner().invoke(main, ["--dest", str(dest), "--output", str(tmp_path / "r.html")])
        assert run.exit_code == 1
        assert said in run.stderr
        assert len(run.stderr.splitlines()) == 1, run.stderr
        assert "top-secret" not in run.stderr
    assert not (tmp_path / "r.html").exists()


def test_a_browser_shows_nasty_names_as_they_are(hand_made: Path) -> None:
    with running_browser() as browser:
        assert_shows_nasty_names(ReportPage(browser, written_report(hand_made)))


def assert_shows_nasty_names(page: ReportPage) -> None:
    assert page.page.title() == "Sales report, 10 March 2026, 12:00"
    assert f"Ada {NASTY}" in page.choices("owner")
    page.choose(owner=f"Ada {NASTY}", pipeline=f"Sales {NASTY}")
    assert page.table("rotten")[0]["Deal"] == f"Deal 18 {NASTY}"
    assert page.table("stages")[0]["Stage"] == f"Qualified {NASTY}"
    assert page.marks("stages") > 0
    assert page.problems == []
