"""Writes tables as Airbyte's destinations do, without the ten seconds that PyAirbyte takes."""

import json
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import NullPool, create_engine, text

from integration_tests.process import Connector
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.verify.account import Account

Row = dict[str, Any]

_OWN = {
    "_airbyte_raw_id": "VARCHAR",
    "_airbyte_extracted_at": "TIMESTAMP",
    "_airbyte_meta": "JSON",
}
_TYPES = {"boolean": "BOOLEAN", "integer": "BIGINT", "number": "NUMERIC(38,9)", "string": "VARCHAR"}
_FORMATS = {"date": "DATE", "date-time": "TIMESTAMP", "time": "TIME"}


def read_streams(
    config: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[list[Row], Mapping[str, Any]]]:
    """Return the rows that the command `read` emits, with the schemas of their columns."""
    account = Account(SourcePipedrive(config=config))
    with tempfile.TemporaryDirectory() as folder:
        output = Connector(Path(folder), dict(config)).run("read", names)
    found = {}
    for name in names:
        spec = account.stream(name).spec
        distinct = {str(spec.key_of(row)): row for row in output.records(name)}
        found[name] = list(distinct.values()), account.stream(name).properties
    return found


def write_table(
    dest: str, name: str, rows: Iterable[Row], properties: Mapping[str, Any], schema: str = ""
) -> None:
    """Create a table in DuckDB (`duckdb:///file`) or PostgreSQL, and fill it."""
    own = {
        "_airbyte_extracted_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "_airbyte_meta": {"changes": []},
    }
    lines = [json.dumps({"_airbyte_raw_id": str(uuid.uuid4()), **own, **row}) for row in rows]
    types = {column: _sql_type(one) for column, one in properties.items()} | _OWN
    names = ", ".join(f'"{column}"' for column in types)
    typed = ", ".join(f'"{column}" {sql_type}' for column, sql_type in types.items())
    table = f'"{schema}"."{name}"' if schema else f'"{name}"'
    statements = [f'CREATE SCHEMA IF NOT EXISTS "{schema}"'] if schema else []
    statements += [f"CREATE TABLE {table} ({typed})"]
    if not dest.startswith("duckdb"):
        url = dest.replace("postgresql:", "postgresql+psycopg:")
        with create_engine(url, poolclass=NullPool).begin() as server:
            for statement in statements:
                server.execute(text(statement))
            insert = (
                f"INSERT INTO {table} ({names}) SELECT {names} FROM "
                f"unnest(CAST(:lines AS json[])) AS line, json_to_record(line) AS row({typed})"
            )
            server.execute(text(insert), {"lines": lines})
        return
    with (
        duckdb.connect(dest.removeprefix("duckdb:///")) as database,
        tempfile.TemporaryDirectory() as folder,
    ):
        for statement in statements:
            database.execute(statement)
        file = Path(folder) / "rows.jsonl"
        file.write_text("\n".join(lines))
        columns = ", ".join(f"'{column}': '{sql_type}'" for column, sql_type in types.items())
        if lines:
            database.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM read_json('{file}', "
                f"format = 'newline_delimited', columns = {{{columns}}})"
            )


def _sql_type(schema: Mapping[str, Any]) -> str:
    # a shared schema, such as that of an address, is an object
    kind = next((one for one in schema.get("type", ()) if one != "null"), "object")
    return _FORMATS.get(schema.get("format", "")) or _TYPES.get(kind, "JSON")
