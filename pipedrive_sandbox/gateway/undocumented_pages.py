"""Pages of a list that has no pages by the contract."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.endpoints.errors import bad_request
from pipedrive_sandbox.gateway.page_body import parse_page, render_page, replace_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_sandbox.store import Row

#: The query parameters that choose a page. The endpoint does not see them.
PAGE_PARAMETERS: Final = frozenset({"start", "cursor", "limit"})


@dataclass(frozen=True, kw_only=True)
class UndocumentedPages:
    """Serves a list in pages of `size` rows, and says so in one of the API's three ways.

    `by` is "start" (`pagination` of v1), "flat" (v1 without that object), or "cursor" (v2).
    """

    size: int
    by: str = "start"

    def __post_init__(self) -> None:
        """Reject what cannot be served."""
        if self.size < 1 or self.by not in {"start", "flat", "cursor"}:
            raise ValueError("pages: size is at least 1; by is start, flat, or cursor")

    def page(self, body: bytes, query: Mapping[str, str]) -> bytes:
        """Return the page of a whole list that a query asks for; `ApiError` for a bad cursor."""
        page = parse_page(body)
        if page is None:
            return body
        start = self._start(query)
        count = 0

        def cut(rows: list[Any]) -> list[Any]:
            nonlocal count
            count = len(rows)
            return rows[start : start + self.size]

        replace_rows(page, cut)
        additional = page.get("additional_data") or {}
        page["additional_data"] = additional | self._paging(start, count)
        return render_page(page)

    def _start(self, query: Mapping[str, str]) -> int:
        if self.by != "cursor":
            start = query.get("start", "")
            # v1 ignores a page position that is no number
            return int(start) if start.isdecimal() else 0
        if "cursor" not in query:
            return 0
        try:
            return int(base64.urlsafe_b64decode(query["cursor"]))
        except (binascii.Error, ValueError):
            raise bad_request("validation failed: cursor: invalid value") from None

    def _paging(self, start: int, count: int) -> Row:
        after = start + self.size
        is_last = after >= count
        if self.by == "cursor":
            cursor = base64.urlsafe_b64encode(f"{after:09}".encode()).decode()
            return {"next_cursor": None if is_last else cursor}
        paging = {"start": start, "limit": self.size, "more_items_in_collection": not is_last}
        if self.by == "flat":
            return paging
        return {"pagination": paging if is_last else paging | {"next_start": after}}
