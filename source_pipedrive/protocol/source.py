"""The source: what a Pipedrive account offers to the Airbyte protocol."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Self

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    ConnectorSpecification,
    ConnectorSpecificationSerializer,
    Status,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive import config_file
from source_pipedrive.api.access import Access, access_of
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.config import normalize, packaged_spec, require_valid, specification
from source_pipedrive.old_settings import migrate
from source_pipedrive.protocol.cdk_seams import messages_of, with_changes
from source_pipedrive.protocol.client_factory import ClientFactory
from source_pipedrive.protocol.config_updates import SPEC, PlatformUpdates
from source_pipedrive.protocol.failures import Failures
from source_pipedrive.protocol.files import read_file
from source_pipedrive.protocol.manifest import packaged_manifest, stream_specs
from source_pipedrive.protocol.named_rows_factory import NamedRowsFactory
from source_pipedrive.protocol.skipped_streams import (
    skipped_streams,
    statuses,
    unknown_states,
    warning,
)
from source_pipedrive.protocol.stream_factory import StreamFactory
from source_pipedrive.streams.official_states import saved_states
from source_pipedrive.streams.records import RecordFormat, RowRecords
from source_pipedrive.streams.schema import CompiledColumns, warn_of_changed_fields
from source_pipedrive.streams.slices import Named
from source_pipedrive.streams.stream_spec import StreamSpec

AccessOf = Callable[[Mapping[str, Any]], Access]
"""Returns the access to Pipedrive that a config describes."""

# A catalog without custom fields looks like one of an account that has deleted them.
_RETRIES_OF_DISCOVER = 2
_RETRIES_OF_CHECK = 1
_NO_OWNER = (
    "Pipedrive accepted the API key but returned no user. `api_url` may not be the address of the "
    "API. Correct `api_url`, or contact Pipedrive's support."
)
# the parts of Pipedrive, as `access` of a user names them, whose rows the streams bring
_APPS = ("sales", "projects", "account_settings")


class SourcePipedrive(ConcurrentDeclarativeSource):
    """A Pipedrive account as an Airbyte source, declared in `manifest.yaml`.

    The CDK resolves and validates the manifest, and runs threads, queue, statuses, and protocol.
    The streams are built here. `record_format` is how rows leave the connector. A process that
    reads again and again passes the same `compiled_columns` and `budget` on. Of streams in
    `named_rows`, just these rows are read, and their bookmarks stay.

    CONTROL messages hand migrated settings and renewed credentials to an Airbyte platform. Whoever
    passes `access` stores renewed credentials instead.
    """

    def __init__(  # noqa: PLR0913 - the CDK's parameters, and five more
        self,
        catalog: ConfiguredAirbyteCatalog | None = None,
        config: Mapping[str, Any] | None = None,
        state: list[AirbyteStateMessage] | None = None,
        config_path: str | None = None,
        *,
        record_format: RecordFormat | None = None,
        compiled_columns: CompiledColumns | None = None,
        named_rows: Named | None = None,
        access: AccessOf | None = None,
        budget: TokenBudget | None = None,
    ) -> None:
        given = config or {}
        file = config_path if config_path and config_file.is_writable(config_path) else None
        migrated = migrate(given)
        super().__init__(
            catalog=catalog,
            config=migrated if access else given,
            state=state,
            # a copy: the CDK changes it
            source_config={**deepcopy(packaged_manifest()), "spec": SPEC},
            config_path=file,
        )
        self.config: Mapping[str, Any] = normalize(migrated)
        self._is_configured = bool(given)
        to_platform = partial(access_of, hand_back=PlatformUpdates(migrated, file))
        self.budget = budget or TokenBudget(
            self.resolved_manifest["definitions"]["token_costs"],
            reserve_percent=self.config.get("daily_token_reserve_percent", 10),
        )
        self._selected = {stream.stream.name for stream in catalog.streams} if catalog else None
        self._record_format = record_format or RowRecords()
        self._compiled_columns = {} if compiled_columns is None else compiled_columns
        self._named_rows = named_rows
        self._state_manager = ConnectorStateManager(state)
        self._messages = messages_of(self)
        signed = (access or to_platform)(self.config)
        self.clients = ClientFactory(
            self.config, signed, self.budget, self._state_manager, self._messages
        )

    @classmethod
    def from_files(  # noqa: PLR0913 - as the constructor
        cls,
        config: str | None,
        catalog: str | None,
        state: str | None,
        *,
        record_format: RecordFormat | None = None,
        compiled_columns: CompiledColumns | None = None,
        named_rows: Named | None = None,
        access: AccessOf | None = None,
        budget: TokenBudget | None = None,
    ) -> Self:
        """Build the source from the files that the command line names."""
        return cls(
            read_file(catalog, cls.read_catalog, "a configured catalog"),
            read_file(config, cls.read_config, "an object of settings"),
            read_file(state, cls.read_state, "a list of state messages"),
            config_path=config,
            record_format=record_format,
            compiled_columns=compiled_columns,
            named_rows=named_rows,
            access=access,
            budget=budget,
        )

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """Read the states of streams. In its other forms, a state would be ignored."""
        states = super().read_state(state_path)
        for one in states:
            if (one.data and not one.stream) or (one.global_ and one.global_.shared_state):
                raise ValueError("one of them is not the state of a stream")
        return states

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Return `spec.yaml`, as the verb `spec` prints it."""
        return ConnectorSpecificationSerializer.load(packaged_spec())

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
        if self._is_configured:
            require_valid(self.config, specification())
        factory = partial(NamedRowsFactory, self._named_rows) if self._named_rows else StreamFactory
        return factory(
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
        ordered = replace(catalog, streams=_parents_first(catalog.streams, self.specs))
        failures = Failures()
        skipped = skipped_streams(catalog.streams, self.specs)
        if text := warning(skipped, unknown_states(saved_states(self._state_manager))):
            logger.warning(text)
        if len(skipped) == len(catalog.streams):
            yield from statuses(skipped)
        try:
            for message in super().read(logger, config, ordered, state):
                if not failures.repeats(message):
                    yield with_changes(message)
        except AirbyteTracedException as error:
            raise failures.summary(error) from error
        finally:
            warn_of_changed_fields(self._compiled_columns, catalog)
            self.budget.report(logger)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """Describe all streams; without key or network, all but their custom fields."""
        if (source := self._configured(config)) is not self:
            return source.discover(logger, config)
        catalog = AirbyteCatalog(streams=self.offered(self.specs.keys()))
        self.budget.report(logger)
        return catalog

    def offered(self, names: Collection[str]) -> list[AirbyteStream]:
        """Describe streams; where their custom fields cannot be read, without them."""
        built = self.factory(max_retries=_RETRIES_OF_DISCOVER).build(names)
        return [one.stream.as_airbyte_stream() for one in built]

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
        return (
            self if self._is_configured or not config else SourcePipedrive(catalog, config, state)
        )


def _parents_first(
    selected: Sequence[ConfiguredAirbyteStream], known: Collection[str]
) -> list[ConfiguredAirbyteStream]:
    """Order streams as the manifest has them; those that it does not have come first."""
    places = {name: place for place, name in enumerate(known)}
    return sorted(selected, key=lambda one: places.get(one.stream.name, -1))


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
