"""`make demo` and `make sync` print only lines of known kinds.

If a line is new and helps the user, add its kind to `KINDS`. If it does not, do not print it:
`demo/progress.py` hides what PyAirbyte prints in a sync without problems.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.webhooks.targets.target import TargetError
from unit_tests.inbox.postgres import running_postgres

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13"
)

ROOT = Path(__file__).parents[1]
KEY = "test-token-1d0c8f2e7a35"

KINDS = {
    "empty": "",
    "heading": "─+ .+ ─+",
    "table": "[┏┃┡│├└].*",
    "title of a table": "Tables in .*, and what reading them cost|Value of won deals, .*"
    "|What the second sync read, .*|Rows read, and rows in each table",
    "rows of a sync": r"Read [\d,]+ rows in \d+ s\.",
    "changes": r"\d+ rows were created or changed\.",
    "verdict": r"[a-z_]+: (all )?[\d,]+ (of [\d,]+ )?compared, 0 missing, .* [\d,]+ tokens\."
    r"|Not compared, for lack of tokens; .*"
    r"|No wrong row among [\d,]+ compared rows of \d+ tables\. [\d,]+ tokens\.",
    "repeated rows": "Rows that are not new or changed were read again, .*|- Reference data, .*"
    "|- If a deal changed, .*|- Each sync reads the last 5 minutes .*",
    "the sandbox": r"pipedrive_sandbox: filled in \d+\.\d s",
}


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    with running_sandbox(deals=20, burst=10_000) as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_postgres() as postgres:
        yield postgres.new_database().rpartition("/")[0]


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the demo; stdout and stderr are both in `stdout`."""
    # to measure the coverage of the processes would double their time
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
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


def test_the_demo_prints_only_known_lines() -> None:
    assert_only_known_lines(demo("tour", "--deals=60"))


def test_a_sync_prints_only_known_lines(account: RunningSandbox, tmp_path: Path) -> None:
    for _ in range(2):
        assert_only_known_lines(sync(tmp_path, account.config, tmp_path / "crm.duckdb"))


@pytest.mark.parametrize(
    ("dest", "reason"),
    [
        ("postgres://pipedrive:secret@127.0.0.1:1/crm", "Connection refused"),
        ("{postgres}/missing", 'database "missing" does not exist'),
        ("{folder}", "Is a directory"),
        ("mysql://pipedrive:secret@127.0.0.1/crm", "--dest is not usable"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_the_reason_why_a_destination_cannot_be_used_is_one_line(
    server: str, tmp_path: Path, dest: str, reason: str
) -> None:
    with pytest.raises((SQLAlchemyError, TargetError)) as caught:
        import_module("demo.warehouse").open_warehouse(
            dest.format(postgres=server, folder=tmp_path)
        )

    said = import_module("demo.failure").reason_of(caught.value)
    assert reason in said
    assert "\n" not in said
    assert "secret" not in said


def test_a_sync_that_cannot_start_prints_one_line(tmp_path: Path) -> None:
    run = sync(tmp_path, {"api_key": KEY}, "postgres://pipedrive:secret@127.0.0.1:1/crm")

    assert run.returncode == 1
    assert run.stdout.startswith("The warehouse cannot be used: ")
    assert len(run.stdout.splitlines()) == 1
