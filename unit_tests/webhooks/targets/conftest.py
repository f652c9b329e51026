"""A PostgreSQL server, and destinations in both databases."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from unit_tests.inbox.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["duckdb", "postgresql"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty DuckDB file or PostgreSQL database, opened for loads."""
    if request.param == "duckdb":
        dest = f"duckdb:///{tmp_path}/crm.duckdb"
    else:
        dest = request.getfixturevalue("postgres").new_database()
    # PyAirbyte has no release for Python 3.13
    with import_module("unit_tests.webhooks.targets.loads").destination_opener(dest)() as opened:
        yield opened
