"""Plans in which slices a list is read: in one go, or a long one in time windows side by side.

The API has no count of rows. Ids do: they are given in order, so the ids at both ends of a list,
and how many of them a row takes there, tell about how long it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from source_pipedrive import timestamps
from source_pipedrive.streams.slices import (
    ListSlice,
    NeverChangedRows,
    NewestRows,
    Order,
    ReadPage,
    SourceList,
    TimeWindow,
)

# Time windows cost the pages that were read before they were planned, two requests for rows that
# no window holds, and a page that is read in part for each: a twentieth of the shortest list that
# gets them.
_PAGES_TO_JUDGE = 3
_PAGES_WORTH_WINDOWS = 200
_PAGES_PER_WINDOW = 40

_LAST_CHANGED_FIRST = Order("update_time", descending=True)

WaitUntil = Callable[[Callable[[], bool]], bool]
"""Waits for a condition; returns whether it came true before the stream failed."""


@dataclass
class Progress:
    """How far the reading of a slice got.

    `newest` and `oldest` are the latest and the earliest change among its rows, `first_id` and
    `last_id` belong to its first and last row. `listed` counts rows that were not emitted too.
    """

    newest: str = ""
    oldest: str = ""
    rows: int = 0
    listed: int = 0
    first_id: int = 0
    last_id: int = 0
    next_cursor: str | None = None
    has_more: bool = False
    is_closed: bool = False

    @property
    def ids_per_row(self) -> float:
        return (abs(self.last_id - self.first_id) + 1) / max(1, self.rows)


@dataclass
class ListPlan:
    """The slices of one list, in the order in which the bookmark passes them.

    `since` is where the list begins. A list that the server can filter by an end (`windowed`) is
    read in one go for three pages, then its newest page follows. If that shows a short list, the
    rest is read up to the newest page, so that judging costs nothing. A long one is read anew, in
    time windows, several at once. `is_complete` tells whether all slices are planned.

    Rows that never changed are older than every `since`. If they are due, they follow.
    """

    source: SourceList
    since: str | None
    windowed: bool = False
    never_changed_due: bool = False
    answered_at: str = ""
    is_complete: bool = False
    progress: dict[ListSlice, Progress] = field(default_factory=dict)
    _windows: list[ListSlice] = field(default_factory=list)

    def slices(self, wait_until: WaitUntil) -> Iterator[ListSlice]:
        """Yield the slices; some wait for what slices before them brought."""
        yield from self._changed_rows(wait_until)
        if self.is_complete and self.never_changed_due:
            yield from self._never_changed_rows(wait_until)

    def _never_changed_rows(self, wait_until: WaitUntil) -> Iterator[ListSlice]:
        """Yield the end of the list that may have rows without a time, then the other one."""
        first = self._add(NeverChangedRows(source=self.source))
        yield first
        read = self.progress[first]
        if not wait_until(lambda: read.is_closed):
            return
        # the other end cannot have any if this one does, or if this page is the whole list
        if not read.rows and read.has_more:
            yield self._add(NeverChangedRows(source=self.source, order=_LAST_CHANGED_FIRST))
        self.never_changed_due = False

    def _changed_rows(self, wait_until: WaitUntil) -> Iterator[ListSlice]:
        """Yield the slices from `since` on; a windowed list waits for its first page."""
        head = self._begin(max_pages=_PAGES_TO_JUDGE if self.windowed else None)
        read = self.progress[head]
        self.is_complete = not self.windowed
        yield head
        if not self.windowed or not wait_until(lambda: read.is_closed) or self.is_complete:
            return
        before_id = None
        # if no row has ever changed, nothing tells when the windows should begin
        if self.since or read.oldest:
            newest = self._add(
                NewestRows(source=self.source, since=self.since, after_id=read.last_id)
            )
            yield newest
            top = self.progress[newest]
            if not wait_until(lambda: top.is_closed) or self.is_complete:
                return
            pages = self._estimated_pages(read, top) if top.rows else 0
            if pages >= _PAGES_WORTH_WINDOWS:
                yield from self._plan_windows(pages, self.since or read.oldest)
                return
            before_id = top.last_id if top.rows else None
        self.is_complete = True
        yield self._begin(cursor=read.next_cursor, before_id=before_id)

    @staticmethod
    def _estimated_pages(head: Progress, newest: Progress) -> float:
        """Return how many pages the list has at least, judged by its emptier end."""
        ids_per_row = max(head.ids_per_row, newest.ids_per_row)
        rows = (newest.first_id - head.first_id + 1) / ids_per_row
        return rows / max(1, head.rows) * _PAGES_TO_JUDGE

    def _plan_windows(self, pages: float, begin: str) -> Iterator[ListSlice]:
        count = max(2, int(pages / _PAGES_PER_WINDOW))
        first, now = timestamps.to_epoch(begin), timestamps.to_epoch(timestamps.now())
        # most rows changed lately: towards the present, windows get shorter
        shares = [1 - ((count - number) / count) ** 2 for number in range(1, count)]
        bounds = [timestamps.from_epoch(first + int((now - first) * share)) for share in shares]
        if self.since is None:
            for descending in (False, True):
                order = Order("update_time", descending)
                self._windows.append(NeverChangedRows(source=self.source, order=order))
        # the last window has no end: two clocks would have to agree on it
        for start, end in pairwise([self.since, *bounds, None]):
            self._windows.append(TimeWindow(source=self.source, since=start, end=end))
        self.progress |= {window: Progress() for window in self._windows}
        self.is_complete = True
        yield from self._windows

    def _begin(self, **bounds: Any) -> ListSlice:
        return self._add(ListSlice(source=self.source, since=self.since, **bounds))

    def _add(self, part: ListSlice) -> ListSlice:
        self.progress[part] = Progress()
        return part

    def page_done(self, part: ListSlice, page: ReadPage, times: tuple[str, str] | None) -> None:
        """Take note of a page; `times` are its earliest and its latest change."""
        read = self.progress[part]
        read.rows += len(page.rows)
        read.listed += page.listed
        read.next_cursor = page.next_cursor
        read.has_more = page.has_more
        if page.rows and self.windowed:
            read.first_id = read.first_id or page.rows[0]["id"]
            read.last_id = page.rows[-1]["id"]
        # that a row was added at some moment says nothing about the rows of a time window
        if times and not isinstance(part, NeverChangedRows):
            read.oldest = min(read.oldest or times[0], times[0])
            read.newest = max(read.newest, times[1])
        self.is_complete = self.is_complete or self._is_read_whole()

    def _is_read_whole(self) -> bool:
        """Tell whether the first pages, or they and the newest page, are the whole list."""
        head, *further = self.progress.values()
        if not further:
            return not head.next_cursor
        newest = further[0]
        return bool(newest.rows) and head.last_id >= newest.last_id - 1

    def bookmark(self) -> str:
        """Return up to which moment every change was emitted; empty while there is none.

        It never passes the newest row emitted, nor the moment the first page was answered: what
        changes during the read comes with the next sync.
        """
        if not (self._windows or self.is_closed):
            return ""
        passed = ""
        for part in self._windows or self.progress:
            if not self.progress[part].is_closed:
                break
            passed = max(passed, min(self.progress[part].newest, self.answered_at))
        return passed

    @property
    def is_closed(self) -> bool:
        return self.is_complete and all(read.is_closed for read in self.progress.values())

    @property
    def has_never_changed_rows(self) -> bool:
        """Whether the rows that never changed were emitted, or are before any bookmark."""
        found = [
            read.is_closed
            for part, read in self.progress.items()
            if isinstance(part, NeverChangedRows)
        ]
        return self.since is None or (bool(found) and all(found) and not self.never_changed_due)

    @property
    def is_empty(self) -> bool:
        """Whether the server, asked for rows of any age, listed none."""
        unfiltered = self.source.older_rows != "filtered"
        is_read = self.is_closed and bool(self.answered_at)
        return unfiltered and is_read and not any(one.listed for one in self.progress.values())
