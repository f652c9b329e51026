"""Syncs with PyAirbyte, from the installed connector into DuckDB or PostgreSQL."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import airbyte as ab
from airbyte.caches import CacheBase

from demo.progress import shown_progress
from demo.report import CONSOLE
from source_pipedrive.config_file import update
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from source_pipedrive.webhooks.targets.destination import DuckDB, destination_opener

SUGGESTED = "suggested"


def open_source(
    config: Mapping[str, Any], streams: str = SUGGESTED, config_file: Path | None = None
) -> ab.Source:
    """Return the installed connector, with its config checked and its streams selected.

    `streams` is `*` for all, or names separated by commas, of which one may be `suggested`.
    Settings that the connector changes, such as renewed credentials, are written into
    `config_file`.
    """

    def keep(changed: dict[str, Any]) -> None:
        # PyAirbyte would start the next verb with the old settings
        source.set_config(changed, validate=False)
        if config_file:
            update(config_file, **changed)

    executable = Path(sys.executable).with_name("source-pipedrive")
    with shown_progress("Checking the connection to Pipedrive"):
        source = ab.get_source(
            executable.name,
            config=dict(config),
            config_change_callback=keep,
            local_executable=executable,
        )
        source.check()
        source.select_streams("*" if streams == "*" else _names(streams))
    return source


def _names(streams: str) -> list[str]:
    return [
        name
        for given in streams.split(",")
        for name in (SUGGESTED_STREAMS if given == SUGGESTED else [given])
    ]


def open_warehouse(destination: str) -> CacheBase:
    """Return the warehouse in a DuckDB file or at a URL `postgres://user:password@host/db`.

    In PostgreSQL, the tables are in the schema `pipedrive`. Both also store the connector's state.
    """
    if "://" in destination:
        return destination_opener(destination)()
    return DuckDB(db_path=Path(destination))


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
    CONSOLE.print(f"Read {rows:,} rows in {seconds.total_seconds():.0f} s.", highlight=False)
    return results
