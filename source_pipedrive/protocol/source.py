"""The source: what a Pipedrive account offers to the Airbyte protocol."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    FailureType,
    Status,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative.yaml_declarative_source import YamlDeclarativeSource
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.config import require_valid, specification
from source_pipedrive.protocol.cdk_seams import messages_of, with_changes
from source_pipedrive.protocol.client_factory import ClientFactory
from source_pipedrive.protocol.files import read_file
from source_pipedrive.protocol.manifest import MANIFEST, stream_specs
from source_pipedrive.protocol.skipped_streams import skipped_streams, statuses, warning
from source_pipedrive.protocol.stream_factory import StreamFactory
from source_pipedrive.streams.records import RecordFormat, RowRecords
from source_pipedrive.streams.schema import CompiledColumns, warn_of_changed_fields
from source_pipedrive.streams.stream_spec import StreamSpec

# A catalog without custom fields looks like one of an account that has deleted them.
_RETRIES_OF_DISCOVER = 2
_RETRIES_OF_CHECK = 1
_NO_OWNER = (
    "Pipedrive accepted the API key but returned no user. `api_url` may not be the address of the "
    "API. Correct `api_url`, or contact Pipedrive's support."
)
# the parts of Pipedrive, as `access` of a user names them, whose rows the streams bring
_APPS = ("sales", "projects", "account_settings")
_GRAVEST_FIRST = (
    FailureType.config_error,
    FailureType.system_error,
    FailureType.transient_error,
)


class SourcePipedrive(YamlDeclarativeSource):
    """A Pipedrive account as an Airbyte source, declared in `manifest.yaml`.

    The CDK resolves and validates the manifest, and runs threads, queue, statuses, and protocol.
    The streams are built here. `record_format` is how rows leave the connector. A process that
    reads again and again passes the same `compiled_columns` on.
    """

    def __init__(  # noqa: PLR0913 - the CDK's parameters, and two more
        self,
        catalog: ConfiguredAirbyteCatalog | None = None,
        config: Mapping[str, Any] | None = None,
        state: list[AirbyteStateMessage] | None = None,
        config_path: str | None = None,
        *,
        record_format: RecordFormat | None = None,
        compiled_columns: CompiledColumns | None = None,
    ) -> None:
        super().__init__(
            # absolute: the CDK would prefer a manifest.yaml of the current folder
            path_to_yaml=str(MANIFEST),
            catalog=catalog,
            config=config,
            state=state,
            config_path=config_path,
        )
        self.config: Mapping[str, Any] = config or {}
        self.budget = TokenBudget(
            self.resolved_manifest["definitions"]["token_costs"],
            reserve_percent=self.config.get("daily_token_reserve_percent", 10),
        )
        self._selected = {stream.stream.name for stream in catalog.streams} if catalog else None
        self._record_format = record_format or RowRecords()
        self._compiled_columns = {} if compiled_columns is None else compiled_columns
        self._state_manager = ConnectorStateManager(state)
        self._messages = messages_of(self)
        self.clients = ClientFactory(self.config, self.budget, self._state_manager, self._messages)

    @classmethod
    def from_files(
        cls,
        config: str | None,
        catalog: str | None,
        state: str | None,
        *,
        record_format: RecordFormat | None = None,
        compiled_columns: CompiledColumns | None = None,
    ) -> Self:
        """Build the source from the files that the command line names."""
        return cls(
            read_file(catalog, cls.read_catalog, "a configured catalog"),
            read_file(config, cls.read_config, "an object of settings"),
            read_file(state, cls.read_state, "a list of state messages"),
            config_path=config,
            record_format=record_format,
            compiled_columns=compiled_columns,
        )

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """Read the states of streams. In its other forms, a state would be ignored."""
        states = super().read_state(state_path)
        for one in states:
            if (one.data and not one.stream) or (one.global_ and one.global_.shared_state):
                raise ValueError("one of them is not the state of a stream")
        return states

    @property
    def selected(self) -> Collection[str]:
        """The streams of the catalog; all that the configuration has, where there is none."""
        return self.specs.keys() if self._selected is None else self._selected

    @cached_property
    def specs(self) -> Mapping[str, StreamSpec]:
        """The streams that the configuration has, by name."""
        return stream_specs(self.resolved_manifest, self.config)

    def factory(self, max_retries: int | None = None) -> StreamFactory:
        """Return a factory of the streams of one sync. Refuses a bad configuration."""
        if self.config:
            require_valid(self.config, specification())
        return StreamFactory(
            self.specs,
            self.config,
            self.clients,
            state_manager=self._state_manager,
            messages=self._messages,
            record_format=self._record_format,
            compiled_columns=self._compiled_columns,
            max_retries=max_retries,
        )

    def streams(self, config: Mapping[str, Any]) -> list[AbstractStream]:
        """Build the streams of the catalog; all of them where there is none."""
        return [one.stream for one in self.factory().build(self.selected)]

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the selected streams, parents before their children, and log what it cost."""
        if (source := self._configured(config, catalog, state)) is not self:
            yield from source.read(logger, config, catalog, state)
            return
        order = list(self.specs)
        ordered = sorted(
            catalog.streams,
            key=lambda one: order.index(one.stream.name) if one.stream.name in order else -1,
        )
        failures: dict[str, FailureType] = {}
        if skipped := skipped_streams(catalog.streams, self.specs):
            logger.warning(warning(skipped))
            if len(skipped) == len(catalog.streams):
                yield from statuses(skipped)
        try:
            for message in super().read(logger, config, replace(catalog, streams=ordered), state):
                if message.trace and (error := message.trace.error):
                    if error.message in failures:
                        continue
                    failures[error.message] = FailureType(error.failure_type)
                yield with_changes(message)
        except AirbyteTracedException as error:
            raise _summary(failures, error) from error
        finally:
            warn_of_changed_fields(self._compiled_columns, catalog)
            self.budget.report(logger)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """Describe all streams; without key or network, all but their custom fields."""
        if (source := self._configured(config)) is not self:
            return source.discover(logger, config)
        built = self.factory(max_retries=_RETRIES_OF_DISCOVER).build(self.specs.keys())
        catalog = AirbyteCatalog(streams=[one.stream.as_airbyte_stream() for one in built])
        self.budget.report(logger)
        return catalog

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Ask who the key belongs to (2 tokens) and say so, or say what is wrong."""
        if (source := self._configured(config)) is not self:
            return source.check(logger, config)
        try:
            require_valid(self.config, specification())
            user = self.owner()
        except AirbyteTracedException as error:
            return AirbyteConnectionStatus(Status.FAILED, message=error.message)
        if user is None:
            return AirbyteConnectionStatus(Status.FAILED, message=_NO_OWNER)
        message = f"Connected to {user.get('company_name')} as {user.get('name')}.{_limits(user)}"
        logger.info(message)
        self.budget.report(logger)
        return AirbyteConnectionStatus(Status.SUCCEEDED, message=message)

    def owner(self) -> Mapping[str, Any] | None:
        """Return the user whose API key it is, for 2 tokens; the answer announces the limits."""
        account = StreamSpec.parse(self.resolved_manifest["definitions"]["account"])
        client = self.clients.client(account, max_retries=_RETRIES_OF_CHECK)
        user = client.get({}, {}).body["data"]
        return user if isinstance(user, dict) and user else None

    def _configured(
        self,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog | None = None,
        state: list[AirbyteStateMessage] | None = None,
    ) -> "SourcePipedrive":
        """Return a source with the config of the verb, where this one was built without.

        The CDK reads the config of the constructor alone, but its standard tests pass none to it.
        """
        return self if self.config or not config else SourcePipedrive(catalog, config, state)


def _summary(
    failures: Mapping[str, FailureType], error: AirbyteTracedException
) -> AirbyteTracedException:
    """Sum up why a sync failed, without calling the configuration wrong when it is not.

    The CDK ends every failed sync with a config error, which Airbyte does not retry.
    """
    types = set(failures.values()) or {error.failure_type}
    return AirbyteTracedException(
        message=" ".join(failures) or str(error.message),
        internal_message="Concurrent read failure",
        failure_type=next(one for one in _GRAVEST_FIRST if one in types),
    )


def _limits(user: Mapping[str, Any]) -> str:
    """Say that a user does not see everything, where Pipedrive tells."""
    access = user.get("access")
    apps = [one for one in access if isinstance(one, dict)] if isinstance(access, list) else []
    admin_of = {str(one.get("app")): one.get("admin") for one in apps}
    others = [app for app in _APPS if admin_of.get(app) is False]
    if not others:
        return ""
    return (
        f" This user is not an admin of {', '.join(others)}. Records there that the user may not "
        "see are not copied."
    )
