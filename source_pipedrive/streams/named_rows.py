"""Reads just the rows that webhooks named, and leaves the bookmarks of the lists where they are."""

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from source_pipedrive.streams.page_reader import PageReader
from source_pipedrive.streams.slices import (
    ListSlice,
    NamedRows,
    ParentGroup,
    ReadPage,
    RowsById,
    SingleRow,
    Slice,
    SourceList,
)
from source_pipedrive.streams.state import StreamState, readable
from source_pipedrive.streams.stream_cursor import StreamCursor
from source_pipedrive.streams.stream_spec import StreamSpec

Row = dict[str, Any]

_IDS_PER_REQUEST = 100


def cheapest_slices(
    spec: StreamSpec,
    ids: Sequence[str],
    lists: Sequence[SourceList],
    cost_of_partition: Callable[[Mapping[str, str]], int],
) -> list[NamedRows] | None:
    """Return how to request rows for the fewest tokens; `None`: by reading the lists as usual.

    A request costs the same whatever it brings: a row 1 or 2 tokens, up to a hundred rows of a
    list by their ids 10, where the list takes ids.
    https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
    """
    singly = len(ids) * cost_of_partition({SingleRow.PARTITION: "1"})
    whole = sum(cost_of_partition(one.partition) for one in lists)
    groups = math.ceil(len(ids) / _IDS_PER_REQUEST)
    by_ids = groups * cost_of_partition(lists[0].partition) if spec.takes_ids else math.inf
    if min(singly, by_ids) > whole:
        return None
    size = 1 if singly <= by_ids else _IDS_PER_REQUEST
    return [NamedRows(ids[first : first + size]) for first in range(0, len(ids), size)]


class NamedRowsReader:
    """Reads named rows: one by its own path, several by the ids that a list takes.

    What the answer for one row is when it was archived, deleted, or hidden from the owner of the
    key is not established. So a row that does not come is looked for in the lists that may have
    it, where they take ids: archived rows, and deleted ones where the API lists them.
    """

    def __init__(
        self,
        spec: StreamSpec,
        lists: Sequence[SourceList],
        reader: PageReader,
        single_reader: PageReader,
    ) -> None:
        self._spec = spec
        self._lists = lists
        self._reader = reader
        self._single_reader = single_reader

    def pages(self, part: NamedRows, before_request: Callable[[], None]) -> Iterator[list[Row]]:
        """Yield the rows that Pipedrive has for these ids, request by request."""
        missing = set(part.ids)
        for reader, request in self._requests(part.ids, missing):
            for rows in reader.pages(request, before_request):
                missing -= {str(self._spec.key_of(row)) for row in rows}
                yield rows

    def _requests(
        self, ids: Sequence[str], missing: set[str]
    ) -> Iterator[tuple[PageReader, ListSlice]]:
        """Yield one request after another, as long as rows are missing."""
        lists = self._lists
        if len(ids) == 1:
            yield self._single_reader, SingleRow(source=lists[0], id=ids[0])
            lists = lists if self._spec.lists_deletions else lists[1:]
        for one in lists if self._spec.takes_ids else ():
            if missing:
                yield self._reader, RowsById(source=one, ids=sorted(missing))


class NamedRowsCursor(StreamCursor):
    """Reads given slices. The state stays as it is, but for what was read from the inbox."""

    def __init__(
        self,
        cursor_field: str,
        state: StreamState,
        parts: Sequence[Any],
        *,
        reads_inbox: bool,
        reads_inbox_last: bool,
    ) -> None:
        super().__init__(
            cursor_field, state, reads_inbox=reads_inbox, reads_inbox_last=reads_inbox_last
        )
        self._parts = parts
        self._open_count = len(parts)
        self._has_failed = False

    @property
    def reads_all(self) -> bool:
        return False

    @property
    def state(self) -> MutableMapping[str, Any]:
        return {**self._saved, **self._inbox_state()}

    def _load(self, saved: Mapping[str, Any]) -> None:
        self._saved = dict(saved)
        readable(self._stream_name, self._field, saved, lambda: self._load_sequence(saved))

    def _request_slices(self) -> Iterator[Any]:
        return iter(self._parts)

    def _requested_page_done(self, part: Slice, page: ReadPage) -> bool:
        return True

    def _wait_for_requests(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._has_failed or not self._open_count)
        return not self._has_failed

    def _close(self, part: Slice) -> None:
        self._open_count -= 1

    def _finish(self) -> None: ...

    def fail(self) -> None:
        with self._changed:
            self._has_failed = True
            self._changed.notify_all()


def children_of(spec: StreamSpec, parents: Mapping[str, str]) -> list[ParentGroup]:
    """Return the requests for the children of these parents; `parents`: id -> when it changed."""
    requests = spec.parents
    assert requests, "a child stream names its parents"  # noqa: S101 - for types
    by_id = sorted((int(one), moment) for one, moment in parents.items())
    return [
        ParentGroup(
            requests.parent_key,
            "",
            dict(by_id[first : first + requests.group_size]),
            requests.ids_parameter,
        )
        for first in range(0, len(by_id), requests.group_size)
    ]
