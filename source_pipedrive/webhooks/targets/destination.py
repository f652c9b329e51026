"""The destinations of syncs in this process: DuckDB and PostgreSQL, written by PyAirbyte.

They replace one private part of PyAirbyte, whose version `setup.py` pins: the class that writes
rows, `_sql_processor_class`.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from source_pipedrive.webhooks.targets.loading import DuckDBLoader, PostgresLoader
from source_pipedrive.webhooks.targets.pyairbyte import (
    CacheBase,
    DuckDBCache,
    PostgresCache,
    SqlProcessorBase,
)
from source_pipedrive.webhooks.targets.target import TargetError

_POSTGRES_PORT = 5432
_SECONDS_TO_CONNECT = 10
_INTERNAL_TABLES_WITH_KEYS = """
    SELECT database_name || '.' || schema_name || '.' || table_name FROM duckdb_constraints()
    WHERE constraint_type = 'PRIMARY KEY' AND starts_with(table_name, '_airbyte_')
"""


class DuckDB(DuckDBCache):
    """A DuckDB file."""

    _sql_processor_class: ClassVar[type[SqlProcessorBase]] = DuckDBLoader

    def register_source(self, *args: Any, **options: Any) -> None:
        """Register a source at the beginning of a sync."""
        self._drop_keys_of_internal_tables()
        super().register_source(*args, **options)

    def _drop_keys_of_internal_tables(self) -> None:
        """Let DuckDB use the space of deleted rows again.

        It never does so in a table with a primary key. PyAirbyte replaces the rows of its own
        tables in each sync, so each sync made the file half a megabyte larger.
        """
        with self.get_sql_engine().begin() as connection:
            for (table,) in connection.execute(text(_INTERNAL_TABLES_WITH_KEYS)).all():
                replace = f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table}"  # noqa: S608 - known names
                connection.execute(text(replace))


class _Postgres(PostgresCache):
    _sql_processor_class: ClassVar[type[SqlProcessorBase]] = PostgresLoader

    def get_sql_alchemy_connect_args(self) -> dict[str, Any]:
        return {"connect_timeout": _SECONDS_TO_CONNECT}


def destination_opener(dest: str) -> Callable[[], CacheBase]:
    """Return a function that connects to the destination.

    `dest` is `duckdb:///file`, or `postgresql://user:password@host/database`, where the tables are
    in the schema `pipedrive`. Raises `TargetError` for any other URL.
    """
    try:
        url = make_url(dest)
    except ArgumentError:
        url = make_url("unknown://")
    if url.drivername == "duckdb" and url.database:
        return partial(DuckDB, db_path=Path(url.database))
    if url.drivername in {"postgres", "postgresql"} and url.database:
        return partial(
            _Postgres,
            host=url.host or "localhost",
            port=url.port or _POSTGRES_PORT,
            # PyAirbyte inserts both into a URL without quoting them
            username=quote(url.username or ""),
            password=quote(str(url.password or ""), safe=""),
            database=url.database,
            schema_name="pipedrive",
        )
    raise TargetError(
        "--dest is not usable: write duckdb:///folder/crm.duckdb, or "
        "postgresql://user:password@host/database."
    )
