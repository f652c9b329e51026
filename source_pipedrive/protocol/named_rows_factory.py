"""Builds streams of the rows that webhooks named."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from source_pipedrive.protocol.source_lists import source_lists
from source_pipedrive.protocol.stream_factory import BuiltStream, StreamFactory
from source_pipedrive.streams.named_rows import (
    NamedRowsCursor,
    NamedRowsReader,
    cheapest_slices,
    children_of,
)
from source_pipedrive.streams.page_reader import PageReader, WholeList
from source_pipedrive.streams.records import BeforeRequest, Row
from source_pipedrive.streams.slices import (
    InboxRows,
    Named,
    NamedRows,
    ParentGroup,
    RequestSlice,
    SingleRow,
    Slice,
)
from source_pipedrive.streams.state import StreamState
from source_pipedrive.streams.stream_spec import StreamSpec


class NamedRowsFactory(StreamFactory):
    """Builds the streams of a sync that events started: just the rows that they named.

    Streams without named rows, and those whose lists are cheaper, are read as in any sync.
    """

    def __init__(self, named_rows: Named, *rest: Any, **options: Any) -> None:
        super().__init__(*rest, **options)
        self._named = named_rows

    def _build(self, spec: StreamSpec) -> BuiltStream:
        parts = self._named_slices(spec) if spec.name in self._named else None
        return super()._build(spec) if parts is None else self._named_stream(spec, parts)

    def _named_slices(self, spec: StreamSpec) -> Sequence[NamedRows | ParentGroup] | None:
        """Return the requests for the named rows of a stream; `None` to read it as usual."""
        named = self._named[spec.name]
        if not spec.parents:
            lists = self._lists(spec)
            single = spec.single_row(self._config, lists[0].partition)

            def cost_of(partition: Mapping[str, str]) -> int:
                asked = single if SingleRow.PARTITION in partition else spec
                return self._clients.cost_of(asked.path_for(self._config, partition))

            return cheapest_slices(spec, sorted(named), lists, cost_of)
        return children_of(spec, named) if spec.incremental else None

    def _named_stream(
        self, spec: StreamSpec, parts: Sequence[NamedRows | ParentGroup]
    ) -> BuiltStream:
        incremental, cursor = spec.incremental, None
        if incremental:
            state = StreamState(spec.name, self._state_manager, self._messages)
            reads_inbox = bool(self._inbox_url and spec.event_object)
            cursor = NamedRowsCursor(
                incremental.cursor_field,
                state,
                parts,
                reads_inbox=reads_inbox,
                reads_inbox_last=reads_inbox and spec.lists_deletions,
            )
        start = self._start if incremental and incremental.knows_start_date else None
        listener = cursor or WholeList()
        tombstones, complete = self._deletions(spec, listener, start)
        reader = PageReader(spec, self._clients.client(spec), listener, start, complete=complete)
        lists = self._lists(spec)
        single = spec.single_row(self._config, lists[0].partition)
        single_reader = PageReader(
            single, self._clients.client(single), listener, start, complete=complete
        )
        # a copied row that was archived is read, even if the list of archived rows is not
        all_lists = source_lists(spec, {**self._config, "include_archived": True})
        named = NamedRowsReader(spec, all_lists, reader, single_reader)

        def read_pages(part: Slice, before_request: BeforeRequest) -> Iterator[list[Row]]:
            if isinstance(part, InboxRows):
                return tombstones.pages(part)
            if isinstance(part, NamedRows):
                return named.pages(part, before_request)
            # groups of parents
            return reader.pages(cast("RequestSlice", part), before_request)

        slices = cursor.slices if cursor else lambda: iter(parts)
        return self._stream(spec, slices, read_pages, cursor=cursor, reader=reader)
