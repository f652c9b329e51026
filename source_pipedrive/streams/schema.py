"""The columns of a stream: those of its JSON file, and one for each custom field."""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalog, FailureType
from airbyte_cdk.sources.declarative.schema import JsonFileSchemaLoader
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.exceptions import SyncStoppedError, config_error
from source_pipedrive.api.responses import AnswerShape
from source_pipedrive.conformance.conformer import Conformer, type_of
from source_pipedrive.conformance.conversions import MisfitError
from source_pipedrive.custom_fields.columns import Columns, columns_of
from source_pipedrive.streams.reference_data import ReferenceData
from source_pipedrive.streams.stream_spec import StreamSpec

_LOGGER = logging.getLogger("airbyte")
CompiledColumns = dict[str, Columns]
"""The columns of custom fields, by the name of their stream."""


@cache
def declared_schema(stream: str, file_path: str) -> Mapping[str, Any]:
    """Return the schema of a stream's rows, without the custom fields of an account."""
    loader = JsonFileSchemaLoader(config={}, parameters={"name": stream}, file_path=file_path)
    return loader.get_json_schema()


@cache
def conformer(stream: str, file_path: str) -> Conformer:
    """Return what makes rows conform to the declared schema of their stream."""
    return Conformer(declared_schema(stream, file_path))


def answer_shape(spec: StreamSpec) -> AnswerShape:
    """Return what Pipedrive's answers must look like; keys that are added here may be missing."""
    has_own_key = "hashed_id" in spec.shape or spec.is_object or spec.fallback is not None
    added = {spec.parents.parent_key} if spec.parents else set()
    required = [] if has_own_key else [one for one in spec.primary_key if one not in added]
    keys = {column: _is_key(spec, column) for column in required}
    return AnswerShape(spec.is_object, spec.records_at, spec.wrapped_in, keys)


def _is_key(spec: StreamSpec, column: str) -> Callable[[Any], bool]:
    """Return what tells whether a value can be the key of a row."""
    properties = declared_schema(spec.name, spec.schema_file)["properties"]
    convert = type_of(properties[column], column).convert

    def is_key(value: Any) -> bool:
        try:
            return value is not None and convert(value) is not None
        except MisfitError:
            return False

    return is_key


class CustomFields:
    """The columns of custom fields, compiled once from the field definitions of each stream.

    A process that reads again and again passes on what was `compiled`.
    """

    def __init__(self, reference: ReferenceData, compiled: CompiledColumns) -> None:
        self._reference = reference
        self._compiled = compiled
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def columns(self, spec: StreamSpec) -> Columns:
        """Return the columns of a stream. Raises what reading the field definitions raised."""
        with self._locks[spec.name]:
            if spec.name not in self._compiled:
                try:
                    self._compiled[spec.name] = self._compile(spec)
                except AirbyteTracedException as error:
                    raise _with_workaround(error) from error
            return self._compiled[spec.name]

    def _compile(self, spec: StreamSpec) -> Columns:
        definitions = self._reference.rows(str(spec.fields_of))
        if not spec.labels_of:
            return columns_of(definitions, "v2")
        # rows with labels of their own are leads, in the form of v1
        labels = self._reference.rows(spec.labels_of)
        return columns_of(definitions, "v1", {str(row["id"]): str(row["name"]) for row in labels})


def _with_workaround(error: AirbyteTracedException) -> AirbyteTracedException:
    """Say why a list is needed that may not be selected at all, and how to do without it."""
    if isinstance(error, SyncStoppedError) or error.failure_type is not FailureType.config_error:
        return error
    return config_error(
        f"{error.message} The columns of custom fields are made from it. To sync without these "
        "columns, set `custom_fields` to `raw`."
    )


def warn_of_changed_fields(compiled: CompiledColumns, catalog: ConfiguredAirbyteCatalog) -> None:
    """Name the custom fields that are not, or no longer, what the catalog of the sync says."""
    for one in catalog.streams:
        stream, columns = one.stream.name, compiled.get(one.stream.name)
        if not columns:
            continue
        properties = one.stream.json_schema.get("properties")
        if properties and (changes := columns.changes(properties)):
            _LOGGER.warning(
                "Stream %s: the custom fields have changed since the catalog was discovered: %s. "
                "Refresh the source schema.",
                stream,
                "; ".join(changes),
            )
        if columns.unknown:
            _LOGGER.warning(
                "Stream %s has values of fields that were created during the sync: %s. Only the "
                "raw values contain them. Refresh the source schema and sync again.",
                stream,
                ", ".join(sorted(columns.unknown)),
            )


class StreamSchema:
    """The JSON schema of a stream, with its custom fields where they can be read.

    The CDK's `DynamicSchemaLoader` aborts every stream when the field definitions cannot be read.
    This one warns, and gives the part that needs neither key nor network.
    """

    def __init__(self, spec: StreamSpec, custom_fields: CustomFields | None) -> None:
        self._spec = spec
        self._custom_fields = custom_fields

    def json_schema(self) -> Mapping[str, Any]:
        """Return the schema; the CDK calls this again and again."""
        schema = declared_schema(self._spec.name, self._spec.schema_file)
        if self._custom_fields is None:
            return schema
        try:
            columns = self._custom_fields.columns(self._spec).schema
        except AirbyteTracedException as error:
            _warn_once(f"The catalog lacks columns for custom fields: {error.message}")
            return schema
        return {**schema, "properties": {**schema["properties"], **columns}}


@cache
def _warn_once(message: str) -> None:
    _LOGGER.warning(message)
