"""The three ways in which Pipedrive hands out a list."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from source_pipedrive.api.responses import Body

Row = dict[str, Any]
Fetch = Callable[[Mapping[str, Any]], Body]
Key = Callable[[Row], Any]
Pages = Iterator[list[Row]]


def cursor_pages(fetch: Fetch, page_size: int, rows_of: Callable[[Body], list[Row]]) -> Pages:
    """Follow `additional_data.next_cursor` until it is null or absent.

    https://pipedrive.readme.io/docs/core-api-concepts-pagination
    """
    position: Mapping[str, Any] = {"limit": page_size}
    while True:
        body = fetch(position)
        yield rows_of(body)
        next_cursor = (body.get("additional_data") or {}).get("next_cursor")
        if not next_cursor:
            return
        position = {"limit": page_size, "cursor": next_cursor}


def offset_pages(
    fetch: Fetch, page_size: int, rows_of: Callable[[Body], list[Row]], key: Key
) -> Pages:
    """Follow `start`, asking for the last row of each page again at the top of the next one.

    An offset counts rows, so a row that is deleted or archived during the walk pulls an unread row
    into the part already read. A page that holds nothing of the page before it tells that this
    happened: step back a page. Costs one row a page. Where that does not help, since the list has
    no steady order or its pages hide rows, the walk goes on as the server says.
    """
    start, farthest = 0, -1
    returning, helps = False, True
    before: set[Any] | None = None
    last: Row | None = None
    while True:
        body = fetch({"start": start, "limit": page_size})
        rows = rows_of(body)
        keys = {key(row) for row in rows}
        next_start = _next_start(body, start, len(rows))
        # an empty page in the middle is not the end, an empty page at the end may be one too far
        if before and start > 0 and before.isdisjoint(keys) and (rows or next_start is None):
            helps = helps and (returning or start > farthest)
            if helps:
                returning, farthest = True, max(farthest, start)
                start = max(0, start - page_size)
                continue
        returning = False
        # the repeated row, unless it changed in between
        fresh = rows[1:] if rows and rows[0] == last else rows
        last, count = (rows[-1] if rows else None), len(rows)
        yield fresh
        if next_start is None:
            return
        before, start = (keys, max(start + 1, next_start - 1)) if count > 1 else (None, next_start)


def _next_start(body: Body, start: int, count: int) -> int | None:
    """Tell where the next page begins, from either of the two envelopes that v1 has.

    The contract draws `start`, `limit`, `more_items_in_collection` under `additional_data` for some
    objects, live answers nest them in `pagination`; `next_start` can be missing.
    """
    additional_data = body.get("additional_data") or {}
    pagination = additional_data.get("pagination") or additional_data
    if not pagination.get("more_items_in_collection"):
        return None
    next_start = int(pagination.get("next_start") or start + count)
    return next_start if next_start > start else None
