"""Builds streams: the CDK's `DefaultStream`, made of this connector's own parts."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream

from source_pipedrive.config import normalize_start_date
from source_pipedrive.custom_fields.options import field_options_rows
from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.protocol.client_factory import ClientFactory
from source_pipedrive.protocol.source_lists import source_lists
from source_pipedrive.protocol.takeover import announced, log_takeover
from source_pipedrive.streams.child_cursor import ChildCursor, ScanTiming
from source_pipedrive.streams.inbox_reader import (
    DeletionReader,
    EventCursor,
    EventReader,
    WholeListWithDeletions,
)
from source_pipedrive.streams.list_cursor import ListCursor
from source_pipedrive.streams.list_reader import ListReader
from source_pipedrive.streams.listed_deletions import ListedDeletions
from source_pipedrive.streams.official_states import are_official, saved_states
from source_pipedrive.streams.page_reader import Complete, PageListener, PageReader, WholeList
from source_pipedrive.streams.parents import CollectedParents, ParentLists, ParentRequests
from source_pipedrive.streams.partitions import SlicePartitions
from source_pipedrive.streams.records import (
    BeforeRequest,
    ReadPages,
    RecordFormat,
    Row,
    StreamReader,
)
from source_pipedrive.streams.reference_data import ReferenceData
from source_pipedrive.streams.schema import CompiledColumns, CustomFields, StreamSchema, conformer
from source_pipedrive.streams.slices import (
    InboxRows,
    ListSlice,
    ReferenceRows,
    RequestSlice,
    Slice,
    SourceList,
)
from source_pipedrive.streams.state import StreamState
from source_pipedrive.streams.stream_cursor import StreamCursor
from source_pipedrive.streams.stream_spec import Incremental, StreamSpec

_LOGGER = logging.getLogger("airbyte")


@dataclass(frozen=True)
class BuiltStream:
    """A stream, and the parts that an estimate of its token cost asks.

    `cursor` is `None` for streams that keep no bookmark, `reader` for those that need no request.
    """

    spec: StreamSpec
    stream: DefaultStream
    lists: Sequence[SourceList]
    cursor: StreamCursor | None = None
    reader: PageReader | None = None


class StreamFactory:
    """Builds the streams of one sync, which share reference data, parents, and budget.

    `max_retries` limits the retries for reference data, where a sync can do without it.
    """

    def __init__(  # noqa: PLR0913 - the one place where everything comes together
        self,
        specs: Mapping[str, StreamSpec],
        config: Mapping[str, Any],
        clients: ClientFactory,
        *,
        state_manager: ConnectorStateManager,
        messages: MessageRepository,
        record_format: RecordFormat,
        compiled_columns: CompiledColumns,
        max_retries: int | None = None,
    ) -> None:
        self._specs = specs
        self._config = config
        self._clients = clients
        self._state_manager = state_manager
        self._messages = messages
        self._format = record_format
        lists = ListReader(specs, self._lists, partial(clients.client, max_retries=max_retries))
        self._reference = ReferenceData(lists.rows, fail_fast=max_retries is not None)
        self._parents = ParentLists(lists.parents)
        self._list_cursors: dict[str, ListCursor] = {}
        self._has_official_states = are_official(
            saved_states(state_manager),
            [name for name, spec in specs.items() if spec.incremental],
            [
                name
                for name, spec in specs.items()
                if any(map(_is_archived_list, self._lists(spec)))
            ],
        )
        self.custom_fields = CustomFields(self._reference, compiled_columns)
        self._start = normalize_start_date(config.get("start_date"))
        self._inbox_url = str(config.get("webhook_inbox") or "")

    def build(self, names: Collection[str]) -> list[BuiltStream]:
        """Build streams, parents before their children."""
        built = [self._build(spec) for name, spec in self._specs.items() if name in names]
        log_takeover({one.spec.name: self._list_cursors.get(one.spec.name) for one in built})
        return built

    def _build(self, spec: StreamSpec) -> BuiltStream:
        if spec.reader == "EventReader":
            return self._event_stream(spec)
        if spec.reader == "field_options_rows":
            return self._reference_stream(spec, partial(_field_options, spec, self._reference))
        if spec.incremental:
            return self._incremental_stream(spec, spec.incremental)
        if spec.parents or spec.router:
            reader = PageReader(spec, self._clients.client(spec), WholeList(), None)
            slices = partial(self._whole_slices, spec)
            pages = cast("ReadPages", reader.pages)
            return self._whole_stream(spec, slices, pages, reader=reader)
        return self._reference_stream(spec, lambda: self._reference.rows(spec.name))

    def _incremental_stream(self, spec: StreamSpec, incremental: Incremental) -> BuiltStream:
        cursor = self._cursor(spec, incremental)
        start = self._start if incremental.knows_start_date else None
        tombstones, complete = self._deletions(spec, cursor, start)
        reader = PageReader(spec, self._clients.client(spec), cursor, start, complete=complete)

        def read_pages(part: Slice, before_request: BeforeRequest) -> Iterator[list[Row]]:
            if isinstance(part, InboxRows):
                return tombstones.pages(part)
            return reader.pages(cast("RequestSlice", part), before_request)

        return self._stream(spec, cursor.slices, read_pages, cursor=cursor, reader=reader)

    def _deletions(
        self, spec: StreamSpec, listener: PageListener, start: str | None
    ) -> tuple[DeletionReader, Complete]:
        """Return the reader of a stream's tombstones, and what it does to rows of the API."""
        deletions = Deletions(self._inbox_url, str(spec.event_object))
        has_both = bool(self._inbox_url and spec.lists_deletions)
        listed = ListedDeletions(deletions) if has_both else None
        complete = listed.complete if listed else _unchanged
        return DeletionReader(spec, deletions, listener, start, listed), complete

    def _cursor(self, spec: StreamSpec, incremental: Incremental) -> ListCursor | ChildCursor:
        state = StreamState(
            spec.name,
            self._state_manager,
            self._messages,
            is_official=self._has_official_states,
        )
        reads_inbox = bool(self._inbox_url and spec.event_object)
        if spec.parents:
            return self._child_cursor(spec.parents, state, incremental, reads_inbox=reads_inbox)
        start = self._start if incremental.knows_start_date else None
        cursor = ListCursor(spec, state, self._lists(spec), start, reads_inbox=reads_inbox)
        self._list_cursors[spec.name] = cursor
        return cursor

    def _child_cursor(
        self,
        requests: ParentRequests,
        state: StreamState,
        incremental: Incremental,
        *,
        reads_inbox: bool,
    ) -> ChildCursor:
        # only children that are cheap to read are also read for parents that did not change
        days = self._config.get("full_child_refresh_days", 7) if requests.group_size > 1 else None
        path = self._specs[state.stream_name].path_for(self._config, {requests.parent_key: "1"})
        list_parents = partial(self._parents.since, requests.parent)
        cursor = ChildCursor(
            requests,
            state,
            announced(list_parents, state, requests.parent, self._clients.cost_of(path)),
            ScanTiming(incremental.lookback, days),
            reads_inbox=reads_inbox,
        )
        if parent := self._list_cursors.get(requests.parent):
            self._parents.share(requests.parent, parent, cursor.since)
        return cursor

    def _event_stream(self, spec: StreamSpec) -> BuiltStream:
        incremental = cast("Incremental", spec.incremental)
        state = StreamState(spec.name, self._state_manager, self._messages)
        cursor = EventCursor(incremental.cursor_field, state)
        reader = EventReader(spec, self._inbox_url, cursor, self._start)
        pages = cast("ReadPages", lambda part, _: reader.pages(part))
        return self._stream(spec, cursor.slices, pages, cursor=cursor)

    def _reference_stream(
        self, spec: StreamSpec, rows: Callable[[], Sequence[Mapping[str, Any]]]
    ) -> BuiltStream:
        def read_pages(_part: Slice, _before_request: BeforeRequest) -> Iterator[list[Row]]:
            # copies: other streams use the same rows
            yield [cast("Row", copy(row)) for row in rows()]

        def ids() -> Collection[Any]:
            return {row["id"] for row in rows()}

        return self._whole_stream(spec, lambda: iter([ReferenceRows()]), read_pages, ids=ids)

    def _whole_stream(
        self,
        spec: StreamSpec,
        slices: Callable[[], Iterator[Slice]],
        read_pages: ReadPages,
        *,
        reader: PageReader | None = None,
        ids: Callable[[], Collection[Any]] = frozenset,
    ) -> BuiltStream:
        """Build a stream that is always read in full, with the deletions in the inbox."""
        if self._inbox_url and spec.deleted_object:
            with_deleted = WholeListWithDeletions(spec, self._inbox_url, slices, read_pages, ids)
            slices, read_pages = with_deleted.slices, with_deleted.pages
        return self._stream(spec, slices, read_pages, reader=reader)

    def _stream(
        self,
        spec: StreamSpec,
        slices: Callable[[], Iterator[Slice]],
        read_pages: ReadPages,
        *,
        cursor: StreamCursor | None = None,
        reader: PageReader | None = None,
    ) -> BuiltStream:
        has_columns = bool(spec.fields_of) and self._config.get("custom_fields") != "raw"
        custom_fields = self.custom_fields if has_columns else None
        columns = partial(custom_fields.columns, spec) if custom_fields else None
        on_failure = cursor.fail if cursor else lambda: None
        records = StreamReader(spec.name, read_pages, self._format, columns, on_failure).records
        field = CursorField(spec.incremental.cursor_field) if spec.incremental else None
        stream_cursor: Cursor = cursor or FinalStateCursor(spec.name, None, self._messages)
        stream = DefaultStream(
            partition_generator=SlicePartitions(spec.name, slices, records),
            name=spec.name,
            json_schema=StreamSchema(spec, custom_fields).json_schema,
            primary_key=list(spec.primary_key),
            cursor_field=field,
            logger=_LOGGER,
            cursor=stream_cursor,
        )
        return BuiltStream(spec, stream, self._lists(spec), cursor, reader)

    def _whole_slices(self, spec: StreamSpec) -> Iterator[RequestSlice]:
        if not spec.parents:
            yield from (ListSlice(source=one) for one in self._lists(spec))
            return
        parents = CollectedParents()
        parents.add("", self._reference.rows(spec.parents.parent))
        yield from spec.parents.groups(parents)

    def _lists(self, spec: StreamSpec) -> Sequence[SourceList]:
        return source_lists(spec, self._config)


def _field_options(spec: StreamSpec, reference: ReferenceData) -> Sequence[Mapping[str, Any]]:
    rows = [
        row
        for entity, stream in spec.entities.items()
        for row in field_options_rows(entity, reference.rows(stream))
    ]
    return conformer(spec.name, spec.schema_file).rows(rows)


def _unchanged(rows: list[Row]) -> list[Row]:
    return rows


def _is_archived_list(one: SourceList) -> bool:
    """Tell whether a list of archived rows has a bookmark that hides rows."""
    return one.name == "archived" and one.older_rows != "dropped"
