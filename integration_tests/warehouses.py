"""Databases into which an account is synced as `make sync` does, in the process of the test."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from pipedrive_sandbox.client import RunningSandbox
from unit_tests.inbox.postgres import running_postgres

DATABASES = ("DuckDB", "PostgreSQL")

Row = Mapping[str, Any]


class Counts(NamedTuple):
    """How many rows of a stream a sync read, and how many its table has."""

    read: int
    total: int


class Warehouse:
    """A database into which an account is synced."""

    def __init__(self, account: RunningSandbox, dest: str) -> None:
        # PyAirbyte has no release for Python 3.13
        self._demo = import_module("demo.warehouse")
        self._account = account
        self.dest = dest

    def sync(self, streams: Sequence[str]) -> dict[str, Counts]:
        """Sync as `make sync` does; return the counts by stream."""
        with self._demo.open_warehouse(self.dest) as opened:
            source = self._demo.open_source(self._account.config, ",".join(streams))
            results = self._demo.sync(source, opened)
        return {result.stream: Counts(result.received, result.total) for result in results}

    def run(self, *statements: str) -> list[Row]:
        """Run SQL in which `{schema}` stands for the schema; return the rows of the last query."""
        rows: list[Row] = []
        with self._demo.open_warehouse(self.dest) as opened:
            for statement in statements:
                with opened.get_sql_engine().begin() as connection:
                    result = connection.execute(text(statement.format(schema=opened.schema_name)))
                    rows = [dict(row) for row in result.mappings()] if result.returns_rows else []
        return rows

    def types(self, stream: str) -> dict[str, str]:
        """Return the columns of a table with their types."""
        rows = self.run(
            "SELECT column_name AS name, data_type AS type FROM information_schema.columns"
            f" WHERE table_schema = '{{schema}}' AND table_name = '{stream}'"
        )
        return {row["name"]: row["type"] for row in rows}

    def rows(self, stream: str) -> list[Row]:
        """Return the rows without the columns of PyAirbyte, which differ from sync to sync."""
        return [
            {name: value for name, value in row.items() if not name.startswith("_airbyte")}
            for row in self.run(f"SELECT * FROM {{schema}}.{stream} ORDER BY id")
        ]


@contextmanager
def empty_warehouse(database: str, account: RunningSandbox, folder: Path) -> Iterator[Warehouse]:
    """Yield an empty one of the `DATABASES`; a DuckDB file is created in the folder."""
    if database == "DuckDB":
        yield Warehouse(account, str(folder / "crm.duckdb"))
        return
    with running_postgres() as server:
        yield Warehouse(account, server.new_database())
