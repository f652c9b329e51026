"""Reference data, such as the definitions of custom fields: read once a sync, for all streams."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import InitVar, dataclass
from functools import cache
from threading import Lock
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalog, FailureType
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.declarative.schema import JsonFileSchemaLoader, SchemaLoader
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.rate_limits import SyncStoppedError
from source_pipedrive.custom_fields.columns import Columns, columns_of, field_options_rows

_LOGGER = logging.getLogger("airbyte")
Rows = Sequence[Mapping[str, Any]]


class Definitions:
    """Reference data by the name of its stream, and the columns compiled from field definitions.

    `read` reads a stream whole, through the connector's own requester. What could not be read once
    is not asked for again; `hasty`, one network failure is enough for all.
    """

    def __init__(self, read: Callable[[str], Rows]) -> None:
        self.hasty = False
        self._read = read
        self._unreachable: AirbyteTracedException | None = None
        self._locks: MutableMapping[str, Lock] = defaultdict(Lock)
        self._rows: dict[str, Rows | AirbyteTracedException] = {}
        self._columns: dict[str, Columns] = {}

    def go_on(self, read: Callable[[str], Rows]) -> None:
        """Serve another read: the columns stay, other reference data may have changed."""
        self._read = read
        self._rows.clear()

    def rows(self, stream: str) -> Rows:
        with self._locks[stream]:
            if stream not in self._rows:
                self._rows[stream] = self._unreachable or self._rows_or_error(stream)
            rows = self._rows[stream]
        if isinstance(rows, AirbyteTracedException):
            raise rows
        return rows

    def _rows_or_error(self, stream: str) -> Rows | AirbyteTracedException:
        try:
            return self._read(stream)
        except AirbyteTracedException as error:
            if self.hasty and error.failure_type is FailureType.transient_error:
                self._unreachable = error
            return error

    def columns(self, stream: str, fields_of: str, labels_of: str | None) -> Columns:
        """Compile the columns of a stream; rows with `labels_of` are leads, in the form of v1."""
        with self._locks[f"columns of {stream}"]:
            if stream not in self._columns:
                try:
                    self._columns[stream] = self._compiled(fields_of, labels_of)
                except AirbyteTracedException as error:
                    raise _with_way_out(error) from error
            return self._columns[stream]

    def _compiled(self, fields_of: str, labels_of: str | None) -> Columns:
        if not labels_of:
            return columns_of(self.rows(fields_of), "v2")
        labels = {str(row["id"]): str(row["name"]) for row in self.rows(labels_of)}
        return columns_of(self.rows(fields_of), "v1", labels)

    def warn_of_changes(self, catalog: ConfiguredAirbyteCatalog) -> None:
        """Name the fields that are not, or no longer, what the catalog of the sync says."""
        for one in catalog.streams:
            stream, columns = one.stream.name, self._columns.get(one.stream.name)
            if not columns:
                continue
            properties = one.stream.json_schema.get("properties")
            if properties and (changes := columns.changes(properties)):
                _LOGGER.warning(
                    "Stream %s: the custom fields are not those of the catalog any more: %s. "
                    "Refresh the source schema to follow.",
                    stream,
                    "; ".join(changes),
                )
            if columns.unknown:
                _LOGGER.warning(
                    "Stream %s has values of fields that were created while it was read: %s. They "
                    "are in the raw values only. Refresh the source schema, and sync again.",
                    stream,
                    ", ".join(sorted(columns.unknown)),
                )


def _with_way_out(error: AirbyteTracedException) -> AirbyteTracedException:
    """Say why a list is needed that may not be selected at all."""
    if isinstance(error, SyncStoppedError) or error.failure_type is not FailureType.config_error:
        return error
    message = (
        f"{error.message} The columns of custom fields come from there; with `custom_fields: raw` "
        "the sync does without."
    )
    return AirbyteTracedException(
        message=message, internal_message=message, failure_type=error.failure_type
    )


@dataclass
class SchemaWithColumns(SchemaLoader):
    """The JSON file of a stream, and a column for each custom field.

    `DynamicSchemaLoader` aborts every stream when the definitions cannot be read. This one warns,
    and gives the part that needs neither key nor network.
    """

    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]
    file_path: str
    columns: Callable[[], Columns] | None = None

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._static = JsonFileSchemaLoader(
            config=self.config, parameters=parameters, file_path=self.file_path
        )

    def get_json_schema(self) -> Mapping[str, Any]:
        schema = self._static.get_json_schema()
        if self.columns is None:
            return schema
        try:
            columns = self.columns().schema
        except AirbyteTracedException as error:
            _warn(f"The catalog lacks columns for custom fields: {error.message}")
            return schema
        return {**schema, "properties": {**schema["properties"], **columns}}


@cache
def _warn(message: str) -> None:
    """Warn once: the schema of a stream is asked for again and again."""
    _LOGGER.warning(message)


@dataclass
class FieldOptionsRetriever(Retriever):
    """Rows of `field_options`: every option of every field, from the definitions."""

    name: str
    entities: Mapping[str, str]
    definitions: Definitions

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[Record]:
        for entity, stream in self.entities.items():
            for row in field_options_rows(entity, self.definitions.rows(stream)):
                yield Record(row, self.name, stream_slice)
