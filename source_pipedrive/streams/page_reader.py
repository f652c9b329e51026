"""Reads a slice of a stream page by page."""

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from itertools import islice
from typing import Any, ClassVar, cast

import orjson
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.declarative.requesters.request_options import RequestOptionsProvider
from airbyte_cdk.sources.declarative.requesters.requester import Requester
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.http.exceptions import BaseBackoffException
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import Response

from source_pipedrive import timestamps as times
from source_pipedrive.api.error_rules import AccountRefusedError
from source_pipedrive.api.pagination import Pages, Row, cursor_pages, offset_pages
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.api.responses import Body, body_of
from source_pipedrive.custom_fields.columns import Columns
from source_pipedrive.inbox.deletions import TOMBSTONES
from source_pipedrive.protocol.stdout import Page, Room
from source_pipedrive.streams.child_cursor import GROUP, ChildCursor, Group
from source_pipedrive.streams.list_cursor import WINDOW, ListCursor, Window
from source_pipedrive.streams.reference_data import Definitions

_LOGGER = logging.getLogger("airbyte")


@dataclass
class PageRetriever(Retriever):
    """Reads the pages of one list, each body parsed once, and tells the cursor what they held.

    `paging` is `cursor` (v2, and some of v1), `offset` (the rest of v1) or `none`; `records_at` is
    a key inside `data`.
    `older_rows` says what happens to rows older than the slice: the server filters them
    (`absent`), the reader drops them (`drop`), or they also end the walk of a list that is sorted
    newest first (`stop`). The first of `time_fields` that is set tells how old a row is.
    `distinct` leaves out rows that another list of the stream has brought already, `marks_archived`
    adds `is_archived`, `constants` are columns with one value, `hashed_id` makes an `id` for rows
    that have none. `never_empty` says why the list has at least one row in every account.
    `renamed` maps the columns of the answer of `fallback_path`, which is asked when the owner of
    the key may not read the stream's own.

    `SimpleRetriever` parses each page twice, walks it with dpath and cannot overlap the pages of a
    list that shrinks while it is read.
    """

    # set where a process writes to stdout; elsewhere the CDK gets record after record
    whole_pages: ClassVar[bool] = False

    name: str
    requester: Requester
    primary_key: str | list[str] | None
    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]
    api_budget: TokenBudget
    paging: str = "none"
    page_size: int = 500
    records_at: str | None = None
    older_rows: str = "absent"
    time_fields: Sequence[str] = ("update_time", "add_time")
    distinct: bool = False
    hashed_id: bool = False
    marks_archived: bool = False
    row_by_row: bool = False
    constants: Mapping[str, Any] | None = None
    never_empty: str | None = None
    fallback_path: str | None = None
    renamed: Mapping[str, str] | None = None
    columns: Callable[[], Columns] | None = None
    definitions: Definitions | None = None
    cursor: Cursor | None = None
    request_options_provider: RequestOptionsProvider | None = None
    _emitted: set[Any] = field(init=False, default_factory=set)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _warned: bool = field(init=False, default=False)

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._older_rows = InterpolatedString.create(self.older_rows, parameters=parameters)

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[Record]:
        if self.definitions and self._is_shared(stream_slice):
            rows = [dict(row) for row in self.definitions.rows(self.name)]
            yield from self._records(rows, stream_slice, Room())
            return
        if stream_slice and TOMBSTONES in stream_slice.extra_fields:
            yield from self._tombstones(stream_slice)
            return
        whole, listed, room = False, 0, Room()
        try:
            walk = self._walk(stream_slice or StreamSlice(partition={}, cursor_slice={}), room)
            for page in self._pages(walk):
                listed += len(page)
                rows = self._shaped(page, walk)
                fresh = self._wanted(rows, walk)
                yield from self._records(fresh, walk.slice, walk.room)
                self.api_budget.count(self.name, len(fresh))
                if self._is_over(walk, page, fresh) or (walk.stops and self._ends(walk, rows)):
                    break
                # the next page must not find this one in memory
                page.clear()
            if not listed:
                self._note_empty(walk)
            whole = True
        finally:
            room.give_back()
            if isinstance(self.cursor, ListCursor | ChildCursor) and not whole:
                self.cursor.failed()

    def _is_shared(self, stream_slice: StreamSlice | None) -> bool:
        """Tell whether it is a list of reference data, which a sync reads once for all streams."""
        has_mark = isinstance(self.cursor, ListCursor | ChildCursor)
        return not (self.row_by_row or has_mark or (stream_slice and stream_slice.partition))

    def _note_empty(self, walk: "_Walk") -> None:
        """Tell of a list without rows where that is worth a word."""
        if self.never_empty:
            _LOGGER.warning(
                "Stream %s: Pipedrive lists no rows, but %s. A table that is overwritten is empty "
                "now. Sync again; if it persists, ask Pipedrive's support.",
                self.name,
                self.never_empty,
            )
        elif walk.window and walk.is_unfiltered:
            # not so where a refusal was tolerated: nothing was listed then
            walk.window.empty = bool(walk.window.asked_at)

    def _tombstones(self, stream_slice: StreamSlice) -> Iterator[Record]:
        tombstones = stream_slice.extra_fields[TOMBSTONES]
        floor = self._start or ""
        while rows := [dict(row) for row in islice(tombstones.rows(), self.page_size)]:
            fresh = [row for row in rows if not self._is_older(row, floor)]
            yield from self._records(fresh, stream_slice, Room())

    def _records(
        self, rows: list[Row], stream_slice: StreamSlice | None, room: Room
    ) -> Iterator[Record]:
        filled = self.columns().filled(rows) if self.columns and rows else rows
        if self._in_whole_pages and rows:
            room.take()
            page = Page.of(self.name, filled, len(rows))
            room.pass_on()
            yield Record({Page.KEY: page}, self.name, stream_slice)
        else:
            yield from (Record(row, self.name, stream_slice) for row in filled)

    def _walk(self, stream_slice: StreamSlice, room: Room) -> "_Walk":
        older_rows = self._older_rows.eval(self.config, stream_slice=stream_slice)
        window: Window | None = stream_slice.extra_fields.get(WINDOW)
        floor = self._start
        parameters: Mapping[str, Any] = {}
        if unfiltered := older_rows != "absent":
            floor = stream_slice.cursor_slice.get("start_time")
        elif GROUP in stream_slice.extra_fields:
            parameters = stream_slice.extra_fields[GROUP].request_parameters
        elif self.request_options_provider:
            parameters = self.request_options_provider.get_request_params(stream_slice=stream_slice)
        stops = older_rows == "stop" or bool(window and window.nulls_from)
        return _Walk(stream_slice, room, window, floor, stops, unfiltered, parameters)

    @property
    def _in_whole_pages(self) -> bool:
        return self.whole_pages and not self.row_by_row

    @property
    def _start(self) -> str | None:
        """The configured start; no document that was last changed before it is emitted."""
        return self.cursor.start if isinstance(self.cursor, ListCursor | ChildCursor) else None

    def _pages(self, walk: "_Walk") -> Pages:
        passed: set[str] = set()

        def fetch(position: Mapping[str, Any]) -> Body:
            if self._in_whole_pages:
                walk.room.take()
            if "cursor" in position and self._wants_newest(walk):
                return self._newest_page(walk, position)
            if (cursor := position.get("cursor")) in passed:
                raise self._broken_off("Pipedrive leads from page to page in a circle")
            if cursor:
                passed.add(cursor)
            return self._fetch(walk, {**walk.parameters, **position})

        if isinstance(self.cursor, ChildCursor) and self.cursor.off:
            return iter(())
        if self.paging == "cursor":
            return cursor_pages(fetch, self.page_size, self._rows)
        if self.paging == "offset":
            return offset_pages(fetch, self.page_size, self._rows, self._key)
        return iter([self._rows(fetch({}))])

    def _wanted(self, rows: list[Row], walk: "_Walk") -> list[Row]:
        if walk.window and walk.window.nulls_from:
            return [row for row in rows if not row.get("update_time")]
        if walk.window and walk.window.length and (known_from := walk.window.known_from):
            rows = [row for row in rows if row["id"] < known_from]
        if walk.floor:
            return [row for row in rows if not self._is_older(row, walk.floor)]
        return rows

    def _ends(self, walk: "_Walk", rows: list[Row]) -> bool:
        """Tell whether a sorted walk has passed what it is for; where nulls come is not known."""
        times_of_change = [row for row in rows if row.get(self.time_fields[0])]
        if walk.window and walk.window.nulls_from:
            return bool(times_of_change)
        return any(self._is_older(row, walk.floor or "") for row in times_of_change)

    def _is_over(self, walk: "_Walk", page: list[Row], fresh: list[Row]) -> bool:
        """Report a page to the cursor, which may prefer windows to a long walk."""
        if not (isinstance(self.cursor, ListCursor) and walk.window):
            return False
        self.cursor.seen(walk.window, fresh)
        return self.cursor.is_over(walk.window, page)

    def _wants_newest(self, walk: "_Walk") -> bool:
        return (
            isinstance(self.cursor, ListCursor)
            and walk.window is not None
            and self.cursor.wants_newest(walk.window)
        )

    def _newest_page(self, walk: "_Walk", position: Mapping[str, Any]) -> Body:
        """Ask for the newest rows of a v2 list; the page at `position` comes next."""
        newest = self._newest_rows(walk.slice, self.page_size)
        ids = [row["id"] for row in newest]
        rows: list[Row] = []
        # in another order than asked for, they are rows that come anyway
        if walk.window and len(ids) > 1 and ids == sorted(ids, reverse=True):
            rows = [row for row in newest if row["id"] > walk.window.ids[1]]
            walk.window.known_from = ids[-1] if rows else None
        return {"data": rows, "additional_data": {"next_cursor": position["cursor"]}}

    def newest_id(self, stream_slice: StreamSlice) -> int:
        """Ask for the highest id of a v2 list, for the price of a page; 0 if it is empty."""
        rows = self._newest_rows(stream_slice, 1)
        return int(rows[0]["id"]) if rows else 0

    def _newest_rows(self, stream_slice: StreamSlice, count: int) -> list[Row]:
        descending = StreamSlice(
            partition=stream_slice.partition,
            cursor_slice=stream_slice.cursor_slice,
            extra_fields={**stream_slice.extra_fields, "sort_direction": "desc"},
        )
        walk = self._walk(descending, Room())
        return self._rows(self._fetch(walk, {**walk.parameters, "limit": count}))

    def _fetch(self, walk: "_Walk", parameters: Mapping[str, Any]) -> Body:
        response = self._send(walk.slice, parameters)
        body = body_of(response)
        if "skipped" in body:
            if not isinstance(self.cursor, ChildCursor) and _is_further(parameters):
                raise self._broken_off(
                    "Pipedrive gave the first rows of the list and refused the next ones "
                    f"({response.status_code})"
                )
            if self.fallback_path:
                return self._fetch_fallback(walk.slice, self.fallback_path)
            self._skip(response, body["skipped"])
        elif isinstance(self.cursor, ListCursor) and walk.window:
            self.cursor.asked(walk.window, response)
        return body

    def _broken_off(self, why: str) -> AirbyteTracedException:
        """Build the error of a list that does not come to its end."""
        message = (
            f"Stream {self.name} broke off: {why}. Nothing was lost, the next sync reads the list "
            "again."
        )
        return AirbyteTracedException(
            message=message, internal_message=message, failure_type=FailureType.transient_error
        )

    def _fetch_fallback(self, stream_slice: StreamSlice, path: str) -> Body:
        names = (self.renamed or {}).items()
        rows = self._rows(body_of(self._send(stream_slice, {}, path)))
        return {"data": [{new: row.get(old) for new, old in names} for row in rows]}

    def _send(
        self, stream_slice: StreamSlice, parameters: Mapping[str, Any], path: str | None = None
    ) -> Response:
        try:
            with self.api_budget.spend(self.name):
                response = self.requester.send_request(
                    stream_slice=stream_slice, request_params=parameters, path=path
                )
        except AccountRefusedError as error:
            raise self.api_budget.stop(str(error.message), error.failure_type) from error
        except AirbyteTracedException as error:
            # the client buries the sentence of the answer table in one about log files
            if isinstance(error.__context__, BaseBackoffException):
                sentence = str(error.__context__)
                raise AirbyteTracedException(
                    message=sentence, internal_message=sentence, failure_type=error.failure_type
                ) from error
            raise
        return cast("Response", response)

    def _skip(self, response: Response, message: str) -> None:
        if isinstance(self.cursor, ChildCursor):
            self.cursor.skip(response.status_code, message)
        elif not self._warned:
            self._warned = True
            _LOGGER.warning(message)

    def _rows(self, body: Body) -> list[Row]:
        data = body["data"]
        if self.records_at and data:
            data = data.get(self.records_at)
        return data if isinstance(data, list) else [data] if data else []

    def _shaped(self, rows: list[Row], walk: "_Walk") -> list[Row]:
        """Give rows what the answer does not hold; most streams need nothing."""
        if self.hashed_id:
            _hash_ids(rows, walk)
        if GROUP in walk.slice.extra_fields:
            self._adopt(rows, walk.slice.extra_fields[GROUP])
        if self.marks_archived:
            for row in rows:
                row["is_archived"] = walk.slice.partition["list"] == "archived"
        if self.constants:
            for row in rows:
                row.update(self.constants)
        if self.distinct:
            rows = self._not_emitted(rows)
        return rows

    def _adopt(self, rows: list[Row], group: Group) -> None:
        for row in rows:
            parent = group.parent_of(row)
            if group.ids_parameter is None and row.get(group.key) is None:
                row[group.key] = parent
            if isinstance(self.cursor, ChildCursor):
                row[ChildCursor.FIELD] = group.parents.get(parent)

    def _not_emitted(self, rows: list[Row]) -> list[Row]:
        with self._lock:
            new = [row for row in rows if self._key(row) not in self._emitted]
            self._emitted.update(map(self._key, new))
        return new

    def _key(self, row: Row) -> Any:
        if isinstance(self.primary_key, str):
            return row.get(self.primary_key)
        return tuple(row.get(key) for key in self.primary_key or ())

    def _is_older(self, row: Row, floor: str) -> bool:
        for name in self.time_fields:
            if time := row.get(name):
                return times.sortable(time) < floor
        return False


@dataclass(frozen=True)
class _Walk:
    """The reading of one slice: what to ask for, and which rows to take."""

    slice: StreamSlice
    room: Room
    window: Window | None
    floor: str | None
    stops: bool
    is_unfiltered: bool
    parameters: Mapping[str, Any]
    alike: Counter[bytes] = field(default_factory=Counter)


def _is_further(parameters: Mapping[str, Any]) -> bool:
    """Tell whether a request asks for another page than the first."""
    return bool(parameters.get("cursor") or parameters.get("start"))


def _hash_ids(rows: list[Row], walk: _Walk) -> None:
    """Make an id of a row's parent and content; equal rows count up, so that none is lost."""
    for row in rows:
        content = orjson.dumps([dict(walk.slice), row], option=orjson.OPT_SORT_KEYS)
        row["id"] = hashlib.sha256(b"%d %b" % (walk.alike[content], content)).hexdigest()
        walk.alike[content] += 1
