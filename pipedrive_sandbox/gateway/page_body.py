"""The rows in the body of an answer: read, replaced, and written as JSON again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_sandbox.store import Row


def parse_page(body: bytes) -> Row | None:
    """Return the parsed body of a successful answer; None for any other body."""
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return page if isinstance(page, dict) and page.get("success") and "data" in page else None


def render_page(page: Row) -> bytes:
    r"""Return a body as JSON in ASCII, which can also hold half a character, such as `\ud83d`."""
    return json.dumps(page, separators=(",", ":")).encode()


def replace_rows(page: Row, change: Callable[[list[Any]], list[Any]]) -> None:
    """Replace the rows of a page. Goals are nested in `data`; one row alone is `data` itself."""
    data = page["data"]
    if isinstance(data, dict) and "goals" in data:
        page["data"] = data | {"goals": change(data["goals"])}
    elif isinstance(data, dict):
        page["data"] = change([data])[0]
    else:
        page["data"] = change(data or [])


def with_rows(body: bytes, change: Callable[[list[Any]], list[Any]]) -> bytes:
    """Return a body with other rows; a body without `data` stays as it is."""
    page = parse_page(body)
    if page is None:
        return body
    replace_rows(page, change)
    return render_page(page)
