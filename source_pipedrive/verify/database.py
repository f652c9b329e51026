"""Opens a warehouse for reading: a DuckDB file, or a PostgreSQL database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Select,
    column,
    create_engine,
    func,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from source_pipedrive.databases import FORMS, parse_url, reason_of

_SECONDS_TO_CONNECT = 10
_ROWS_AT_ONCE = 2000
_FORMS = f"Write {FORMS}, after --dest or into the variable SOURCE_PIPEDRIVE_DEST."

StoredRow = Mapping[str, Any]


class WarehouseError(Exception):
    """The warehouse cannot be read. The text says why, and what to do, without a password."""


class Database:
    """A database that is only read. Its connections cannot write."""

    def __init__(self, dest: str) -> None:
        url = _parse(dest)
        self.is_duckdb = url.drivername == "duckdb"
        self._engine = _engine(url)
        # a driver may quote the address in its errors
        self._secret = str(url.password or "")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def rows(self, query: Select[Any]) -> Iterator[StoredRow]:
        """Yield the rows of a query, without holding more than a few in memory."""
        with self._connection() as connection:
            streamed = connection.execution_options(yield_per=_ROWS_AT_ONCE)
            yield from cast("Iterator[StoredRow]", streamed.execute(query).mappings())

    def all(self, query: Executable) -> Sequence[StoredRow]:
        """Return the rows of a query."""
        with self._connection() as connection:
            return cast("Sequence[StoredRow]", connection.execute(query).mappings().all())

    def tables(self, schema: str | None) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        """Return schema -> table -> column -> type, of one schema or of all."""
        where = [
            named("table_catalog") == func.current_database(),
            named("table_schema").not_in(("information_schema", "pg_catalog")),
        ]
        if schema:
            where.append(func.lower(named("table_schema")) == schema.lower())
        names = ("table_schema", "table_name", "column_name", "data_type")
        query = (
            select(*map(named, names))
            .select_from(text("information_schema.columns"))
            .where(*where)
            .order_by(named("table_schema"), named("ordinal_position"))
        )
        found: dict[str, dict[str, dict[str, str]]] = {}
        for row in self.all(query):
            tables = found.setdefault(row["table_schema"], {})
            tables.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"].upper()
        return found

    def value(self, name: str, sql_type: str) -> ColumnElement[Any]:
        """Return what to select so that the driver can read a column."""
        # the driver of DuckDB reads moments with a zone only if another package is installed
        if self.is_duckdb and sql_type.endswith("WITH TIME ZONE"):
            return func.timezone("UTC", named(name)).label(name)
        return named(name)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            reason = reason_of(error, self._secret)
            raise WarehouseError(f"The warehouse cannot be read: {reason}") from error


def named(name: str) -> ColumnElement[Any]:
    """Return a column of a table whose columns are not known beforehand."""
    return column(name)


def _parse(dest: str) -> URL:
    # `make sync` takes the name of a DuckDB file as well
    url = parse_url(dest if "://" in dest else f"duckdb:///{dest}")
    if url.drivername in {"postgres", "postgresql"} and url.database:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "duckdb" and url.database:
        if not Path(url.database).is_file():
            raise WarehouseError(
                f"There is no DuckDB file {url.database}, so there is nothing to compare. Run a "
                "sync first, or correct --dest."
            )
        return url
    raise WarehouseError(f"--dest is not usable. {_FORMS}")


def _engine(url: URL) -> Engine:
    if url.drivername == "duckdb":
        return create_engine(url, connect_args={"read_only": True})
    engine = create_engine(url, connect_args={"connect_timeout": _SECONDS_TO_CONNECT})
    return engine.execution_options(postgresql_readonly=True)
