"""The destinations of syncs in this process: DuckDB and PostgreSQL, written by PyAirbyte.

PyAirbyte inserts a row twice if a sync emits it twice, and lets an older version of a row replace a
newer one. It also reads the columns of each table from the database in every sync, which takes
DuckDB half a second per table. It has no public way to change that, so the classes here use these
private parts of PyAirbyte, whose version `setup.py` pins:

- `CacheBase._sql_processor_class`: the class that writes. Replaced by a subclass.
- `_merge_temp_table_to_final_table` and `_emulated_merge_temp_table_to_final_table`: the last step
  of a sync, with and without the MERGE statement. Extended by a step that drops old versions.
- `_fully_qualified`, `_quote_identifier`, `_execute_sql`: used to build and run that step.
- `_get_sql_column_definitions`: derives all columns of a stream, once for each column. Overridden
  to cache its result, although it is declared final.
- `_cached_table_definitions`: the tables of one sync. Shared by all syncs. PyAirbyte reads a table
  again if it misses a column there.

`test_the_newest_version_of_each_row_stays` fails if PyAirbyte changes the writing ones.
"""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from source_pipedrive.webhooks.targets.pyairbyte import (
    CacheBase,
    DuckDBCache,
    DuckDBSqlProcessor,
    PostgresCache,
    PostgresSqlProcessor,
    SqlProcessorBase,
)
from source_pipedrive.webhooks.targets.target import TargetError

_POSTGRES_PORT = 5432

_DELETE_REPEATED_ROWS = """
    DELETE FROM {new} WHERE _airbyte_raw_id IN (
        SELECT _airbyte_raw_id FROM (
            SELECT
                _airbyte_raw_id,
                row_number() OVER (
                    PARTITION BY {keys} ORDER BY {time} _airbyte_extracted_at DESC
                ) AS place
            FROM {new}
        ) AS ranked
        WHERE place > 1
    )
"""
_DELETE_OUTDATED_ROWS = """
    DELETE FROM {new} AS new USING {old} AS old
    WHERE {same} AND old.update_time > new.update_time
"""


class _NewestVersionProcessor(SqlProcessorBase):
    """Keeps the newest version of each row, and reads the columns of a table only once."""

    def __init__(self, *, sql_config: "Destination", **options: Any) -> None:
        self._column_definitions: dict[str, dict[str, Any]] = {}
        super().__init__(sql_config=sql_config, **options)
        self._cached_table_definitions = sql_config.known_tables

    def _get_sql_column_definitions(self, stream_name: str) -> dict[str, Any]:  # type: ignore[misc]
        if stream_name not in self._column_definitions:
            definitions = super()._get_sql_column_definitions(stream_name)
            self._column_definitions[stream_name] = definitions
        return self._column_definitions[stream_name]

    def _merge_temp_table_to_final_table(
        self, stream_name: str, temp_table_name: str, final_table_name: str
    ) -> None:
        self._delete_old_versions(stream_name, temp_table_name, final_table_name)
        super()._merge_temp_table_to_final_table(stream_name, temp_table_name, final_table_name)

    def _emulated_merge_temp_table_to_final_table(
        self, stream_name: str, temp_table_name: str, final_table_name: str
    ) -> None:
        self._delete_old_versions(stream_name, temp_table_name, final_table_name)
        super()._emulated_merge_temp_table_to_final_table(
            stream_name, temp_table_name, final_table_name
        )

    def _delete_old_versions(self, stream_name: str, new_table: str, old_table: str) -> None:
        """Delete from the rows of this sync those of which a newer version is known."""
        primary_key = self.catalog_provider.get_primary_keys(stream_name)
        keys = [self._quote_identifier(column) for column in primary_key]
        has_time = "update_time" in self._get_sql_column_definitions(stream_name)
        parts = {
            "new": self._fully_qualified(new_table),
            "old": self._fully_qualified(old_table),
            "keys": ", ".join(keys),
            "same": " AND ".join(f"old.{key} = new.{key}" for key in keys),
            "time": "update_time DESC NULLS LAST," if has_time else "",
        }
        self._execute_sql(_DELETE_REPEATED_ROWS.format_map(parts))
        if has_time:
            self._execute_sql(_DELETE_OUTDATED_ROWS.format_map(parts))


class _DuckDBProcessor(_NewestVersionProcessor, DuckDBSqlProcessor):
    pass


class _PostgresProcessor(_NewestVersionProcessor, PostgresSqlProcessor):
    pass


class Destination(CacheBase):
    """A database that is synced repeatedly. It remembers its tables from sync to sync."""

    # pydantic gives each instance its own copy
    _known_tables: dict[str, Table] = {}  # noqa: RUF012

    @property
    def known_tables(self) -> dict[str, Table]:
        """The columns of the tables, by the name of the table."""
        return self._known_tables

    def forget_tables_except(self, names: Collection[str]) -> None:
        """Forget all other tables. PyAirbyte names temporary tables anew in each sync."""
        for name in self._known_tables.keys() - set(names):
            del self._known_tables[name]


class _DuckDB(DuckDBCache, Destination):
    _sql_processor_class: ClassVar[type[SqlProcessorBase]] = _DuckDBProcessor


class _Postgres(PostgresCache, Destination):
    _sql_processor_class: ClassVar[type[SqlProcessorBase]] = _PostgresProcessor


def destination_opener(dest: str) -> Callable[[], Destination]:
    """Return a function that connects to the destination.

    `dest` is `duckdb:///file`, or `postgresql://user:password@host/database`, where the tables are
    in the schema `pipedrive`. Raises `TargetError` for any other URL.
    """
    try:
        url = make_url(dest)
    except ArgumentError:
        url = make_url("unknown://")
    if url.drivername == "duckdb" and url.database:
        return partial(_DuckDB, db_path=Path(url.database))
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
