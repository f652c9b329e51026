"""Writes `compat/`: SQL views with the streams and columns of the official connector.

Each view stands on the table of our stream, in DuckDB and PostgreSQL.
"""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.official import Column, OfficialStream, official_streams

FOLDER = Path(__file__).parent.parent / "compat"
OURS, THEIRS = "pipedrive", "pipedrive_official"

_SQL_TYPES: Mapping[str, str] = {
    "array": "JSON",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "integer": "BIGINT",
    "number": "DOUBLE PRECISION",
    "object": "JSON",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
}
# (official type, ours) -> SQL; every other column keeps our type, whose values mean the same
_CONVERSIONS: Mapping[tuple[str, str], str] = {
    ("integer", "boolean"): "CAST({column} AS INTEGER)",
    ("number", "boolean"): "CAST({column} AS INTEGER)",
    ("text", "date"): "CAST({column} AS VARCHAR)",
    ("text", "integer"): "CAST({column} AS VARCHAR)",
    ("text", "time"): "CAST({column} AS VARCHAR)",
    ("integer", "text"): "CASE WHEN {column} ~ '^[0-9]+$' THEN CAST({column} AS BIGINT) END",
}
# the official id is a number that the endpoint of ours does not have
_KEPT = {("deal_flow", "id")}
_ROWS: Mapping[str, str] = {
    "deals": 'NOT coalesce("is_archived", FALSE)',
    "deals_archived": '"is_archived"',
    "leads": 'NOT coalesce("is_archived", FALSE)',
}
_OF_AIRBYTE = ("_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta")


def views() -> Iterator[tuple[Path, str]]:
    """Yield the file of each view with its SQL."""
    for stream in official_streams():
        yield FOLDER / f"{stream.name}.sql", _view(stream)


def _view(stream: OfficialStream) -> str:
    columns = [_column(stream.name, one) for one in stream]
    columns += [f'"{name}"' for name in _OF_AIRBYTE]
    where = f"\nWHERE {_ROWS[stream.name]}" if stream.name in _ROWS else ""
    return (
        f"-- Written by `make docs`. The table of the official stream `{stream.name}`.\n"
        f'CREATE OR REPLACE VIEW {THEIRS}."{stream.name}" AS\nSELECT\n    '
        + ",\n    ".join(columns)
        + f'\nFROM {OURS}."{stream.ours}"{where};\n'
    )


def _column(stream: str, column: Column) -> str:
    name = f'"{column.name}"'
    if not column.our_type:
        return f"CAST(NULL AS {_SQL_TYPES.get(column.type, 'VARCHAR')}) AS {name}"
    expression = f'"{column.ours}"'
    if (stream, column.name) not in _KEPT:
        conversion = _CONVERSIONS.get((column.type, column.our_type), "{column}")
        expression = conversion.format(column=expression)
    return expression if expression == name else f"{expression} AS {name}"


def write() -> None:
    """Write all views."""
    FOLDER.mkdir(exist_ok=True)
    for file, text in views():
        file.write_text(text, "utf-8")
