"""Tables of streams in DuckDB and PostgreSQL, in the types that PyAirbyte gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]
SCHEMAS = Path(__file__).parents[2] / "schemas"
_TYPES = {
    "integer": "BIGINT",
    "number": "DECIMAL(38, 9)",
    "boolean": "BOOLEAN",
    "object": "JSON",
    "array": "JSON",
}
_FORMATS = {"date": "DATE", "date-time": "TIMESTAMP"}
EXTRACTED = "_airbyte_extracted_at"


def write_tables(database: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    """Create a table per stream in a DuckDB file; rows may have `_airbyte_extracted_at`."""
    with duckdb.connect(str(database)) as connection:
        for stream, rows in tables.items():
            create, insert, values = _statements("main", stream, rows, "?")
            connection.execute(create)
            if values:
                connection.executemany(insert, values)


def write_postgres(url: str, tables: Mapping[str, Sequence[Row]]) -> None:
    """Create a table per stream in the schema `pipedrive` of a PostgreSQL database."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA pipedrive")
        for stream, rows in tables.items():
            create, insert, values = _statements("pipedrive", stream, rows, "%s")
            cursor.execute(create.encode())
            cursor.executemany(insert.encode(), values)


def _statements(
    schema: str, stream: str, rows: Sequence[Row], mark: str
) -> tuple[str, str, list[list[Any]]]:
    types = column_types(stream)
    types |= {name: "VARCHAR" for row in rows for name in row if name.startswith("custom_")} | types
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    marks = ", ".join(mark for _ in types)
    values = [[_value(row.get(name), kind) for name, kind in types.items()] for row in rows]
    table = f'{schema}."{stream}"'
    return f"CREATE TABLE {table} ({columns})", f"INSERT INTO {table} VALUES ({marks})", values


def column_types(stream: str) -> dict[str, str]:
    """Return the columns of a stream with their types in DuckDB."""
    schema = json.loads((SCHEMAS / f"{stream}.json").read_text())
    types = {}
    for name, described in schema["properties"].items():
        kind = next((each for each in described.get("type", ["object"]) if each != "null"), "")
        types[name] = _FORMATS.get(described.get("format", ""), _TYPES.get(kind, "VARCHAR"))
    return types | {EXTRACTED: "TIMESTAMP"}


def _value(value: Any, kind: str) -> Any:
    if value is None or value == "":
        return None if kind != "VARCHAR" else value
    if kind == "JSON":
        return json.dumps(value)
    if kind == "TIMESTAMP":
        return None if value.startswith("0000") else value[:19].replace("T", " ")
    return value


def read_rows(database: Path, table: str) -> list[Row]:
    """Return the rows of a model in a DuckDB file."""
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(f'SELECT * FROM analytics."{table}"')
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def read_columns(database: Path) -> dict[str, set[str]]:
    """Return the columns of each model in a DuckDB file."""
    columns: dict[str, set[str]] = {}
    query = "SELECT table_name, column_name FROM information_schema.columns"
    with duckdb.connect(str(database), read_only=True) as connection:
        for table, column in connection.execute(
            f"{query} WHERE table_schema = 'analytics' AND table_name LIKE '%pipedrive__%'"
        ).fetchall():
            columns.setdefault(table, set()).add(column)
    columns.pop("pipedrive_currency_rates", None)
    return columns
