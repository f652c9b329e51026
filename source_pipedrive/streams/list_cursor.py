"""The cursor of a stream that reads one list, or several lists of the same object."""

import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import timedelta
from typing import Any, cast

from source_pipedrive import timestamps
from source_pipedrive.streams.official_states import LISTS
from source_pipedrive.streams.parents import CollectedParents
from source_pipedrive.streams.slices import ListSlice, NeverChangedRows, ReadPage, SourceList
from source_pipedrive.streams.state import (
    INBOX,
    NEVER_CHANGED,
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

    The bookmarks of the official connector hide rows that never changed, which it does not read. A
    cursor that `takes_over` its state reads them once, and says so in `NEVER_CHANGED`.

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
        self._never_changed = ""
        self._lists = [one.name for one in lists]
        # where all rows are listed, those that never changed are among them
        self._takes_over = state.is_official and any(one.older_rows != "dropped" for one in lists)
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
                one,
                self._since(one.name, start, incremental.lookback),
                incremental.is_windowed,
                never_changed_due=one.name in self._bookmarks
                and self._takes_over
                and not self._never_changed,
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
        if self._takes_over and self._bookmarks:
            read_at = self._never_changed
            state[NEVER_CHANGED] = {self._field: read_at} if read_at else None
        return state

    @property
    def reads_all(self) -> bool:
        return not self._bookmarks

    @property
    def takes_over(self) -> bool:
        """Whether the next read brings rows that a bookmark of the official connector hides."""
        return any(plan.never_changed_due for plan in self._plans.values())

    @property
    def lists_read_whole(self) -> Sequence[str]:
        """The lists without a bookmark, of a stream that has a bookmark for another one."""
        return [one for one in self._plans if one not in self._bookmarks and self._bookmarks]

    def reads_since(self, moment: str | None) -> bool:
        """Tell whether all lists are read from a moment on, or from an earlier one."""
        return all(
            plan.since is None or (moment is not None and plan.since <= moment)
            for plan in self._plans.values()
        )

    def _load(self, saved: Mapping[str, Any]) -> None:
        saved = {**self._inherited(), **saved}
        self._bookmarks = readable(
            self._stream_name, self._field, saved, lambda: self._parse(saved)
        )
        self._load_sequence(saved)

    def _inherited(self) -> Mapping[str, Any]:
        """Return the bookmarks of lists that are streams of their own in the official connector."""
        streams = {name: LISTS.get((self._stream_name, name)) for name in self._lists}
        states = {name: self._stream_state.saved_of(old) for name, old in streams.items() if old}
        return {name: state for name, state in states.items() if state}

    def _parse(self, saved: Mapping[str, Any]) -> dict[str, str]:
        """Read the bookmark of every list, also of those that are switched off now."""
        bookmarks = {}
        for key, value in saved.items():
            if key == self._field:
                bookmarks[self._main_list] = timestamps.normalize(value)
            elif key == INBOX:
                _ = int(value["sequence"])
            elif key == NEVER_CHANGED:
                self._never_changed = timestamps.normalize(value[self._field]) if value else ""
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
        # no child is due of a row that is older than the beginning, and others may read already
        if self.parents and not (plan.since and isinstance(part, NeverChangedRows)):
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
        self._note_never_changed()
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

    def _note_never_changed(self) -> None:
        """Take note that no bookmark hides rows that never changed any more."""
        is_read = all(plan.has_never_changed_rows for plan in self._plans.values())
        if self._takes_over and self._bookmarks and is_read:
            self._never_changed = self._never_changed or max(self._bookmarks.values())

    def _finish(self) -> None:
        """Warn when all lists are empty that once held rows: the bookmarks say so."""
        self._note_never_changed()
        is_empty = all(plan.is_empty for plan in self._plans.values())
        if self._newest_before and is_empty:
            _LOGGER.warning(
                "Stream %s has no rows, but earlier syncs had some, the newest from %s. The table "
                "keeps them. If nobody deleted them, the owner of the API key may no longer see "
                "them: ask an admin, or use an admin's key.",
                self._stream_name,
                self._newest_before,
            )
