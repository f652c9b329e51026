"""The destinations of syncs in this process: DuckDB and PostgreSQL, written by PyAirbyte.

They replace one private part of PyAirbyte, whose version `setup.py` pins: the class that writes
rows, `_sql_processor_class`. `source_pipedrive.pyairbyte` offers them to users of PyAirbyte.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import URL, text

from source_pipedrive.databases import FORMS, parse_url
from source_pipedrive.webhooks.targets import pyairbyte
from source_pipedrive.webhooks.targets.loading import DuckDBLoader, PostgresLoader
from source_pipedrive.webhooks.targets.target import TargetError

_POSTGRES_PORT = 5432
_SECONDS_TO_CONNECT = 10
_INTERNAL_TABLES_WITH_KEYS = """
    SELECT database_name || '.' || schema_name || '.' || table_name FROM duckdb_constraints()
    WHERE constraint_type = 'PRIMARY KEY' AND starts_with(table_name, '_airbyte_')
"""


class DuckDBCache(pyairbyte.DuckDBCache):
    """A DuckDB file. Takes the arguments of PyAirbyte's class of the same name."""

    _sql_processor_class: ClassVar[type[pyairbyte.SqlProcessorBase]] = DuckDBLoader

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


class PostgresCache(pyairbyte.PostgresCache):
    """A PostgreSQL database. Takes the arguments of PyAirbyte's class of the same name."""

    _sql_processor_class: ClassVar[type[pyairbyte.SqlProcessorBase]] = PostgresLoader

    def get_sql_alchemy_url(self) -> pyairbyte.SecretString:
        """Return the URL. PyAirbyte's own has user and password as they are, which breaks it."""
        url = URL.create(
            "postgresql",
            username=self.username or None,
            password=str(self.password) or None,
            host=self.host,
            port=self.port,
            database=self.database,
        )
        return pyairbyte.SecretString(url.render_as_string(hide_password=False))

    def get_sql_alchemy_connect_args(self) -> dict[str, Any]:
        """Return the options of the driver. Its default is to wait for minutes."""
        return {"connect_timeout": _SECONDS_TO_CONNECT}


def destination_opener(dest: str) -> Callable[[], pyairbyte.CacheBase]:
    """Return a function that connects to the destination.

    `dest` is `duckdb:///file`, or `postgresql://user:password@host/database`, where the tables are
    in the schema `pipedrive`. Raises `TargetError` for any other URL.
    """
    url = parse_url(dest)
    if url.drivername == "duckdb" and url.database:
        return partial(DuckDBCache, db_path=Path(url.database))
    if url.drivername in {"postgres", "postgresql"} and url.database:
        return partial(
            PostgresCache,
            host=url.host or "localhost",
            port=url.port or _POSTGRES_PORT,
            username=url.username or "",
            password=str(url.password or ""),
            database=url.database,
            schema_name="pipedrive",
        )
    raise TargetError(f"The destination is not usable. Write {FORMS}.")
