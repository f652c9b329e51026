"""Reads the tables of streams as PyAirbyte and Airbyte's destinations write them.

A table has a column for each property of the stream, under a folded name, and columns of its own:
`_airbyte_raw_id`, `_airbyte_extracted_at`, `_airbyte_meta`. Tables that are appended to have a row
for each version; the newest counts.
https://docs.airbyte.com/understanding-airbyte/airbyte-metadata-fields
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import (
    select,
    table,
)

from source_pipedrive.streams.stream_spec import StreamSpec
from source_pipedrive.verify.database import Database, WarehouseError, named
from source_pipedrive.verify.stream_table import StreamTable
from source_pipedrive.verify.versions import folded

_STATES = "_airbyte_state"


class Warehouse:
    """The tables of one schema. Raises `WarehouseError` when it cannot be read."""

    def __init__(self, dest: str, schema: str | None, streams: Sequence[str]) -> None:
        self.database = Database(dest)
        try:
            self._find_tables(schema, set(map(folded, streams)))
        except WarehouseError:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def _find_tables(self, schema: str | None, wanted: set[str]) -> None:
        found = self.database.tables(schema)
        if schema and not found:
            raise WarehouseError(
                f"The warehouse has no tables in a schema {schema}. Correct --schema."
            )
        # the schema with the most tables of the streams
        self.schema = max(
            found, key=lambda one: len(wanted & set(map(folded, found[one]))), default=""
        )
        self._tables = {folded(name): name for name in found.get(self.schema, {})}
        self._columns = found.get(self.schema, {})
        self._states = self._saved_states()

    def has(self, stream: str) -> bool:
        """Tell whether there is a table of a stream."""
        return folded(stream) in self._tables

    def table(self, spec: StreamSpec, properties: Mapping[str, Any]) -> "StreamTable":
        """Return the table of a stream. Raises `WarehouseError` if there is none."""
        if not self.has(spec.name):
            where = f"The schema {self.schema} of the warehouse" if self.schema else "The warehouse"
            raise WarehouseError(
                f"{where} has no table {spec.name}. Sync the stream, or leave it out of --streams."
            )
        name = self._tables[folded(spec.name)]
        return StreamTable(
            self.database,
            self.schema,
            name,
            self._columns[name],
            spec,
            properties,
            self._states.get(spec.name, {}),
        )

    def _saved_states(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the states that PyAirbyte saved, by stream."""
        if _STATES not in self._columns:
            return {}
        query = select(named("stream_name"), named("state_json")).select_from(
            table(_STATES, schema=self.schema)
        )
        states = {}
        for row in self.database.all(query):
            with suppress(ValueError, TypeError):
                states[row["stream_name"]] = _stream_state(json.loads(row["state_json"]))
        return states


def _stream_state(message: Any) -> Mapping[str, Any]:
    while isinstance(message, dict) and (inner := message.get("stream") or message.get("state")):
        message = inner
    state = message.get("stream_state", message) if isinstance(message, dict) else {}
    return state if isinstance(state, dict) else {}
