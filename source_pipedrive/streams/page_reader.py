"""Reads a slice of a stream page by page."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from source_pipedrive.api.client import (
    Answer,
    EndlessListError,
    Page,
    PipedriveClient,
    offset_pages,
    pages_as_answered,
)
from source_pipedrive.api.exceptions import UserError, transient_error
from source_pipedrive.api.responses import Body, Paging, unwrapped
from source_pipedrive.streams.schema import conformer
from source_pipedrive.streams.shaping import Row, Shaping
from source_pipedrive.streams.slices import (
    ListSlice,
    Order,
    ParentGroup,
    ReadPage,
    RequestSlice,
    SingleRow,
)
from source_pipedrive.streams.stream_spec import Fallback, StreamSpec

_LOGGER = logging.getLogger("airbyte")


Complete = Callable[[list[Row]], list[Row]]
"""Adds what Pipedrive's answer does not hold to the rows of a page, in place."""


class PageListener(Protocol):
    """Takes note of the pages of a stream: its cursor, or whoever collects its rows."""

    is_over: bool

    def page_done(self, part: Any, page: ReadPage) -> bool:
        """Take note of a page; tell whether to read the slice on."""


class WholeList:
    """The listener of lists that keep no bookmark: they are always read to their end."""

    is_over = False

    def page_done(self, part: Any, page: ReadPage) -> bool:
        return True


class PageReader:
    """Reads the pages of the lists of one stream: requests, shapes, and filters them.

    `start` is the configured start date: no document that last changed before it is emitted.
    `complete` sees all listed rows, before older ones are filtered.

    The CDK's `SimpleRetriever` parses each page twice, searches it with dpath, and cannot
    overlap the pages of a list that shrinks while it is read.
    """

    def __init__(
        self,
        spec: StreamSpec,
        client: PipedriveClient,
        listener: PageListener,
        start: str | None,
        *,
        complete: Complete = lambda rows: rows,
    ) -> None:
        self._spec = spec
        self._client = client
        self._listener = listener
        self._start = start
        self._shaping = Shaping(spec.shape, spec.key_of)
        self._conformer = conformer(spec.name, spec.schema_file)
        self._complete = complete
        self._has_warned = False

    def pages(
        self, part: RequestSlice, before_request: Callable[[], None] = lambda: None
    ) -> Iterator[list[Row]]:
        """Yield the rows of each page that are to be emitted; a page may have none."""
        if self._listener.is_over:
            return
        shape, is_empty = self._shaping.for_slice(part), True
        try:
            for number, page in enumerate(self._paged(part, before_request), start=1):
                is_empty = is_empty and not (page.rows or page.answer.refusal)
                rows = self._complete(shape(page.rows))
                kept = self._kept(part, rows)
                self._client.count_rows(len(kept))
                goes_on = self._listener.page_done(part, _as_read(page, kept))
                ends = part.ends_with(rows, number) or self._passes_older_rows(part, rows)
                yield kept
                # the next page must not find this one in memory
                for done in (kept, rows, page.rows):
                    done.clear()
                if ends or not goes_on:
                    break
        except EndlessListError as error:
            raise self._incomplete(str(error)) from error
        if is_empty and self._spec.never_empty:
            raise self._incomplete(f"Pipedrive returned no rows, but {self._spec.never_empty}")

    def newest_id(self, part: ListSlice) -> int:
        """Return the highest id of a list, at the token cost of a page; 0 for an empty list."""
        descending = replace(part, order=Order(descending=True))
        answer = self._client.get(part.partition, {**self._parameters(descending), "limit": 1})
        rows = self._rows(answer.body)
        return int(rows[0]["id"]) if rows else 0

    def _paged(self, part: RequestSlice, before_request: Callable[[], None]) -> Iterator[Page]:
        parameters = self._parameters(part)

        def fetch(position: Mapping[str, Any]) -> Answer:
            before_request()
            answer = self._client.get(part.partition, {**parameters, **position})
            return self._tolerate(part, position, answer) if answer.refusal else answer

        cursor, offset = (part.cursor, part.offset) if isinstance(part, ListSlice) else (None, 0)
        if self._spec.paging == "offset":
            return offset_pages(fetch, self._spec.page_size, self._rows, self._spec.key_of, offset)
        limit = {"limit": self._spec.page_size} if self._spec.paging == "cursor" else {}
        return pages_as_answered(fetch, self._rows, limit, cursor)

    def _parameters(self, part: RequestSlice) -> Mapping[str, str]:
        """Return the query parameters that tell a slice from others."""
        if isinstance(part, ParentGroup):
            return part.parameters
        order = part.order or part.source.order
        parameters = dict(order.parameters(self._spec.sorting))
        parameters |= part.parameters
        if self._spec.incremental and part.source.older_rows == "filtered":
            parameters |= self._spec.incremental.parameters(part.since, part.until)
        return parameters

    def _tolerate(self, part: RequestSlice, position: Mapping[str, Any], answer: Answer) -> Answer:
        """Replace or accept a refusal that the stream can do without."""
        if self._spec.fallback:
            return self._fallback(part, self._spec.fallback)
        if isinstance(part, SingleRow):
            return answer
        if isinstance(part, ListSlice) and (position.get("cursor") or position.get("start")):
            raise self._incomplete(
                "Pipedrive returned the first rows of the list and refused the next ones "
                f"({answer.status})"
            )
        # the cursor of a child stream counts the refusals, and reports them at the end
        is_counted = self._spec.parents and self._spec.incremental
        if not (self._has_warned or is_counted):
            self._has_warned = True
            _LOGGER.warning(answer.refusal)
        return answer

    def _fallback(self, part: RequestSlice, fallback: Fallback) -> Answer:
        """Read the list in the form that the owner of the key may read."""
        answer = self._client.get(part.partition, {}, fallback.path)
        columns = fallback.columns.items()
        rows = [{new: row.get(old) for new, old in columns} for row in self._rows(answer.body)]
        if any(self._spec.key_of(row) is None for row in rows):
            raise self._incomplete("Pipedrive returned rows without a readable key")
        return replace(answer, body={"data": rows})

    def _rows(self, body: Body) -> list[Row]:
        """Return the rows of an answer, which conform to the declared schema from here on."""
        data = body["data"]
        if self._spec.records_at and data:
            data = data.get(self._spec.records_at)
        rows = data if isinstance(data, list) else [data] if data else []
        if self._spec.is_object and not all(isinstance(row, dict) for row in rows):
            raise self._incomplete("Pipedrive returned something else than an object")
        rows = unwrapped(rows, self._spec.wrapped_in)
        return self._conformer.rows(rows)

    def _kept(self, part: RequestSlice, rows: list[Row]) -> list[Row]:
        """Return the rows that belong to the slice and are not older than it."""
        floor = self._start
        if isinstance(part, ListSlice):
            rows = part.keep(rows)
            if part.source.older_rows != "filtered":
                floor = part.since or floor
        return [row for row in rows if not self._spec.is_older(row, floor)] if floor else rows

    def _passes_older_rows(self, part: RequestSlice, rows: list[Row]) -> bool:
        """Tell whether only older rows follow; where a list has its null times is not known."""
        if not isinstance(part, ListSlice) or part.source.older_rows != "last":
            return False
        time_field = self._spec.time_fields[0]
        return any(
            row.get(time_field) and self._spec.is_older(row, part.since or "") for row in rows
        )

    def _incomplete(self, why: str) -> UserError:
        return transient_error(
            f"Stream {self._spec.name} failed: {why}. No data is lost. The next sync reads the "
            "list again."
        )


def _as_read(page: Page, kept: list[Row]) -> ReadPage:
    return ReadPage(
        rows=kept,
        listed=len(page.rows),
        next_cursor=page.next_cursor,
        has_more=bool(page.next_cursor) or Paging.of(page.answer.body).has_more,
        answered_at=page.answer.answered_at,
        status=page.answer.status,
        refusal=page.answer.refusal,
    )
