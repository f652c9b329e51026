"""`verify` finds in DuckDB and PostgreSQL what was planted there, at the price that it announced.

The tables are written from what the command `read` emits, and compared with the sandbox.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from integration_tests.process import EXECUTABLE
from integration_tests.verify.proof import KINDS, prove
from integration_tests.verify.tables import read_streams, write_table
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.protocol.manifest import packaged_streams
from source_pipedrive.verify.report import StreamReport
from source_pipedrive.verify.verification import verify
from unit_tests.inbox.postgres import running_postgres

# of followers and changelogs, those of deals stand for the others
_ALIKE = ("_followers", "_changelog")
STREAMS = [
    name
    for name in packaged_streams()
    if name != "events" and (name.startswith("deal_") or not name.endswith(_ALIKE))
]
PLANTED = [
    "DELETE FROM persons WHERE id IN (5, 6)",
    "UPDATE deals SET value = coalesce(value, 0) + 1, custom_budget = 7 WHERE id = 2",
    "UPDATE activities SET update_time = add_time, subject = 'old' WHERE id = 4",
    "INSERT INTO organizations SELECT * FROM organizations WHERE id = 3",
    "UPDATE notes SET id = 99999 WHERE id = (SELECT min(id) FROM notes)",
    "DELETE FROM deal_products WHERE id = (SELECT min(id) FROM deal_products)",
    "UPDATE users SET name = 'Somebody else' WHERE id = 2",
]
FOUND = {
    "persons": {"missing": 2},
    "deals": {"different": 1},
    "activities": {"stale": 1},
    "organizations": {"duplicate": 1},
    "notes": {"missing": 1, "gone": 1},
    "deal_products": {"missing": 1},
    "users": {"different": 1},
}


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    """An account in which nothing changes."""
    with running_sandbox(deals=12, burst=0) as running:
        running.control("clock", "POST", freeze=True)
        yield running


@pytest.fixture(scope="module")
def emitted(account: RunningSandbox) -> Any:
    return read_streams(account.config, STREAMS)


@pytest.fixture(params=["DuckDB", "PostgreSQL"])
def dest(request: pytest.FixtureRequest, emitted: Any, tmp_path: Path) -> Iterator[str]:
    if request.param == "DuckDB":
        address = f"duckdb:///{tmp_path}/crm.duckdb"
        for name, (rows, properties) in emitted.items():
            write_table(address, name, rows, properties)
        yield address
        return
    with running_postgres() as server:
        address = server.new_database()
        for name, (rows, properties) in emitted.items():
            write_table(address, name, rows, properties)
        yield address


def plant(dest: str) -> None:
    if dest.startswith("duckdb"):
        with duckdb.connect(dest.removeprefix("duckdb:///")) as database:
            for statement in PLANTED:
                database.execute(statement)
    else:
        with psycopg.connect(dest) as server:
            for statement in PLANTED:
                server.execute(statement.encode())


def counts(report: StreamReport) -> dict[str, int]:
    assert report.outcome is not None, report.reason
    return {str(found): n for found, n in report.outcome.counts.items() if found.is_wrong}


def test_a_clean_account_gives_no_error_and_a_planted_one_all(
    account: RunningSandbox, dest: str
) -> None:
    account.control("counters", "DELETE")

    clean = verify(account.config, dest, full=True)

    spent = account.control("counters")["tokens"]
    assert {one.stream: counts(one) for one in clean.streams if counts(one)} == {}
    assert {one.stream for one in clean.streams} == set(STREAMS)
    assert clean.tokens_announced == clean.tokens == spent

    plant(dest)
    planted = verify(account.config, dest, streams=list(FOUND), full=True)

    assert {one.stream: counts(one) for one in planted.streams} == FOUND
    assert planted.exit_code == 1


@pytest.mark.parametrize("tokens", [120, 300])
def test_a_sample_costs_what_it_announces(
    account: RunningSandbox, emitted: Any, tmp_path: Path, tokens: int
) -> None:
    dest = f"duckdb:///{tmp_path}/crm.duckdb"
    for name, (rows, properties) in emitted.items():
        write_table(dest, name, rows, properties)
    account.control("counters", "DELETE")

    report = verify(account.config, dest, tokens=tokens, seed=5)

    assert report.tokens_announced == report.tokens == account.control("counters")["tokens"]
    assert report.tokens <= tokens
    assert report.exit_code == 0


def test_the_process_prints_one_document_and_no_progress(
    account: RunningSandbox, emitted: Any, tmp_path: Path
) -> None:
    rows, properties = emitted["persons"]
    write_table(f"duckdb:///{tmp_path}/crm.duckdb", "persons", rows[1:], properties)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(account.config))

    done = subprocess.run(
        [EXECUTABLE, "verify", f"--config={config}", "--dest=crm.duckdb", "--json", "--full"],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        check=False,
    )

    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert document["verdict"] == "different"
    assert document["streams"][0]["missing"] == 1
    assert document["streams"][0]["examples"][0]["key"] == rows[0]["id"]


def test_the_bound_covers_the_truth() -> None:
    """The short form of `python -m integration_tests.verify`."""
    with running_sandbox(deals=3000, only="deals", burst=0) as deals:
        cells = list(prove(deals, runs=3, rates=[0.02], tokens=80))

    assert [cell.kind for cell in cells] == ["none", *KINDS]
    assert not any(cell.false_alarms for cell in cells)
    for cell in cells[1:]:
        assert (cell.covered, cell.found) == (cell.runs, cell.runs), cell
