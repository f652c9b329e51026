"""The source: the manifest, and the two parts of the CDK that a manifest cannot replace."""

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeVar

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    FailureType,
    Status,
)
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
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
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.inbox.deletions import Tombstones
from source_pipedrive.protocol.cdk_seams import evaluate_one_at_a_time
from source_pipedrive.streams.child_cursor import (
    ChildCursor,
    ParentList,
    ParentRouter,
    list_parents,
)
from source_pipedrive.streams.list_cursor import (
    ListCursor,
    ReadParents,
    RefusedState,
    UnreadableStateError,
)
from source_pipedrive.streams.page_reader import PageRetriever
from source_pipedrive.streams.reference_data import Definitions

evaluate_one_at_a_time()

_Content = TypeVar("_Content")

_MANIFEST = Path(__file__).parent.parent / "manifest.yaml"
# a catalog without custom fields reads like one of an account that has deleted them
_RETRIES_OF_DISCOVER = 2
_NO_OWNER = (
    "Pipedrive took the API key, but did not say whose it is. Correct `api_url`, or ask "
    "Pipedrive's support."
)
# the parts of Pipedrive, as `access` of a user names them, whose rows the streams bring
_APPS = ("sales", "projects", "account_settings")


def _summary(
    failures: Mapping[str, FailureType], error: AirbyteTracedException
) -> AirbyteTracedException:
    """Sum up why a sync failed, without calling the configuration wrong when it is not.

    The CDK ends every failed sync with a config error, which Airbyte does not retry.
    """
    types = set(failures.values()) or {error.failure_type}
    gravest = next(
        one
        for one in (FailureType.config_error, FailureType.system_error, FailureType.transient_error)
        if one in types
    )
    message = " ".join(failures) or str(error.message)
    return AirbyteTracedException(
        message=message, internal_message="Concurrent read failure", failure_type=gravest
    )


def _limits(user: Mapping[str, Any]) -> str:
    """Say that a user does not see everything, where that is told."""
    access = user.get("access")
    told = [one for one in access if isinstance(one, dict)] if isinstance(access, list) else []
    admin_of = {str(one.get("app")): one.get("admin") for one in told}
    others = [app for app in _APPS if admin_of.get(app) is False]
    if not others:
        return ""
    return f", no admin of {', '.join(others)}: what this user may not see there is not copied"


def _content(path: str | None, read: Callable[[str], _Content], expected: str) -> _Content | None:
    """Read a file that the command line names, or say what it should hold."""
    try:
        return read(path) if path else None
    except OSError as error:
        reason = f"{error.strerror}. In Docker, mount it, and let user {os.getuid()} read it"
    except (TypeError, ValueError) as error:
        reason = f"it should hold {expected}, as JSON ({' '.join(str(error).split())})"
    message = f"{path} cannot be used: {reason}."
    raise AirbyteTracedException(
        message=message, internal_message=message, failure_type=FailureType.config_error
    )


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
        self._cursors: dict[str, ListCursor] = {}
        self._definitions = Definitions(self._read_whole)
        self._listings: dict[tuple[str, str | None], ParentList] = {}
        self._listing_locks: dict[str, Lock] = defaultdict(Lock)
        self._selected = {stream.stream.name for stream in catalog.streams} if catalog else set()
        # the factory's only door for a cursor of our own: see ListCursor
        self._stock_cursor = self._constructor._build_concurrent_cursor  # noqa: SLF001
        setattr(self._constructor, "_build_concurrent_cursor", self._cursor)  # noqa: B010
        # and the manifest's HTTPAPIBudget cannot follow the limits that the answers announce
        self.budget = TokenBudget(
            self._source_config["definitions"]["prices"],
            reserve_percent=(config or {}).get("daily_token_reserve_percent", 10),
        )
        setattr(self._constructor, "_api_budget", self.budget)  # noqa: B010

    @classmethod
    def of_files(cls, config: str | None, catalog: str | None, state: str | None) -> Self:
        """Build the source of the files that the command line names."""
        return cls(
            _content(catalog, cls.read_catalog, "a configured catalog"),
            _content(config, cls.read_config, "an object of settings"),
            _content(state, cls.read_state, "a list of state messages"),
            config_path=config,
        )

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """Read the states of streams; in its other forms, a state would be passed over."""
        states = super().read_state(state_path)
        for one in states:
            if (one.data and not one.stream) or (one.global_ and one.global_.shared_state):
                raise ValueError("one of them is not of a stream")
        return states

    def streams(self, config: Mapping[str, Any]) -> list[AbstractStream]:
        if self._config:
            configuration.refuse_bad(self._config, configuration.specification())
        return super().streams(config)

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
        order = [stream["name"] for stream in self._stream_configs(self._source_config)]
        ordered = sorted(
            catalog.streams,
            key=lambda one: order.index(one.stream.name) if one.stream.name in order else -1,
        )
        if (source := self._configured(config, catalog, state)) is not self:
            yield from source.read(logger, config, catalog, state)
            return
        failures: dict[str, FailureType] = {}
        try:
            for message in super().read(logger, config, replace(catalog, streams=ordered), state):
                if message.trace and (error := message.trace.error):
                    if error.message in failures:
                        continue
                    failures[error.message] = FailureType(error.failure_type)
                yield message
        except AirbyteTracedException as error:
            raise _summary(failures, error) from error
        finally:
            self._definitions.warn_of_changes(catalog)
            self.budget.report(logger)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """Describe all streams; without key or network, all but their custom fields."""
        if (source := self._configured(config)) is not self:
            return source.discover(logger, config)
        self._definitions.hasty = True
        catalog = super().discover(logger, config)
        self.budget.report(logger)
        return catalog

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Ask who the key belongs to (2 tokens) and say so, or say what is wrong."""
        if (source := self._configured(config)) is not self:
            return source.check(logger, config)
        try:
            configuration.refuse_bad(self._config, configuration.specification())
            users = [record.data for record in self._account().read_records({}, None)]
        except AirbyteTracedException as error:
            return AirbyteConnectionStatus(Status.FAILED, message=error.message)
        user = users[0] if len(users) == 1 else None
        if not isinstance(user, dict):
            return AirbyteConnectionStatus(Status.FAILED, message=_NO_OWNER)
        message = f"Connected to {user.get('company_name')} as {user.get('name')}{_limits(user)}."
        logger.info(message)
        self.budget.report(logger)
        return AirbyteConnectionStatus(Status.SUCCEEDED, message=message)

    def _configured(
        self,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog | None = None,
        state: list[AirbyteStateMessage] | None = None,
    ) -> "SourcePipedrive":
        """Return a source with the config of the verb, where this one was built without.

        The CDK reads the config of the constructor alone, but its standard tests pass none to it.
        """
        return self if self._config or not config else SourcePipedrive(catalog, config, state)

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
        name = str(model.name)
        self._wire_definitions(model, name)
        incremental = model.incremental_sync
        if isinstance(router, ParentRouter):
            listing = self._list_parents if incremental else self._list_reference
            router.listing = partial(listing, router.parent)
        if not isinstance(incremental, DatetimeBasedCursorModel):
            return self._stock_cursor(model, router, config)
        try:
            return self._incremental_cursor(name, model, incremental, router, config)
        except UnreadableStateError as error:
            return RefusedState(error, incremental.cursor_field)

    def _incremental_cursor(
        self,
        name: str,
        model: DeclarativeStreamModel,
        incremental: DatetimeBasedCursorModel,
        router: PartitionRouter,
        config: Mapping[str, Any],
    ) -> Cursor:
        start = InterpolatedString.create(str(incremental.start_datetime), parameters={})
        common = {
            "stream_name": name,
            "state": self._connector_state_manager.get_stream_state(name, None),
            "start": configuration.start(start.eval(config)),
            "lookback": parse_duration(str(incremental.lookback_window)),
            "tombstones": self._tombstones(model),
            "message_repository": self._message_repository,
            "state_manager": self._connector_state_manager,
        }
        if isinstance(router, ParentRouter):
            days = config.get("full_child_refresh_days", 7) if router.group_size > 1 else None
            child = ChildCursor(router=router, full_pass_days=days, **common)
            self._share_parents(name, child, router.parent)
            return child
        lists = [one.partition for one in router.stream_slices()]
        cursor = ListCursor(
            cursor_field=incremental.cursor_field,
            lists=lists,
            windowed=incremental.end_time_option is not None,
            **common,
        )
        self._cursors[name] = cursor
        return cursor

    def _tombstones(self, model: DeclarativeStreamModel) -> Tombstones | None:
        told_as = getattr(model.retriever, "event_object", None)
        inbox = self._config.get("webhook_inbox")
        return Tombstones(inbox, told_as) if inbox and told_as else None

    def _wire_definitions(self, model: DeclarativeStreamModel, name: str) -> None:
        """Hand the one copy of the definitions to the components of a stream that want it."""
        fields_of = getattr(model.retriever, "fields_of", None)
        if fields_of and self._config.get("custom_fields") != "raw":
            labels_of = getattr(model.retriever, "labels_of", None)
            columns = partial(self._definitions.columns, name, fields_of, labels_of)
            for component in (model.retriever, model.schema_loader):
                setattr(component, "columns", columns)  # noqa: B010 - models take any attribute
        setattr(model.retriever, "definitions", self._definitions)  # noqa: B010

    def _read_whole(self, stream: str) -> list[Mapping[str, Any]]:
        partitions = self._as_list(stream, None, name=stream).generate_partitions()
        return [row.data for partition in partitions for row in partition.read()]

    def _share_parents(self, name: str, child: ChildCursor, parent: str) -> None:
        """Have the parent's own read keep what the child will ask for, where it is part of it."""
        cursor = self._cursors.get(parent)
        if cursor and {parent, name} <= self._selected and cursor.reads_since(child.since):
            cursor.parents = cursor.parents or ReadParents()

    def _list_parents(self, parent: str, since: str | None) -> ParentList:
        """List parents once a sync, and not at all where their own stream reads them anyway."""
        cursor = self._cursors.get(parent)
        if cursor and cursor.parents and cursor.reads_since(since) and cursor.parents.wait():
            return cursor.parents
        with self._listing_locks[parent]:
            if (parent, since) not in self._listings:
                self._listings[parent, since] = list_parents(
                    self._as_list(parent, since, name=f"list of {parent}")
                )
            return self._listings[parent, since]

    def _list_reference(self, parent: str, _since: str | None) -> ParentList:
        parents = ReadParents()
        parents.add("", self._definitions.rows(parent))
        return parents

    def _as_list(self, parent: str, since: str | None, name: str) -> AbstractStream:
        streams = self._stream_configs(self._source_config)
        definition = deepcopy(next(one for one in streams if one["name"] == parent))
        definition["name"] = name
        definition["retriever"]["row_by_row"] = True
        if "incremental_sync" in definition:
            definition["incremental_sync"]["start_datetime"] = since or ""
            definition["incremental_sync"].pop("end_time_option", None)
        for wanted in ("fields_of", "event_object"):
            definition["retriever"].pop(wanted, None)
        if self._definitions.hasty:
            definition["retriever"]["requester"]["error_handler"]["max_retries"] = (
                _RETRIES_OF_DISCOVER
            )
        return self._constructor.create_component(  # type: ignore[no-any-return]
            DeclarativeStreamModel, definition, self._config
        )
