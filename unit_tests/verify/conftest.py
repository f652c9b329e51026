"""Warehouses of both kinds, with tables as destinations write them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration_tests.verify.tables import write_table
from source_pipedrive.verify.stream_table import StreamTable
from source_pipedrive.verify.warehouse import Warehouse
from unit_tests import catalog
from unit_tests.inbox.postgres import Postgres, running_postgres

Row = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """A database at `dest`, empty at first, into which tables are written."""

    dest: str
    stack: ExitStack

    def write(self, stream: str, rows: list[Row], *, name: str = "", schema: str = "") -> None:
        """Write the table of a stream; a row may have columns of Airbyte's own."""
        write_table(self.dest, name or stream, rows, catalog.schema(stream)["properties"], schema)

    def open(self, stream: str, schema: str | None = None) -> StreamTable:
        """Open the table of a stream as `verify` does."""
        warehouse = Warehouse(self.dest, schema, list(catalog.SPECS))
        self.stack.callback(warehouse.close)
        properties = catalog.schema(stream)["properties"]
        return warehouse.table(catalog.SPECS[stream], properties)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["duckdb", "postgresql"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    dest = f"duckdb:///{tmp_path}/crm.duckdb"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        dest = server.new_database()
    with ExitStack() as stack:
        yield Tables(dest, stack)
