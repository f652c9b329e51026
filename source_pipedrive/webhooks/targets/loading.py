"""Writes rows into DuckDB and PostgreSQL: the newest version of each, in columns of fixed types.

PyAirbyte inserts a row twice if a sync emits it twice, and lets an older version of a row replace a
newer one. It does not change the type of a column. For PostgreSQL it guesses types: a postal code
"00610" becomes "610.0". If a load fails, it leaves a temporary table, and its error names neither
stream nor column. It also reads the columns of each table from the database in every sync, which
takes DuckDB half a second per table.

It has no public way to change that, so the classes here and in `column_types` override private
methods of PyAirbyte, whose version `setup.py` pins:

- `_write_files_to_new_table`: the first step, which loads files into a temporary table.
- `_ensure_final_table_exists` and `_ensure_compatible_table_schema`: these steps create a table and
  add columns.
- `_merge_temp_table_to_final_table` and `_emulated_merge_temp_table_to_final_table`: the last step,
  with and without the MERGE statement.
- `_get_sql_column_definitions`: derives all columns of a stream, once for each column. Overridden
  to cache its result, although it is declared final.

Tests of each of them fail if PyAirbyte stops calling it.
"""

import gzip
import re
import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from source_pipedrive.inbox.unreported_columns import unreported_columns_of
from source_pipedrive.webhooks.targets.column_types import ColumnTypesProcessor
from source_pipedrive.webhooks.targets.pyairbyte import (
    DuckDBSqlProcessor,
    PostgresSqlProcessor,
    SQLRuntimeError,
)

_LINES_PER_INSERT = 1000
# the digits of ULIDs, which end the names of temporary tables
_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
_LEFTOVER = rf"_(0[{_BASE_32}]{{5}})[{_BASE_32}]{{3}}"
_MILLISECONDS_OF_THE_LAST_DIGIT = 2**20
_DAY_IN_MILLISECONDS = 24 * 60 * 60 * 1000
# text cannot contain it in PostgreSQL; an escaped backslash in front of it is another character
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

# DuckDB names the file that it reads
_TEMPORARY_FILE = re.compile(r'JSON transform error in file ".*?", in line \d+: ')

_TEMPORARY_TABLES = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = '{schema}' AND column_name = '_airbyte_raw_id'
"""
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
# A tombstone lacks these columns; a deleted row of the API has at least one of them.
_KEEP_KNOWN_VALUES = """
    UPDATE {new} AS new SET {kept} FROM {old} AS old
    WHERE {same} AND new.is_deleted AND {missing}
"""
_KEEP_NAME_OF_ZONE = "{0} = CASE WHEN old.{1} = new.{1} THEN old.{0} END"
_UPDATE_ROWS = "UPDATE {old} AS old SET {values} FROM {new} AS new WHERE {same}"
_INSERT_ROWS = """
    INSERT INTO {old} ({columns}) SELECT {columns} FROM {new} AS new
    WHERE NOT EXISTS (SELECT 1 FROM {old} AS old WHERE {same})
"""


class LoadError(Exception):
    """The rows of a stream cannot be loaded. `column` is empty if it is not one column's fault."""

    def __init__(self, stream: str, column: str, error: Exception) -> None:
        self.stream = stream
        self.column = column
        # the original error of the database, if there is one
        cause = error.__context__ if isinstance(error, SQLRuntimeError) else error
        self.cause = getattr(cause, "orig", None) or cause or error
        where = f"the column {column} of {stream}" if column else f"the table {stream}"
        reason, *more = _TEMPORARY_FILE.sub("", str(self.cause).strip()).splitlines()
        # in PostgreSQL, the view that uses a column
        details = [line.removeprefix("DETAIL:") for line in more if line.startswith("DETAIL:")]
        super().__init__("".join([f"The database did not accept {where}: {reason}", *details]))


class _Loader(ColumnTypesProcessor):
    """Loads each column with its type, and keeps the newest version of each row."""

    def __init__(self, **options: Any) -> None:
        self._column_definitions: dict[str, dict[str, Any]] = {}
        super().__init__(**options)

    def _get_sql_column_definitions(self, stream_name: str) -> dict[str, Any]:  # type: ignore[misc]  # final: see above
        if stream_name not in self._column_definitions:
            definitions = super()._get_sql_column_definitions(stream_name)
            self._column_definitions[stream_name] = definitions
        return self._column_definitions[stream_name]

    def _write_files_to_new_table(self, files: list[Path], stream_name: str, batch_id: str) -> str:
        with _failures_of(stream_name):
            self._drop_leftovers(stream_name)
            table: str = self._create_table_for_loading(stream_name, batch_id)
        columns = self._get_sql_column_definitions(stream_name)
        try:
            self._load(files, table, columns)
        except (SQLRuntimeError, SQLAlchemyError) as error:
            raise self._load_error(files, table, stream_name, error) from error
        return table

    @abstractmethod
    def _load(self, files: Sequence[Path], table: str, columns: Mapping[str, Any]) -> None:
        """Insert these columns of all rows of the files, which have one JSON object per line."""

    def _load_error(
        self, files: Sequence[Path], table: str, stream: str, error: Exception
    ) -> LoadError:
        """Find the column that the database refuses, and drop the temporary table."""
        found = LoadError(stream, "", error)
        try:
            for column, sql_type in self._get_sql_column_definitions(stream).items():
                try:
                    self._load(files, table, {column: sql_type})
                except (SQLRuntimeError, SQLAlchemyError) as of_column:
                    found = LoadError(stream, column, of_column)
                    break
            self._drop_temp_table(table)
        except (SQLRuntimeError, SQLAlchemyError):
            # the database does not answer any more
            return LoadError(stream, "", error)
        return found

    def _ensure_final_table_exists(self, stream_name: str, **options: Any) -> str:
        with _failures_of(stream_name):
            return str(super()._ensure_final_table_exists(stream_name, **options))

    def _ensure_compatible_table_schema(self, stream_name: str, table_name: str) -> None:
        with _failures_of(stream_name):
            super()._ensure_compatible_table_schema(stream_name, table_name)

    def _drop_leftovers(self, stream: str) -> None:
        """Drop the temporary tables of killed syncs, one day later: until then, they may run."""
        name = re.compile(re.escape(self.get_sql_table_name(stream)) + _LEFTOVER)
        oldest = time.time() * 1000 - _DAY_IN_MILLISECONDS
        query = _TEMPORARY_TABLES.format(schema=self.sql_config.schema_name)
        for (table,) in self._select(query):
            if match := name.fullmatch(table):
                digits = [_BASE_32.index(digit) for digit in match[1]]
                units = reduce(lambda high, low: high * len(_BASE_32) + low, digits)
                if units * _MILLISECONDS_OF_THE_LAST_DIGIT < oldest:
                    self._drop_temp_table(table)

    def _merge_temp_table_to_final_table(
        self, stream_name: str, temp_table_name: str, final_table_name: str
    ) -> None:
        with _failures_of(stream_name):
            self._align_column_types(stream_name, temp_table_name, final_table_name)
            self._delete_old_versions(stream_name, temp_table_name, final_table_name)
            self._keep_known_values(stream_name, temp_table_name, final_table_name)
            super()._merge_temp_table_to_final_table(stream_name, temp_table_name, final_table_name)

    def _emulated_merge_temp_table_to_final_table(
        self, stream_name: str, temp_table_name: str, final_table_name: str
    ) -> None:
        with _failures_of(stream_name):
            self._align_column_types(stream_name, temp_table_name, final_table_name)
            self._delete_old_versions(stream_name, temp_table_name, final_table_name)
            self._keep_known_values(stream_name, temp_table_name, final_table_name)
            columns = self._quoted(self._get_sql_column_definitions(stream_name))
            parts = {
                **self._names(stream_name, temp_table_name, final_table_name),
                "columns": ", ".join(columns),
                "values": ", ".join(f"{column} = new.{column}" for column in columns),
            }
            with self.get_sql_connection() as connection:
                connection.execute(text(_UPDATE_ROWS.format_map(parts)))
                connection.execute(text(_INSERT_ROWS.format_map(parts)))

    def _delete_old_versions(self, stream_name: str, new_table: str, old_table: str) -> None:
        """Delete from the rows of this sync those of which a newer version is known."""
        has_time = "update_time" in self._get_sql_column_definitions(stream_name)
        parts = {
            **self._names(stream_name, new_table, old_table),
            "time": "update_time DESC NULLS LAST," if has_time else "",
        }
        self._execute_sql(_DELETE_REPEATED_ROWS.format_map(parts))
        if has_time:
            self._execute_sql(_DELETE_OUTDATED_ROWS.format_map(parts))

    def _keep_known_values(self, stream_name: str, new_table: str, old_table: str) -> None:
        """Give tombstones the values that the table has, and that webhooks do not report."""
        columns = self._get_sql_column_definitions(stream_name).keys()
        # webhooks report the number of a time zone, but not its name
        zones = [one for one in columns if one.endswith("_timezone") and f"{one}_id" in columns]
        missing = [one for one in unreported_columns_of(stream_name) if one in columns]
        if missing and "is_deleted" in columns:
            quoted = self._quoted(missing)
            parts = {
                **self._names(stream_name, new_table, old_table),
                "kept": ", ".join(
                    [
                        *(f"{column} = coalesce(old.{column}, new.{column})" for column in quoted),
                        *(
                            _KEEP_NAME_OF_ZONE.format(*self._quoted([one, f"{one}_id"]))
                            for one in zones
                        ),
                    ]
                ),
                "missing": " AND ".join(f"new.{column} IS NULL" for column in quoted),
            }
            self._execute_sql(_KEEP_KNOWN_VALUES.format_map(parts))

    def _names(self, stream_name: str, new_table: str, old_table: str) -> dict[str, str]:
        """Return the SQL of the two tables, and of the primary key by which they are joined."""
        keys = self._quoted(self.catalog_provider.get_primary_keys(stream_name))
        return {
            "new": self._fully_qualified(new_table),
            "old": self._fully_qualified(old_table),
            "keys": ", ".join(keys),
            "same": " AND ".join(f"old.{key} = new.{key}" for key in keys),
        }

    def _quoted(self, columns: Iterable[str]) -> list[str]:
        return [self._quote_identifier(column) for column in columns]


class DuckDBLoader(_Loader, DuckDBSqlProcessor):
    """Writes into DuckDB."""

    json_as_text: ClassVar[str] = "{0} ->> '$'"

    def _load(self, files: Sequence[Path], table: str, columns: Mapping[str, Any]) -> None:
        names = ", ".join(self._quoted(columns))
        paths = ", ".join("'{}'".format(str(file).replace("'", "''")) for file in files)
        types = ", ".join(f"'{column}': '{sql_type}'" for column, sql_type in columns.items())
        self._execute_sql(
            f"INSERT INTO {self._fully_qualified(table)} ({names}) SELECT {names}"  # noqa: S608 - known names
            f" FROM read_json([{paths}], format = 'newline_delimited', columns = {{{types}}})"
        )


class PostgresLoader(_Loader, PostgresSqlProcessor):
    """Writes into PostgreSQL."""

    json_as_text: ClassVar[str] = "{0} #>> '{{}}'"

    def _load(self, files: Sequence[Path], table: str, columns: Mapping[str, Any]) -> None:
        names = ", ".join(self._quoted(columns))
        typed = ", ".join(
            f"{self._quote_identifier(column)} {sql_type}" for column, sql_type in columns.items()
        )
        insert = text(
            f"INSERT INTO {self._fully_qualified(table)} ({names}) SELECT {names}"  # noqa: S608 - known names
            f" FROM unnest(CAST(:lines AS json[])) AS line, json_to_record(line) AS row({typed})"
        )
        with self.get_sql_connection() as connection:
            for file in files:
                with gzip.open(file, "rt", encoding="utf-8") as opened:
                    while lines := list(islice(opened, _LINES_PER_INSERT)):
                        lines = [_NUL.sub(r"\1", line) for line in lines]
                        connection.execute(insert, {"lines": lines})


@contextmanager
def _failures_of(stream: str) -> Iterator[None]:
    try:
        yield
    except (SQLRuntimeError, SQLAlchemyError) as error:
        raise LoadError(stream, "", error) from error
