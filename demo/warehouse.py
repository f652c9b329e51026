"""Syncs with PyAirbyte, from the installed connector into DuckDB or PostgreSQL."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import airbyte as ab
import yaml
from airbyte.caches import CacheBase, DuckDBCache, PostgresCache
from airbyte.shared import sql_processor

SUGGESTED = "suggested"

_METADATA = Path(__file__).parent.parent / "metadata.yaml"
_POSTGRES_PORT = 5432

# For PostgreSQL, PyAirbyte 0.71.3 lets pandas guess types: a postal code "00610" becomes "610.0",
# and a time "09:30:00" gets today's date. Remove this when PyAirbyte passes `dtype=False` itself.
_read_json = vars(sql_processor)["pd"].read_json
vars(sql_processor)["pd"] = SimpleNamespace(
    read_json=partial(_read_json, dtype=False, convert_dates=False)
)


def open_source(config: Mapping[str, Any], streams: str = SUGGESTED) -> ab.Source:
    """Return the installed connector, with its config checked and its streams selected.

    `streams` is `suggested`, `*` for all, or names separated by commas.
    """
    executable = Path(sys.executable).with_name("source-pipedrive")
    source = ab.get_source(executable.name, config=dict(config), local_executable=executable)
    source.check()
    if streams == SUGGESTED:
        metadata = yaml.safe_load(_METADATA.read_text())
        source.select_streams(metadata["data"]["suggestedStreams"]["streams"])
    else:
        source.select_streams("*" if streams == "*" else streams.split(","))
    return source


def open_warehouse(destination: str) -> CacheBase:
    """Return the warehouse in a DuckDB file or at a URL `postgres://user:password@host/db`.

    In PostgreSQL, the tables are in the schema `pipedrive`. Both also store the connector's state.
    """
    url = urlsplit(destination)
    if url.scheme not in {"postgres", "postgresql"}:
        return DuckDBCache(db_path=Path(destination))
    return PostgresCache(
        host=url.hostname or "localhost",
        port=url.port or _POSTGRES_PORT,
        # not decoded: PyAirbyte puts both into a URL without encoding them
        username=url.username or "",
        password=url.password or "",
        database=url.path.strip("/"),
        schema_name="pipedrive",
    )


@dataclass(frozen=True)
class SyncResult:
    """How many rows of a stream one sync read, and how many rows its table has now."""

    stream: str
    received: int
    total: int


def sync(source: ab.Source, warehouse: CacheBase) -> list[SyncResult]:
    """Read what changed since the last sync into the warehouse, and print the progress."""
    started = datetime.now(UTC).isoformat()
    source.read(cache=warehouse)
    results = []
    for stream in source.get_selected_streams():
        (counts,) = warehouse.run_sql_query(
            f"SELECT count(*) FILTER (WHERE _airbyte_extracted_at >= '{started}') AS received,"
            f" count(*) AS total FROM {warehouse.schema_name}.{stream}"
        )
        results.append(SyncResult(stream, **counts))
    return results
