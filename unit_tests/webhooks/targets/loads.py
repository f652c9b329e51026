"""Loads rows of a made-up stream with PyAirbyte, as a sync does, and reads the table."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from airbyte_protocol.models import AirbyteMessage, ConfiguredAirbyteCatalog
from sqlalchemy import text

# isort: off
# before anything that imports PyAirbyte
import source_pipedrive.webhooks.targets.service_settings  # noqa: F401 - has an effect
# isort: on

# PyAirbyte imports packages that warn about the version of Python
with warnings.catch_warnings(action="ignore"):
    from source_pipedrive.webhooks.targets.destination import destination_opener
    from source_pipedrive.webhooks.targets.loading import LoadError
    from source_pipedrive.webhooks.targets.pyairbyte import CacheBase  # isort: skip
    from airbyte.progress import ProgressStyle, ProgressTracker
    from airbyte.shared.catalog_providers import CatalogProvider

__all__ = ["LoadError", "destination_opener", "load", "select", "table", "tables", "types"]

STREAM = "deals"


def load(destination: CacheBase, columns: Mapping[str, Any], rows: Sequence[Any]) -> None:
    """Load rows with these columns and an `id`. Columns have the form of a JSON schema."""
    catalog = {
        "stream": {
            "name": STREAM,
            "json_schema": {"properties": {"id": {"type": "integer"}, **columns}},
            "supported_sync_modes": ["incremental"],
        },
        "sync_mode": "incremental",
        "destination_sync_mode": "append_dedup",
        "primary_key": [["id"]],
    }
    processor = destination.get_record_processor(
        "source-pipedrive",
        CatalogProvider(ConfiguredAirbyteCatalog.model_validate({"streams": [catalog]})),
    )
    messages = [
        AirbyteMessage.model_validate(
            {"type": "RECORD", "record": {"stream": STREAM, "data": row, "emitted_at": 1}}
        )
        for row in rows
    ]
    progress = ProgressTracker(ProgressStyle.NONE, source=None, cache=None, destination=None)
    processor.process_airbyte_messages(messages, progress_tracker=progress)


def table(destination: CacheBase) -> list[dict[str, Any]]:
    """Return the rows, without PyAirbyte's columns."""
    rows = select(destination, f"SELECT * FROM {destination.schema_name}.{STREAM} ORDER BY id")
    return [
        {name: value for name, value in row.items() if not name.startswith("_airbyte")}
        for row in rows
    ]


def types(destination: CacheBase) -> dict[str, str]:
    """Return the columns of the table with their types."""
    rows = select(
        destination,
        "SELECT column_name AS name, upper(data_type) AS type FROM information_schema.columns"
        f" WHERE table_schema = '{destination.schema_name}' AND table_name = '{STREAM}'",
    )
    return {row["name"]: row["type"] for row in rows}


def tables(destination: CacheBase) -> set[str]:
    """Return the names of all tables except PyAirbyte's own."""
    rows = select(
        destination,
        "SELECT table_name AS name FROM information_schema.tables"
        f" WHERE table_schema = '{destination.schema_name}'",
    )
    return {row["name"] for row in rows if not row["name"].startswith("_airbyte")}


def select(destination: CacheBase, query: str) -> list[dict[str, Any]]:
    with destination.get_sql_engine().connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]
