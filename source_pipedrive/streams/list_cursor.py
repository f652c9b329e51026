"""The cursor of a stream that reads one list, or several lists of the same object."""

import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import timedelta
from typing import Any, cast

from source_pipedrive import timestamps
from source_pipedrive.streams.parents import CollectedParents
from source_pipedrive.streams.slices import ListSlice, ReadPage, SourceList
from source_pipedrive.streams.state import (
    INBOX,
    StreamState,
    readable,
    refuse_future,
)
from source_pipedrive.streams.stream_cursor import StreamCursor
from source_pipedrive.streams.stream_spec import Incremental, StreamSpec
from source_pipedrive.streams.time_windows import ListPlan

_LOGGER = logging.getLogger("airbyte")


class ListCursor(StreamCursor):
    """Keeps a bookmark for each list (live, archived) of an object.

    State: `{"update_time": T}`, for each further list `{"archived": {"update_time": T}}`. Up to `T`
    every change was emitted. Rows repeat at the boundary; none is skipped.

    It stands in for the CDK's per-partition cursor, which emits a state every ten minutes at most,
    cannot adapt its windows, reads all of them again on an idle stream, and parses the date of
    every row.
    """

    parents: CollectedParents | None

    def __init__(
        self,
        spec: StreamSpec,
        state: StreamState,
        lists: Sequence[SourceList],
        start: str | None,
        *,
        reads_inbox: bool,
    ) -> None:
        incremental = cast("Incremental", spec.incremental)
        self._time_of = spec.time_of
        self._bookmarks: dict[str, str] = {}
        self._main_list = lists[0].name
        super().__init__(
            incremental.cursor_field,
            state,
            reads_inbox=reads_inbox,
            reads_inbox_last=reads_inbox and spec.lists_deletions,
        )
        self.parents = None
        self._has_failed = False
        self._newest_before = max(self._bookmarks.values(), default="")
        # the bookmarks move on while the lists are read
        self._plans = {
            one.name: ListPlan(
                one, self._since(one.name, start, incremental.lookback), incremental.is_windowed
            )
            for one in lists
        }

    @property
    def state(self) -> MutableMapping[str, Any]:
        state: dict[str, Any] = {**self._inbox_state()}
        for name, bookmark in self._bookmarks.items():
            if name == self._main_list:
                state[self._field] = bookmark
            else:
                state[name] = {self._field: bookmark}
        return state

    @property
    def reads_all(self) -> bool:
        return not self._bookmarks

    def reads_since(self, moment: str | None) -> bool:
        """Tell whether all lists are read from a moment on, or from an earlier one."""
        return all(
            plan.since is None or (moment is not None and plan.since <= moment)
            for plan in self._plans.values()
        )

    def _load(self, saved: Mapping[str, Any]) -> None:
        self._bookmarks = readable(
            self._stream_name, self._field, saved, lambda: self._parse(saved)
        )
        self._load_sequence(saved)

    def _parse(self, saved: Mapping[str, Any]) -> dict[str, str]:
        """Read the bookmark of every list, also of those that are switched off now."""
        bookmarks = {}
        for key, value in saved.items():
            if key == self._field:
                bookmarks[self._main_list] = timestamps.normalize(value)
            elif key == INBOX:
                _ = int(value["sequence"])
            else:
                bookmarks[key] = timestamps.normalize(value[self._field])
        return bookmarks

    def _since(self, list_name: str, start: str | None, lookback: timedelta) -> str | None:
        """Return where the reading of a list begins; `None`: at its first row.

        An `updated_since`, however early, would drop the rows whose `update_time` is null.
        """
        bookmark = self._bookmarks.get(list_name)
        return max(timestamps.shift(bookmark, -lookback) if bookmark else "", start or "") or None

    def _request_slices(self) -> Iterator[ListSlice]:
        pending = [plan.slices(self._wait_until) for plan in self._plans.values()]
        # in turn: what one list reads in one go must not wait for all windows of another
        while pending:
            for slices in list(pending):
                if part := next(slices, None):
                    yield part
                else:
                    pending.remove(slices)

    def _wait_for_requests(self) -> bool:
        return self._wait_until(lambda: all(plan.is_closed for plan in self._plans.values()))

    def _wait_until(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._has_failed or condition())
        return not self._has_failed

    def _requested_page_done(self, part: ListSlice, page: ReadPage) -> bool:
        plan = self._plans[part.source.name]
        if self.parents:
            self.parents.add(part.source.name, page.rows)
        times = self._times(page.rows)
        with self._changed:
            if not plan.answered_at and not page.refusal:
                plan.answered_at = page.answered_at
                bookmark = self._bookmarks.get(part.source.name, "")
                refuse_future(
                    self._stream_name, self._field, self.state, bookmark, page.answered_at
                )
            plan.page_done(part, page, times)
        return True

    def _times(self, rows: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
        """Return the earliest and the latest change among rows."""
        times = [time for row in rows if (time := self._time_of(row))]
        return (min(times), max(times)) if times else None

    def _close(self, part: ListSlice) -> None:
        plan = self._plans[part.source.name]
        plan.progress[part].is_closed = True
        if (reached := plan.bookmark()) > self._bookmarks.get(plan.source.name, ""):
            self._bookmarks[plan.source.name] = reached
        self._emit_state()
        plans = self._plans.values()
        if self.parents and all(plan.is_closed for plan in plans):
            self.parents.complete(min(plan.answered_at for plan in plans))

    def fail(self) -> None:
        with self._changed:
            self._has_failed = True
            self._changed.notify_all()
        if self.parents:
            self.parents.fail()

    def _finish(self) -> None:
        """Warn when all lists are empty that once held rows: the bookmarks say so."""
        is_empty = all(plan.is_empty for plan in self._plans.values())
        if self._newest_before and is_empty:
            _LOGGER.warning(
                "Stream %s has no rows, but earlier syncs had some, the newest from %s. The table "
                "keeps them. If nobody deleted them, the owner of the API key may no longer see "
                "them: ask an admin, or use an admin's key.",
                self._stream_name,
                self._newest_before,
            )
