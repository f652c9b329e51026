"""Gives the columns of a table the types that the connector declares now, and loses no value.

The type of a column changes if a custom field is deleted and created again with another type, or
with a release of the connector. PyAirbyte adds new columns, but leaves the types of others.

If every value of the table can be written in the new type and read back as the same value, the
column gets that type. Otherwise it becomes text, and so do the new values.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from source_pipedrive.webhooks.targets.pyairbyte import SqlProcessorBase

_TEXT = "VARCHAR"
_TEXT_TYPES = {"VARCHAR", "CHARACTER VARYING", "TEXT"}
_NUMBER_TYPES = ("BIGINT", "DECIMAL", "DOUBLE", "FLOAT", "INTEGER", "NUMERIC", "REAL")

_COLUMNS = """
    SELECT column_name, upper(data_type) FROM information_schema.columns
    WHERE table_schema = '{schema}' AND table_name = '{table}'
"""
# "42.000000000" and "42.0" become "42", but "00610" and "1e3" stay as they are
_SHORTEST_NUMBER = "CASE WHEN {0} LIKE '%.%' THEN rtrim(rtrim({0}, '0'), '.') ELSE {0} END"
_UTC = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}(.[0-9]+)?)?Z?"


class _Conversion(NamedTuple):
    """SQL expressions: the new value, and whether it means the same as the old one."""

    value: str
    is_exact: str


class ColumnTypesProcessor(SqlProcessorBase):
    """Changes the types of columns before new rows are merged into a table."""

    # SQL for the text of a JSON value, without quotes if it is a string
    json_as_text: ClassVar[str]

    def _column_types(self, table: str) -> Mapping[str, str]:
        """Return the names of a table's columns, with their types as the database calls them."""
        query = _COLUMNS.format(schema=self.sql_config.schema_name, table=table)
        return {row[0]: row[1] for row in self._select(query)}

    def _ensure_compatible_table_schema(self, stream_name: str, table_name: str) -> None:
        """Add the columns that a table lacks.

        PyAirbyte does not quote their names, and takes DuckDB half a second to read a table.
        """
        present = self._column_types(table_name)
        for column, sql_type in self._get_sql_column_definitions(stream_name).items():
            if column not in present:
                self._alter(table_name, f"ADD COLUMN {self._quote_identifier(column)} {sql_type}")

    def _align_column_types(self, stream_name: str, new_table: str, old_table: str) -> None:
        """Give each column the same type in the table with new rows and in the one with all."""
        declared = self._get_sql_column_definitions(stream_name)
        for column, new_type, old_type in self._differing_types(new_table, old_table):
            conversion = self._conversion(column, old_type, str(declared[column]))
            if self._is_exact(old_table, column, conversion):
                self._set_type(old_table, column, str(declared[column]), conversion.value)
                continue
            for table, sql_type in ((old_table, old_type), (new_table, new_type)):
                if sql_type not in _TEXT_TYPES:
                    self._set_type(table, column, _TEXT, self._as_text(column, sql_type))

    def _differing_types(self, new_table: str, old_table: str) -> Iterator[tuple[str, str, str]]:
        old_types = self._column_types(old_table)
        for column, new_type in self._column_types(new_table).items():
            old_type = old_types[column]
            if old_type != new_type and not {old_type, new_type} <= _TEXT_TYPES:
                yield column, new_type, old_type

    def _as_text(self, column: str, sql_type: str) -> str:
        name = self._quote_identifier(column)
        if sql_type.startswith("JSON"):
            return self.json_as_text.format(name)
        value = f"CAST({name} AS {_TEXT})"
        return _SHORTEST_NUMBER.format(value) if sql_type.startswith(_NUMBER_TYPES) else value

    def _conversion(self, column: str, old_type: str, new_type: str) -> _Conversion:
        old = self._as_text(column, old_type)
        if new_type == _TEXT:
            return _Conversion(old, "true")
        # an empty text means that there is no date, time, or number
        old = f"nullif({old}, '')"
        if new_type == "BOOLEAN":
            return _Conversion(f"{old} IN ('true', '1')", f"{old} IN ('true', 'false', '0', '1')")
        if new_type.startswith(_NUMBER_TYPES):
            old = _SHORTEST_NUMBER.format(old)
        new = f"CAST({old} AS {new_type})"
        if new_type == "TIMESTAMP":
            # a cast ignores the offset of another zone
            return _Conversion(new, f"{old} SIMILAR TO '{_UTC}' AND {new} IS NOT NULL")
        if new_type == "JSON":
            return _Conversion(new, f"left({old}, 1) IN ('[', '{{') AND {new} IS NOT NULL")
        back = f"CAST({new} AS {_TEXT})"
        if new_type == "TIME":
            return _Conversion(new, f"length({old}) >= 5 AND starts_with({back}, {old})")
        if new_type.startswith(_NUMBER_TYPES):
            back = _SHORTEST_NUMBER.format(back)
        return _Conversion(new, f"{back} = {old}")

    def _is_exact(self, table: str, column: str, conversion: _Conversion) -> bool:
        """Whether all values can be converted. A database may refuse the query if not."""
        query = (
            f"SELECT count(*) FROM {self._fully_qualified(table)}"  # noqa: S608 - known names
            f" WHERE {self._quote_identifier(column)} IS NOT NULL"
            f" AND ({conversion.is_exact}) IS FALSE"
        )
        try:
            return bool(self._select(query)[0][0] == 0)
        except SQLAlchemyError:
            return False

    def _select(self, query: str) -> Sequence[Row[Any]]:
        with self.get_sql_connection() as connection:
            return connection.execute(text(query)).all()

    def _set_type(self, table: str, column: str, sql_type: str, value: str) -> None:
        name = self._quote_identifier(column)
        self._alter(table, f"ALTER COLUMN {name} SET DATA TYPE {sql_type} USING {value}")

    def _alter(self, table: str, change: str) -> None:
        self._execute_sql(f"ALTER TABLE {self._fully_qualified(table)} {change}")
        self._invalidate_table_cache(table)
