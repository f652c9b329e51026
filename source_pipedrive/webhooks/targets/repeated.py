"""The source, for a process that runs it over and over: what stays the same is done once."""

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import orjson
from airbyte_cdk.sources.declarative import concurrent_declarative_source as cdk
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream

from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.streams.reference_data import Definitions

# The CDK parses its own schema for every source: a quarter of a second of CPU.
setattr(cdk, "get_declarative_component_schema", cache(cdk.get_declarative_component_schema))  # noqa: B010


class RepeatedSource(SourcePipedrive):
    """Prepares the manifest for the first run only, and builds no streams but the selected ones.

    That is most of the CPU of a small sync; one source cannot be used twice, since its threads end
    with the read. Reads share the definitions of custom fields until `forget` is called, which
    saves 10 tokens for each object and read.
    """

    _prepared: ClassVar[bytes] = b""
    _is_valid: ClassVar[bool] = False
    _known: ClassVar[Definitions | None] = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # a discovery, which selects nothing, gives up sooner: it keeps what it finds to itself
        if self._selected:
            known = RepeatedSource._known or self._definitions
            known.go_on(self._read_whole)
            self._definitions = RepeatedSource._known = known

    @classmethod
    def forget(cls) -> None:
        """Have the next read ask for the definitions of custom fields."""
        RepeatedSource._known = None

    def _read_and_parse_yaml_file(self, path_to_yaml_file: str) -> Mapping[str, Any]:
        return {} if self._prepared else super()._read_and_parse_yaml_file(path_to_yaml_file)

    def _pre_process_manifest(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if not self._prepared:
            RepeatedSource._prepared = orjson.dumps(super()._pre_process_manifest(manifest))
        prepared: dict[str, Any] = orjson.loads(self._prepared)
        return prepared

    def _validate_source(self) -> None:
        if not self._is_valid:
            super()._validate_source()
            RepeatedSource._is_valid = True

    def _create_streams(
        self, selected_configs: list[dict[str, Any]], all_configs: list[dict[str, Any]]
    ) -> list[AbstractStream]:
        wanted = [one for one in selected_configs if one["name"] in self._selected]
        return super()._create_streams(wanted or selected_configs, all_configs)
