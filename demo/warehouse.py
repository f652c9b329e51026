"""PyAirbyte: the installed connector on one side, DuckDB or PostgreSQL on the other."""

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

# For PostgreSQL PyAirbyte 0.71.3 has pandas guess the types that the catalog tells: a postal code
# "00610" arrives as "610.0", a time "09:30:00" with today's date. Goes when PyAirbyte reads its
# files with `dtype=False`.
_read_json = vars(sql_processor)["pd"].read_json
vars(sql_processor)["pd"] = SimpleNamespace(
    read_json=partial(_read_json, dtype=False, convert_dates=False)
)


def open_source(config: Mapping[str, Any], streams: str = SUGGESTED) -> ab.Source:
    """Return the connector of this environment, checked, with its streams selected.

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
    """Return the warehouse behind a DuckDB file name or a `postgres://user:password@host/db` URL.

    In PostgreSQL the tables are in the schema `pipedrive`. Both also keep the connector's state.
    """
    url = urlsplit(destination)
    if url.scheme not in {"postgres", "postgresql"}:
        return DuckDBCache(db_path=Path(destination))
    return PostgresCache(
        host=url.hostname or "localhost",
        port=url.port or _POSTGRES_PORT,
        # still percent-encoded: PyAirbyte puts both into a URL as they are
        username=url.username or "",
        password=url.password or "",
        database=url.path.strip("/"),
        schema_name="pipedrive",
    )


@dataclass(frozen=True)
class Arrival:
    """What one sync brought to the table of one stream, and how many rows are there now."""

    stream: str
    received: int
    total: int


def sync(source: ab.Source, warehouse: CacheBase) -> list[Arrival]:
    """Read what is new since the last sync into `warehouse`, and show the progress on the way."""
    started = datetime.now(UTC).isoformat()
    source.read(cache=warehouse)
    arrivals = []
    for stream in source.get_selected_streams():
        (counts,) = warehouse.run_sql_query(
            f"SELECT count(*) FILTER (WHERE _airbyte_extracted_at >= '{started}') AS received,"
            f" count(*) AS total FROM {warehouse.schema_name}.{stream}"
        )
        arrivals.append(Arrival(stream, **counts))
    return arrivals
