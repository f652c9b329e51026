"""Opens the destination of syncs: DuckDB or PostgreSQL, behind PyAirbyte."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from source_pipedrive.webhooks.scheduler import DestinationError
from source_pipedrive.webhooks.targets.pyairbyte import CacheBase, DuckDBCache, PostgresCache

_POSTGRES_PORT = 5432

_DROP_REPEATED = """
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
_DROP_OUTDATED = """
    DELETE FROM {new} AS new USING {old} AS old
    WHERE {same} AND old.update_time > new.update_time
"""


def cache_opener(dest: str, tables: dict[str, Table]) -> Callable[[], CacheBase]:
    """Return what opens `duckdb:///file`, or `postgresql://user:password@host/database`.

    In PostgreSQL, the schema is `pipedrive`. `tables` remembers the columns of the tables. Raises
    `DestinationError` for another kind of URL; opening it connects.
    """
    try:
        url = make_url(dest)
    except ArgumentError:
        url = make_url("nothing://")
    if url.drivername == "duckdb" and url.database:
        return functools.partial(_reliable(DuckDBCache, tables), db_path=Path(url.database))
    if url.drivername in {"postgres", "postgresql"} and url.database:
        return functools.partial(
            _reliable(PostgresCache, tables),
            host=url.host or "localhost",
            port=url.port or _POSTGRES_PORT,
            # PyAirbyte puts both into a URL as they are
            username=quote(url.username or ""),
            password=quote(str(url.password or ""), safe=""),
            database=url.database,
            schema_name="pipedrive",
        )
    raise DestinationError(
        "--dest is not usable: write duckdb:///folder/crm.duckdb, or "
        "postgresql://user:password@host/database."
    )


def _reliable(kind: type[CacheBase], tables: dict[str, Table]) -> type[CacheBase]:
    """Make a cache in which the newest version of a row wins, and which is quick when repeated.

    PyAirbyte merges what a sync brought as it is: a row that came twice is inserted twice, and an
    older one replaces a newer one. It also asks the database for the columns of its tables in each
    sync, which takes DuckDB half a second a table, and derives them once for every column; `tables`
    remembers them. It asks again by itself when a column is missing there.
    """

    class Processor(kind._sql_processor_class):  # type: ignore[misc,name-defined]  # noqa: SLF001
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._cached_table_definitions = tables
            derive = self._get_sql_column_definitions
            setattr(self, "_get_sql_column_definitions", functools.cache(derive))  # noqa: B010

        def _merge_temp_table_to_final_table(self, **names: str) -> None:
            self._keep_newest(**names)
            super()._merge_temp_table_to_final_table(**names)

        def _emulated_merge_temp_table_to_final_table(self, **names: str) -> None:
            self._keep_newest(**names)
            super()._emulated_merge_temp_table_to_final_table(**names)

        def _keep_newest(
            self, stream_name: str, temp_table_name: str, final_table_name: str
        ) -> None:
            names = self.catalog_provider.get_primary_keys(stream_name)
            keys = [self._quote_identifier(name) for name in names]
            has_time = "update_time" in self._get_sql_column_definitions(stream_name)
            parts = {
                "new": self._fully_qualified(temp_table_name),
                "old": self._fully_qualified(final_table_name),
                "keys": ", ".join(keys),
                "same": " AND ".join(f"old.{key} = new.{key}" for key in keys),
                "time": "update_time DESC NULLS LAST," if has_time else "",
            }
            self._execute_sql(_DROP_REPEATED.format_map(parts))
            if has_time:
                self._execute_sql(_DROP_OUTDATED.format_map(parts))

    class Cache(kind):  # type: ignore[misc,valid-type]
        _sql_processor_class: ClassVar[type] = Processor

    return Cache
