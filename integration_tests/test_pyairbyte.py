"""The examples for PyAirbyte in README and docs run as they are printed, and lose no value."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg.rows import dict_row

from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from unit_tests.inbox.postgres import Postgres, running_postgres

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/pyairbyte.md")
BLOCKS = {
    page: re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    for page in PAGES
}
# each once, although the example of the README is on the page, too
EXAMPLES = {
    f"{page} {number}": block
    for page, blocks in BLOCKS.items()
    for number, block in enumerate(blocks, 1)
    if page == PAGES[-1] or block not in BLOCKS[PAGES[-1]]
}
# deals in the warehouse of each example
SUM = "SELECT status, CAST(sum(value) AS bigint) AS value FROM {} GROUP BY status ORDER BY status"


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    with running_sandbox(deals=20, burst=10_000) as running:
        running.control("clock", "POST", freeze=True)
        yield running


@pytest.fixture
def folder(account: RunningSandbox, tmp_path: Path) -> Path:
    """A folder with the config that the examples name."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "config.json").write_text(json.dumps(account.config))
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as running:
        yield running


def run(example: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an example in a process of its own; PATH lacks the folder of the connector."""
    offline = {"DO_NOT_TRACK": "1", "AIRBYTE_LOGGING_ROOT": str(folder), "PATH": "/usr/bin:/bin"}
    inherited = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    return subprocess.run(
        [sys.executable, "-c", example],
        capture_output=True,
        cwd=folder,
        env={**inherited, **offline, **environment},
        text=True,
        timeout=300,
        check=False,
    )


def of_database(example: str, server: Postgres) -> tuple[str, str]:
    """The example with the address of an empty database, which is returned too."""
    url = server.new_database()
    actual = {"port": server.port, "username": '"postgres"', "database": f'"{url.split("/")[-1]}"'}
    for name, value in actual.items():
        example = re.sub(rf"{name}=[^,\n]+", f"{name}={value}", example)
    return example, url


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fills_the_database_that_it_names(
    name: str, folder: Path, account: RunningSandbox, server: Postgres
) -> None:
    example, url = of_database(EXAMPLES[name], server)

    done = run(example, folder)

    assert done.returncode == 0, done.stderr
    if "PostgresCache" in example:
        with psycopg.connect(url, row_factory=dict_row) as connection:
            found = list(connection.execute(SUM.format("pipedrive.deals").encode()))
    else:
        with duckdb.connect(str(folder / "pipedrive.duckdb")) as opened:
            columns = ("status", "value")
            rows = opened.execute(SUM.format("deals")).fetchall()
            found = [dict(zip(columns, row, strict=True)) for row in rows]
    in_pipedrive = Counter[str]()
    for deal in account.copied_rows("deals"):
        in_pipedrive[deal["status"]] += deal["value"]
    assert {row["status"]: row["value"] for row in found} == {
        status: round(value) for status, value in in_pipedrive.items()
    }
    # what the example prints
    assert "won" in done.stdout


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ((3, 12), "The package airbyte is missing. Install PyAirbyte with the connector: "),
        ((3, 13), "PyAirbyte has no release for Python 3.13. Use Python 3.11 or 3.12."),
    ],
)
def test_the_import_says_what_is_missing(
    version: tuple[int, int], message: str, folder: Path
) -> None:
    # None stands for a module that cannot be imported
    program = (
        "import source_pipedrive, sys; sys.modules['airbyte'] = None; "
        f"sys.version_info = {version}; import source_pipedrive.pyairbyte"
    )

    done = run(program, folder)

    assert done.stderr.strip().splitlines()[-1].startswith(f"ImportError: {message}")


def test_both_pages_have_an_example() -> None:
    assert [page for page in PAGES if not BLOCKS[page]] == []
