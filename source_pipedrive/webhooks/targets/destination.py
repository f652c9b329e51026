"""The destinations of syncs in this process: DuckDB and PostgreSQL, written by PyAirbyte.

They replace one private part of PyAirbyte, whose version `setup.py` pins: the class that writes
rows, `_sql_processor_class`.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

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


class DuckDB(DuckDBCache):
    """A DuckDB file."""

    _sql_processor_class: ClassVar[type[SqlProcessorBase]] = DuckDBLoader


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
