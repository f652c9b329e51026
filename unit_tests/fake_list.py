"""List endpoints that a test fills with rows: they filter, sort, and page like Pipedrive's."""

import json
import threading
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from unit_tests.pipedrive import Answer, Request, Row, envelope, v2_page

Query = Mapping[str, str]
Place = Callable[[Row], Any]

_DEFAULT_LIMIT = 100  # rows a page, when the request names no limit


class FakeList(ABC):
    """The server behind one path, for `Api.serve`.

    `before` runs ahead of each answer: it may return an answer of its own, or change the rows.
    Parameters that the list `ignores` have no effect. No page has more than `page_size` rows,
    whatever the request asks for.
    """

    def __init__(self, rows: Iterable[Row], page_size: int = 500) -> None:
        self.page_size = page_size
        self.ignores: Collection[str] = ()
        self.before: Callable[[Request], Answer | None] = lambda _: None
        self._rows = list(rows)
        self._found: dict[tuple[str, ...], list[Row]] = {}
        self._lock = threading.RLock()

    def __call__(self, request: Request) -> Answer:
        with self._lock:
            return self.before(request) or self.page(request.query)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as they are now."""
        return self._rows

    @property
    def by_id(self) -> dict[Any, Row]:
        """The rows as they are now, by their ids."""
        return {row["id"]: row for row in self._rows}

    def put(self, rows: Iterable[Row]) -> None:
        """Add rows, and replace those with the same ids."""
        self._change({**self.by_id, **{row["id"]: row for row in rows}}.values())

    def remove(self, rows: Collection[Row]) -> None:
        """Delete rows."""
        self._change([row for row in self._rows if row not in rows])

    def page(self, query: Query) -> Answer:
        """The page that a request with this query gets."""
        heeded = {name: value for name, value in query.items() if name not in self.ignores}
        limit = min(int(heeded.get("limit", _DEFAULT_LIMIT)), self.page_size)
        return self._page(heeded, limit)

    @abstractmethod
    def _page(self, query: Query, limit: int) -> Answer: ...

    def _change(self, rows: Iterable[Row]) -> None:
        with self._lock:
            self._rows = list(rows)
            self._found.clear()

    def _matching(self, query: Query, order: str, place: Place) -> list[Row]:
        """The rows that the filters let through, in an order; computed once until rows change.

        Like Pipedrive, a filter by time leaves out the rows whose `update_time` is null.
        """
        since, until = query.get("updated_since", ""), query.get("updated_until", "")
        if ("", "", order) not in self._found:
            self._found["", "", order] = sorted(self._rows, key=place)
        if (since, until, order) not in self._found:
            self._found[since, until, order] = [
                row
                for row in self._found["", "", order]
                if (since or "0") <= self._moment(row) < (until or "~")
            ]
        return self._found[since, until, order]

    @staticmethod
    def _moment(row: Row) -> str:
        """When a row changed, in the form of the filters; empty where it never did."""
        return row["update_time"] or ""


class V2List(FakeList):
    """A list of API v2. A cursor names the last row of its page: deletions shift no other row."""

    def __init__(self, rows: Iterable[Row], page_size: int = 500) -> None:
        super().__init__(rows, page_size)
        self.nulls_first = True

    def _page(self, query: Query, limit: int) -> Answer:
        column = query.get("sort_by", "id")

        def place(row: Row) -> list[Any]:
            value = row[column]
            is_null = value is None
            return [is_null != self.nulls_first, "" if is_null else value, row["id"]]

        found = self._matching(query, column, place)
        last = json.loads(query["cursor"]) if "cursor" in query else None
        if query.get("sort_direction") == "desc":
            end = bisect_left(found, last, key=place) if last else len(found)
            page, has_more = found[max(0, end - limit) : end][::-1], end > limit
        else:
            start = bisect_right(found, last, key=place) if last else 0
            page, has_more = found[start : start + limit], start + limit < len(found)
        return v2_page(page, json.dumps(place(page[-1])) if has_more else None)


class V1List(FakeList):
    """A list of API v1, paged by offset: a deletion shifts all rows behind it.

    `is_flat` chooses the envelope of the contract over the one that live answers have. Rows that
    the list `hides`, as from a user who may not see them, are on no page, but count as offsets.
    """

    def __init__(self, rows: Iterable[Row], page_size: int = 500, *, is_flat: bool = False) -> None:
        super().__init__(rows, page_size)
        self.hides: Callable[[Row], bool] = lambda _: False
        self._is_flat = is_flat

    def _page(self, query: Query, limit: int) -> Answer:
        column, _, direction = query.get("sort", "").partition(" ")

        def place(row: Row) -> Any:
            value = row.get(column)
            return "" if value is None else value

        found = self._matching(query, column, place)
        if direction == "DESC":
            found = sorted(found, key=place, reverse=True)
        start = int(query.get("start", 0))
        end = start + limit
        pagination: Row = {"start": start, "limit": limit}
        pagination["more_items_in_collection"] = end < len(found)
        if end < len(found) and not self._is_flat:
            pagination["next_start"] = end
        page = [row for row in found[start:end] if not self.hides(row)]
        return envelope(
            page, additional_data=pagination if self._is_flat else {"pagination": pagination}
        )

    @staticmethod
    def _moment(row: Row) -> str:
        # `2024-05-01 10:00:00`, or of some objects `2024-05-01T10:00:00.000Z`
        time = row["update_time"] or ""
        return time and f"{time[:10]}T{time[11:19]}Z"
