"""`make demo` and `make sync` print only lines of known kinds.

If a line is new and helps the user, add its kind to `KINDS`. If it does not, do not print it:
`demo/progress.py` hides what PyAirbyte prints in a sync without problems.
"""

import json
import math
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from unit_tests.inbox.postgres import running_postgres

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13"
)

ROOT = Path(__file__).parents[1]
KEY = "test-token-1d0c8f2e7a35"

KINDS = {
    "empty": "",
    "heading": "─+ .+ ─+",
    "head of a table": "table  .*",
    "line of a table": "─+",
    "row of a table": r"([a-z_]+|\d+ tables [a-z ]+|total of \d+ tables)(  +[\d,]+)+",
    "rows of a sync": r"Read [\d,]+ rows in \d+ s\.",
    "changes": r"\d+ rows were created or changed in Pipedrive\.",
    "verdict": "All rows compared, none is wrong: .*|Random rows compared, none is wrong; .*"
    "|Not compared, for lack of tokens; .*"
    r"|No wrong row among [\d,]+ compared rows of \d+ tables\. [\d,]+ tokens\.",
    "more tables of a verdict": r"([a-z_]+, )*[a-z_]+\.",
    "tokens": "Each request costs API tokens; .*",
    "repeated rows": "Rows that did not change are read again: .*",
    "query": "Query the tables: .*|-- [A-Z].*|SELECT .*",
    "next step": "Then:|make [a-z-]+ .*",
    "the sandbox": r"pipedrive_sandbox: filled in \d+\.\d s",
}


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    with running_sandbox(deals=20, burst=10_000) as running:
        yield running


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Places for a warehouse, each with something wrong."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "text.duckdb").write_text("no database" * 1000)
    lock = "import duckdb, sys; file = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    with (
        running_postgres() as postgres,
        socket.create_server(("127.0.0.1", 0)) as silent,
        subprocess.Popen(
            [sys.executable, "-c", lock, folder / "open.duckdb"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as program,
    ):
        add_roles(postgres.port)
        assert program.stdout
        program.stdout.readline()
        yield {
            "folder": folder,
            "server": f"127.0.0.1:{postgres.port}",
            "silent": silent.getsockname()[1],
        }


def add_roles(port: int) -> None:
    """Add users to a server that trusts everybody: one of them must give a password."""
    with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}", autocommit=True) as server:
        (file,) = server.execute("SHOW hba_file").fetchone() or ("",)
        rules = "host all etl 127.0.0.1/32 scram-sha-256\nhost all refused 127.0.0.1/32 reject\n"
        Path(file).write_text(rules + Path(file).read_text())
        for role in ("etl", "refused", "poor"):
            server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'another'".encode())
        server.execute("SELECT pg_reload_conf()")


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the demo; stdout and stderr are both in `stdout`."""
    # To measure the coverage of the processes would double their time. The settings of PyAirbyte
    # come from an import in another test.
    environment = {
        name: value
        for name, value in os.environ.items()
        if "COVERAGE" not in name and not name.startswith("AIRBYTE_")
    }
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env={**environment, "COLUMNS": "200"},
        text=True,
        check=False,
    )


def sync(
    folder: Path, config: Mapping[str, Any], dest: str | Path, streams: str = "suggested"
) -> subprocess.CompletedProcess[str]:
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return demo("sync", f"--config={file}", f"--dest={dest}", f"--streams={streams}")


def assert_only_known_lines(run: subprocess.CompletedProcess[str]) -> None:
    assert run.returncode == 0, run.stdout
    unknown = [
        line
        for line in run.stdout.splitlines()
        if not any(re.fullmatch(kind, line.strip()) for kind in KINDS.values())
    ]
    assert not unknown, "\n".join(unknown)


@pytest.fixture(scope="module")
def tour() -> subprocess.CompletedProcess[str]:
    return demo("tour", "--deals=60")


def test_the_demo_prints_only_known_lines(tour: subprocess.CompletedProcess[str]) -> None:
    assert_only_known_lines(tour)


def test_the_demo_fits_a_screen_and_a_half(tour: subprocess.CompletedProcess[str]) -> None:
    lines = tour.stdout.splitlines()

    assert sum(math.ceil(max(len(line), 1) / 100) for line in lines) <= 65
    assert "\x1b" not in tour.stdout, "there are colors without a terminal"


def test_the_queries_of_the_demo_find_rows_in_its_file(
    tour: subprocess.CompletedProcess[str],
) -> None:
    queries = [line for line in tour.stdout.splitlines() if line.startswith("SELECT ")]
    assert len(queries) == 3

    command = [sys.executable, "-m", "demo.query", *queries]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    # each result is a frame around its head and its rows
    assert [len(table.splitlines()) > 5 for table in ran.stdout.strip().split("\n\n")] == [True] * 3


def test_a_sync_prints_only_known_lines(account: RunningSandbox, tmp_path: Path) -> None:
    for _ in range(2):
        assert_only_known_lines(sync(tmp_path, account.config, tmp_path / "crm.duckdb"))


@pytest.mark.parametrize(
    ("dest", "reason"),
    [
        ("postgres://pipedrive:secret@127.0.0.1:1/crm", "Connection refused. No database listens"),
        ("postgres://pipedrive:secret@127.0.0.1:{silent}/crm", "timeout expired. The host does no"),
        ("postgres://pipedrive:secret@host..invalid/crm", "There is no host of this name."),
        (
            "postgres://postgres:secret@{server}/missing",
            'database "missing" does not exist. Create',
        ),
        ("postgres://nobody:secret@{server}/postgres", 'role "nobody" does not exist. Correct the'),
        ("postgres://etl:secret@{server}/postgres", "authentication failed .* Correct the user or"),
        ("postgres://etl@{server}/postgres", "no password supplied. Correct the user or the passw"),
        ("postgres://refused:secret@{server}/postgres", "pg_hba.conf .* Ask its administrator"),
        ("postgres://poor:secret@{server}/postgres", "permission denied .*: GRANT CREATE ON DATAB"),
        (
            "postgres://pipedrive:top@secret@127.0.0.1/crm",
            "is not usable. Write .* such as %40 for",
        ),
        ("postgres://pipedrive:secret@127.0.0.1:port/crm", "is not usable. Write duckdb:///"),
        ("mysql://pipedrive:secret@127.0.0.1/crm", "is not usable. Write duckdb:///"),
        ("{folder}", "Is a directory. Name a file in this folder."),
        ("{folder}/text.duckdb", "not a valid DuckDB database file. Name another file"),
        ("{folder}/text.duckdb/crm.duckdb", "File exists: .* Part of the path is a file."),
        ("{folder}/open.duckdb", "Conflicting lock .* Close it, and run the command again."),
        (
            "/proc/crm.duckdb",
            "No such file or directory. There is no such folder.|Permission denied",
        ),
        ("/sys/crm.duckdb", "Permission denied. This user may not write there.|Read-only"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_destination_that_cannot_be_used_gets_one_line_with_advice(
    places: Mapping[str, Any], dest: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the shortest that libpq takes
    monkeypatch.setattr("source_pipedrive.webhooks.targets.destination._SECONDS_TO_CONNECT", 2)
    failure = import_module("demo.failure")

    with pytest.raises(failure.FAILURES) as caught:
        import_module("demo.warehouse").open_warehouse(dest.format_map(places))

    said = failure.reason_of(caught.value)
    assert re.search(reason, said), said
    assert "\n" not in said
    assert "secret" not in said


def test_a_sync_that_cannot_start_prints_one_line(tmp_path: Path) -> None:
    run = sync(tmp_path, {"api_key": KEY}, "postgres://pipedrive:secret@127.0.0.1:1/crm")

    assert run.returncode == 1
    assert run.stdout.startswith("The warehouse cannot be used: ")
    assert len(run.stdout.splitlines()) == 1
