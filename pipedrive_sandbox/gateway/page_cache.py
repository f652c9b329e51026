"""Rendered pages in memory, for benchmarks."""

from __future__ import annotations

from collections import OrderedDict


class PageCache:
    """Pages by exact query. The least recently used one goes first; any change empties it."""

    def __init__(self, capacity: int) -> None:
        """Take the highest number of bytes to hold; 0 keeps nothing."""
        self._capacity = capacity
        self._held = 0
        self._version = -1
        self._pages: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str, version: int) -> bytes | None:
        """Return the page of a query as of this version of the store."""
        if version != self._version:
            self._pages.clear()
            self._held, self._version = 0, version
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: str, page: bytes) -> None:
        """Keep a page."""
        if not self._capacity:
            return
        self._pages[key] = page
        self._held += len(page)
        while self._held > self._capacity:
            _, dropped = self._pages.popitem(last=False)
            self._held -= len(dropped)
