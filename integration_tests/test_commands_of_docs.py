"""Commands and queries in the docs work as written, or `NOT_RUN` says why they are not run.

They run in one folder, against a small account and a DuckDB file with its tables.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from integration_tests.analytics.package import dbt
from integration_tests.verify.tables import read_streams, write_table
from pipedrive_sandbox.client import running_sandbox
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from unit_tests.markdown import blocks, commands, read

ROOT = Path(__file__).parents[1]
TEXTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "pipedrive_sandbox")),
]
# the beginning of a command -> why it is not run
NOT_RUN = {
    "make demo": "test_demo_output.py runs the command below it",
    "make test": "it runs this test",
    "make analytics": "it takes minutes; the query below it runs on models built here",
    "make report": "the tests in report/ run the commands below it",
    "make sync": "test_demo_output.py runs the command below it",
    "pip install": "it changes the environment; test_packaging.py builds the wheel",
    "docker": "it needs Docker",
    "kind": "it needs a local installation of Airbyte",
    "export": "it sets a variable for the commands below it, as `ENVIRONMENT` does here",
    "curl https://oauth.pipedrive.com": "it needs an app in Pipedrive",
    "source-pipedrive webhooks serve": "it runs until it is stopped; the tests of webhooks run it",
    ".venv/bin/python -m docs.contract.extract": "it needs two files of Pipedrive",
}
ENVIRONMENT = {"SOURCE_PIPEDRIVE_DEST": "duckdb:///pipedrive.duckdb"}
# test_pyairbyte.py runs the examples in Python of these pages
PAGES_WITH_PYTHON = {"README.md", "pyairbyte.md"}
# blocks that nobody runs
OTHER_LANGUAGES = {"json", "mermaid", "text", "yaml"}
MODEL = re.compile(r"\banalytics\.(\w+)")
_STREAMS = [*SUGGESTED_STREAMS, "deal_changelog", "field_options"]


def named(kind: str, texts: Mapping[Path, Sequence[str]]) -> list[Any]:
    """Distinct texts as test parameters; an id tells the page, and the number of the text there."""
    ids: dict[str, str] = {}
    for file, found in texts.items():
        for number, text in enumerate(found, 1):
            ids.setdefault(text, f"{file.relative_to(ROOT).as_posix()} {kind} {number}")
    return [pytest.param(text, id=name) for text, name in ids.items()]


COMMANDS = {file: commands(read(file)) for file in TEXTS}
QUERIES = {file: blocks(read(file), "sql") for file in TEXTS}
RUN = {
    file: [one for one in found if not one.startswith(tuple(NOT_RUN))]
    for file, found in COMMANDS.items()
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `secrets/config.json`, a catalog, a state, and the tables of the account."""
    folder = tmp_path_factory.mktemp("docs")
    with running_sandbox(deals=20, burst=10_000) as sandbox:
        (folder / "secrets").mkdir()
        (folder / "secrets" / "config.json").write_text(json.dumps(sandbox.config))
        (folder / "state.json").write_text("[]")
        for name, (rows, properties) in read_streams(sandbox.config, _STREAMS).items():
            write_table(f"duckdb:///{folder}/pipedrive.duckdb", name, rows, properties)
        yield folder


@pytest.fixture(scope="module")
def models(folder: Path) -> Path:
    """The same tables with the models of the dbt package."""
    file = folder / "models.duckdb"
    shutil.copy(folder / "pipedrive.duckdb", file)
    environment = {"PIPEDRIVE_DUCKDB": str(file), "PIPEDRIVE_ANALYTICS_SCHEMA": "analytics"}
    names = " ".join(
        f"+{name}" for found in QUERIES.values() for query in found for name in MODEL.findall(query)
    )
    options = "--quiet --target duckdb --exclude-resource-type test"
    dbt(f"build {options} --select {names}", folder, environment, {})
    return file


def test_every_block_is_of_a_known_language() -> None:
    known = {"console", "sql", *OTHER_LANGUAGES}
    python = {"python"}
    fences = {file: re.findall(r"^ *```(\w*)$", read(file), re.MULTILINE)[::2] for file in TEXTS}

    for file, found in fences.items():
        assert set(found) <= known | (python if file.name in PAGES_WITH_PYTHON else set()), file


def test_every_reason_is_for_a_command() -> None:
    written = [one for found in COMMANDS.values() for one in found]

    assert {
        start for start in NOT_RUN if not any(one.startswith(start) for one in written)
    } == set()


@pytest.mark.parametrize("command", named("command", RUN))
def test_a_command_works(command: str, folder: Path) -> None:
    if command.startswith("jq") and not shutil.which("jq"):
        pytest.skip("jq is not installed")
    programs = Path(sys.executable).parent
    run = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-1000:] + run.stderr


@pytest.mark.parametrize("query", named("query", QUERIES))
def test_a_query_works(query: str, folder: Path, request: pytest.FixtureRequest) -> None:
    uses_models = MODEL.search(query)
    file = request.getfixturevalue("models") if uses_models else folder / "pipedrive.duckdb"
    with duckdb.connect(str(file), read_only=True) as database:
        rows = database.execute(query).fetchall()

    assert rows
