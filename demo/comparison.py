"""Compares the tables in DuckDB with the account in the sandbox, row by row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive import timestamps


@dataclass(frozen=True)
class StreamComparison:
    """The row counts of one stream on both sides, and how many rows differ."""

    stream: str
    in_pipedrive: int
    in_duckdb: int
    deleted: int
    merged: int
    differences: int


def compare(
    sandbox: RunningSandbox,
    database: Path,
    streams: Iterable[str],
    deleted_ids: Mapping[str, set[str]],
) -> list[StreamComparison]:
    """Compare ids and times of change of all rows.

    Rows with `deleted_ids` no longer exist in Pipedrive; DuckDB must have them with `is_deleted`.
    """
    with duckdb.connect(str(database), read_only=True) as warehouse:
        return [
            _compare_stream(sandbox, warehouse, stream, deleted_ids.get(stream, set()))
            for stream in streams
        ]


def _compare_stream(
    sandbox: RunningSandbox,
    warehouse: duckdb.DuckDBPyConnection,
    stream: str,
    deleted_ids: set[str],
) -> StreamComparison:
    query = f"SELECT id, update_time, is_deleted, merged_into_id FROM {stream}"
    rows = warehouse.execute(query).fetchall()
    expected = {_version(row) for row in sandbox.copied_rows(stream) if not row.get("is_deleted")}
    found = {(str(id_), _sortable(time)) for id_, time, is_deleted, _ in rows if not is_deleted}
    marked = {str(id_) for id_, _, is_deleted, _ in rows if is_deleted}
    return StreamComparison(
        stream=stream,
        in_pipedrive=len(expected),
        in_duckdb=len(found),
        deleted=len(marked),
        merged=sum(merged_into is not None for *_, merged_into in rows),
        differences=len(expected ^ found) + len(deleted_ids - marked),
    )


def _version(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["id"]), timestamps.sortable(row["update_time"] or "")


def _sortable(time: Any) -> str:
    return timestamps.sortable(time.isoformat() if time else "")
