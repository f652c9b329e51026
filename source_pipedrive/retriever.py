"""Reads a slice of a stream page by page."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass
from typing import Any, cast

from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.declarative.requesters.request_options import RequestOptionsProvider
from airbyte_cdk.sources.declarative.requesters.requester import Requester
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.http.exceptions import BaseBackoffException
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import Response

from source_pipedrive import times
from source_pipedrive.budget import TokenBudget
from source_pipedrive.cursor import ListCursor
from source_pipedrive.envelope import Body, body_of

Row = dict[str, Any]


@dataclass
class PageRetriever(Retriever):
    """Reads the pages of one list, each body parsed once, and tells the cursor what they held.

    `paging` is `cursor` (v2, and some of v1), `offset` (the rest of v1) or `none`.
    `older_rows` says what happens to rows older than the slice: the server filters them
    (`absent`), the reader drops them (`drop`), or they also end the walk of a list that is sorted
    newest first (`stop`).

    `SimpleRetriever` parses each page twice, walks it with dpath and cannot overlap the pages of a
    list that shrinks while it is read.
    """

    name: str
    requester: Requester
    primary_key: str | list[str] | None
    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]
    api_budget: TokenBudget
    paging: str = "none"
    page_size: int = 500
    older_rows: str = "absent"
    cursor: Cursor | None = None
    request_options_provider: RequestOptionsProvider | None = None

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._older_rows = InterpolatedString.create(self.older_rows, parameters=parameters)
        self._pages = _PAGINGS[self.paging]

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[Record]:
        stream_slice = stream_slice or StreamSlice(partition={}, cursor_slice={})
        cursor = self.cursor if isinstance(self.cursor, ListCursor) else None
        older_rows = self._older_rows.eval(self.config, stream_slice=stream_slice)
        floor = cursor.start if cursor else None
        bounds: Mapping[str, Any] = {}
        if older_rows != "absent":
            floor = stream_slice.cursor_slice.get("start_time")
        elif self.request_options_provider:
            bounds = self.request_options_provider.get_request_params(stream_slice=stream_slice)

        def fetch(position: Mapping[str, Any]) -> Body:
            response = self._send(stream_slice, {**bounds, **position})
            if cursor:
                cursor.asked(stream_slice, response)
            return body_of(response)

        for rows in self._pages(fetch, self.page_size, self._key):
            fresh = [row for row in rows if not _is_older(row, floor)] if floor else rows
            for row in fresh:
                yield Record(row, self.name, stream_slice)
            self.api_budget.count(self.name, len(fresh))
            if cursor:
                cursor.seen(stream_slice, fresh)
            if older_rows == "stop" and len(fresh) < len(rows):
                break

    def _key(self, row: Row) -> tuple[Any, ...]:
        keys = [self.primary_key] if isinstance(self.primary_key, str) else self.primary_key or row
        return tuple(str(row.get(key)) for key in keys)

    def _send(self, stream_slice: StreamSlice, parameters: Mapping[str, Any]) -> Response:
        try:
            with self.api_budget.spend(self.name):
                response = self.requester.send_request(
                    stream_slice=stream_slice, request_params=parameters
                )
        except AirbyteTracedException as error:
            # the client buries the sentence of the answer table in one about log files
            if isinstance(error.__context__, BaseBackoffException):
                sentence = str(error.__context__)
                raise AirbyteTracedException(
                    message=sentence, internal_message=sentence, failure_type=error.failure_type
                ) from error
            raise
        return cast("Response", response)


def _is_older(row: Row, floor: str) -> bool:
    """Tell whether a row last changed before the floor; without a change its creation counts."""
    time: str | None = row.get("update_time") or row.get("add_time")
    return time is not None and times.sortable(time) < floor


Fetch = Callable[[Mapping[str, Any]], Body]
Key = Callable[[Row], tuple[Any, ...]]
Pages = Callable[[Fetch, int, Key], Iterator[list[Row]]]


def _cursor_pages(fetch: Fetch, page_size: int, _: Key) -> Iterator[list[Row]]:
    """Follow `additional_data.next_cursor` until it is null or absent."""
    position: Mapping[str, Any] = {"limit": page_size}
    while True:
        body = fetch(position)
        yield _rows(body)
        next_cursor = (body.get("additional_data") or {}).get("next_cursor")
        if not next_cursor:
            return
        position = {"limit": page_size, "cursor": next_cursor}


def _offset_pages(fetch: Fetch, page_size: int, key: Key) -> Iterator[list[Row]]:
    """Follow `start`, asking for the last row of each page again at the top of the next one.

    An offset counts rows, so a row that is deleted or archived during the walk pulls an unread row
    into the part already read. A page that holds nothing of the page before it tells that this
    happened: step back a page. Costs one row a page.
    """
    start = 0
    before: set[tuple[Any, ...]] = set()
    last: Row | None = None
    while True:
        body = fetch({"start": start, "limit": page_size})
        rows = _rows(body)
        keys = {key(row) for row in rows}
        if start > 0 and before.isdisjoint(keys):
            start = max(0, start - page_size)
            continue
        # the repeated row, unless it changed in between
        yield rows[1:] if rows and rows[0] == last else rows
        next_start = _next_start(body, start, len(rows))
        if next_start is None:
            return
        before, last = keys, rows[-1]
        start = next_start - 1 if len(rows) > 1 else next_start


def _next_start(body: Body, start: int, count: int) -> int | None:
    """Tell where the next page begins, from either of the two envelopes that v1 has.

    The contract draws `start`, `limit`, `more_items_in_collection` under `additional_data` for some
    objects, live answers nest them in `pagination`; `next_start` can be missing.
    """
    additional_data = body.get("additional_data") or {}
    pagination = additional_data.get("pagination") or additional_data
    if not pagination.get("more_items_in_collection") or count == 0:
        return None
    return int(pagination.get("next_start") or start + count)


def _single_page(fetch: Fetch, _page_size: int, _: Key) -> Iterator[list[Row]]:
    yield _rows(fetch({}))


def _rows(body: Body) -> list[Row]:
    """The rows of an answer: a list, nothing, or a single object."""
    data = body["data"]
    return data if isinstance(data, list) else [data] if data else []


_PAGINGS: Mapping[str, Pages] = {
    "cursor": _cursor_pages,
    "offset": _offset_pages,
    "none": _single_page,
}
