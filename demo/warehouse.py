"""Syncs with PyAirbyte, from the installed connector into DuckDB or PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import airbyte as ab
from airbyte.caches import CacheBase

from demo.progress import shown_progress
from demo.report import CONSOLE
from source_pipedrive.pyairbyte import SUGGESTED, DuckDBCache, get_source
from source_pipedrive.webhooks.targets.destination import destination_opener


def open_source(config: Mapping[str, Any] | Path, streams: str = SUGGESTED) -> ab.Source:
    """Return the installed connector, with its config checked and its streams selected.

    `streams` is `*` for all, or names separated by commas, of which one may be `suggested`.
    """
    with shown_progress("Checking the connection to Pipedrive"):
        return get_source(config, streams="*" if streams == "*" else streams.split(","))


def open_warehouse(destination: str) -> CacheBase:
    """Return the warehouse in a DuckDB file or at a URL `postgres://user:password@host/db`.

    In PostgreSQL, the tables are in the schema `pipedrive`. Both also store the connector's state.
    """
    if "://" in destination:
        return destination_opener(destination)()
    return DuckDBCache(db_path=Path(destination))


@dataclass(frozen=True)
class SyncResult:
    """How many rows of a stream one sync read, and how many rows its table has now."""

    stream: str
    received: int
    total: int


def sync(source: ab.Source, warehouse: CacheBase) -> list[SyncResult]:
    """Read what changed since the last sync into the warehouse, and show the progress."""
    start = datetime.now(UTC)
    is_new = f"_airbyte_extracted_at >= '{start.isoformat()}'"
    with shown_progress("Starting the connector"):
        source.read(cache=warehouse)
    results = []
    for stream in source.get_selected_streams():
        (counts,) = warehouse.run_sql_query(
            f"SELECT count(*) FILTER (WHERE {is_new}) AS received, count(*) AS total"
            f" FROM {warehouse.schema_name}.{stream}"
        )
        results.append(SyncResult(stream, **counts))
    rows, seconds = sum(result.received for result in results), datetime.now(UTC) - start
    CONSOLE.print(f"Read {rows:,} rows in {seconds.total_seconds():.0f} s.")
    return results
