"""The source: the manifest, and the two parts of the CDK that a manifest cannot replace."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    Status,
)
from airbyte_cdk.sources.declarative.models.declarative_component_schema import (
    CustomRetriever as CustomRetrieverModel,
)
from airbyte_cdk.sources.declarative.models.declarative_component_schema import (
    DatetimeBasedCursor as DatetimeBasedCursorModel,
)
from airbyte_cdk.sources.declarative.models.declarative_component_schema import (
    DeclarativeStream as DeclarativeStreamModel,
)
from airbyte_cdk.sources.declarative.partition_routers import PartitionRouter
from airbyte_cdk.sources.declarative.yaml_declarative_source import YamlDeclarativeSource
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from isodate import parse_duration

from source_pipedrive import config as configuration
from source_pipedrive.budget import TokenBudget
from source_pipedrive.cursor import ListCursor
from source_pipedrive.retriever import PageRetriever

_MANIFEST = Path(__file__).with_name("manifest.yaml")


class SourcePipedrive(YamlDeclarativeSource):
    """Reads a Pipedrive account; all its behaviour that can be declared is in `manifest.yaml`."""

    def __init__(
        self,
        catalog: ConfiguredAirbyteCatalog | None = None,
        config: Mapping[str, Any] | None = None,
        state: list[AirbyteStateMessage] | None = None,
        config_path: str | None = None,
    ) -> None:
        super().__init__(
            # absolute: the CDK would prefer a manifest.yaml of the current folder
            path_to_yaml=str(_MANIFEST),
            catalog=catalog,
            config=config,
            state=state,
            config_path=config_path,
        )
        # the factory's only door for a cursor of our own: see ListCursor
        self._stock_cursor = self._constructor._build_concurrent_cursor  # noqa: SLF001
        setattr(self._constructor, "_build_concurrent_cursor", self._cursor)  # noqa: B010
        # and the manifest's HTTPAPIBudget cannot follow the limits that the answers announce
        self.budget = TokenBudget(
            self._source_config["definitions"]["prices"],
            reserve_percent=(config or {}).get("daily_token_reserve_percent", 10),
        )
        setattr(self._constructor, "_api_budget", self.budget)  # noqa: B010

    def streams(self, config: Mapping[str, Any]) -> list[AbstractStream]:
        if self._config:
            configuration.refuse_bad(self._config, self.connection_specification)
        return super().streams(config)

    @property
    def connection_specification(self) -> Mapping[str, Any]:
        return self._source_config["spec"]["connection_specification"]  # type: ignore[no-any-return]

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Ask who the key belongs to (2 tokens) and say so, or say what is wrong."""
        try:
            configuration.refuse_bad(self._config, self.connection_specification)
            (user,) = self._account().read_records({}, None)
        except AirbyteTracedException as error:
            return AirbyteConnectionStatus(Status.FAILED, message=error.message)
        message = f"Connected to {user.get('company_name')} as {user.get('name')}."
        logger.info(message)
        return AirbyteConnectionStatus(Status.SUCCEEDED, message=message)

    def _account(self) -> PageRetriever:
        return self._constructor.create_component(  # type: ignore[no-any-return]
            CustomRetrieverModel,
            self._source_config["definitions"]["account"],
            self._config,
            name="account",
            primary_key="id",
        )

    def _cursor(
        self, model: DeclarativeStreamModel, router: PartitionRouter, config: Mapping[str, Any]
    ) -> Cursor:
        if not isinstance(model.incremental_sync, DatetimeBasedCursorModel):
            return self._stock_cursor(model, router, config)
        name = str(model.name)
        return ListCursor(
            stream_name=name,
            cursor_field=model.incremental_sync.cursor_field,
            lists=[one.partition for one in router.stream_slices()],
            state=self._connector_state_manager.get_stream_state(name, None),
            start=configuration.start_of(config),
            lookback=parse_duration(model.incremental_sync.lookback_window),
            message_repository=self._message_repository,
            state_manager=self._connector_state_manager,
        )
