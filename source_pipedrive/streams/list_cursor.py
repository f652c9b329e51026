"""Where a stream stands: which windows of which lists to read, and how far it got."""

import logging
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple, cast

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import Response

from source_pipedrive import timestamps as times
from source_pipedrive.inbox.deletions import TOLD, TOMBSTONES, Tombstones

_LOGGER = logging.getLogger("airbyte")
WINDOW = "window"
# Windows cost the pages of the walk that gave way to them, two requests for rows that no window
# holds, and a page that is read in part for each: a twentieth of the shortest list that has them.
_PAGES_TO_JUDGE = 3
_PAGES_WORTH_WINDOWS = 200
_PAGES_WORTH_HALVING = 8
_PAGES_A_WINDOW_AT_FIRST = 100
_PAGES_A_WINDOW = 40
_WINDOWS_AT_ONCE = 8
_ROWS_A_CHECKPOINT = 20_000
# a mark comes from Pipedrive's clock; only where its answers carry no date is this machine's asked
_TOLERATED_SKEW = timedelta(hours=1)


@dataclass
class Window:
    """A stretch `[start, end)` of one list, and how far its walk got.

    `newest` is the latest change among its rows, `asked_at` Pipedrive's clock when its first page
    was answered. A walk that is `cut` gave way to windows, and would have taken `length` pages. Of
    a window that is read `by_time` all rows up to `newest` are out, so that its end may still move.
    With `nulls_from`, a sort direction, only the rows that never changed are wanted, which no
    window holds. `ids` are the first and the last one so far; the rows from `known_from` on were
    read ahead. `empty` is known of lists that the server does not filter: there was no row at all,
    old or new.
    """

    of: str
    start: str | None = None
    end: str | None = None
    by_time: bool = False
    nulls_from: str | None = None
    newest: str = ""
    oldest: str = ""
    asked_at: str = ""
    rows: int = 0
    pages: int = 0
    length: float = 0
    ids: tuple[int, int] = (0, 0)
    known_from: int | None = None
    cut: bool = False
    closed: bool = False
    empty: bool = False

    def as_slice(self, one: Mapping[str, Any]) -> StreamSlice:
        bounds = {"start_time": self.start, "end_time": self.end}
        by_time = {"sort_by": "update_time", "sort_direction": self.nulls_from or "asc"}
        return StreamSlice(
            partition=one,
            cursor_slice={name: bound for name, bound in bounds.items() if bound},
            extra_fields={WINDOW: self, **(by_time if self.by_time or self.nulls_from else {})},
        )

    @property
    def ahead(self) -> float:
        """How many pages it has left, if it goes on as densely as it began; 0: not known."""
        if self.closed or not self.by_time or self.pages < _PAGES_TO_JUDGE:
            return 0
        behind = times.to_epoch(self.newest) - times.to_epoch(self.start or self.oldest)
        left = times.to_epoch(self.end or times.now()) - times.to_epoch(self.newest)
        return self.pages * left / behind if behind and left > 1 else 0

    def halve(self) -> "Window":
        """Give the later half of what is left to a window of its own."""
        reached, end = (times.to_epoch(time) for time in (self.newest, self.end or times.now()))
        middle = times.of_epoch((reached + end + 1) // 2)
        half = Window(self.of, start=middle, end=self.end, by_time=True)
        self.end = middle
        return half


class Parent(NamedTuple):
    """A row that others hang on. `of` is its list: live, archived, …; ids ascend within one."""

    of: str
    id: Any
    time: str | None


class ListCursor(Cursor):
    """Cursor of a stream that reads one list or several (live, archived) of the same object.

    State: `{"update_time": T}`, for each further list `{"archived": {"update_time": T}}`, and with
    webhooks `{"inbox": {"sequence": n}}`, the last deletion that they told of. `T`
    never passes the newest row emitted, nor the moment the walk began by Pipedrive's own clock:
    what changes behind the reader's back comes with the next sync. Rows repeat at the boundary,
    they never go missing.

    A list is walked in one go. Where the server can also filter by an end (`windowed`), a walk that
    turns out long is cut after a few pages, and windows of time take over, several at once. To
    tell, the newest page is read ahead of its turn, and costs nothing: a walk that goes on ends
    where that page begins. Windows are read in the order of time, which makes every page of them a
    checkpoint, and lets a worker who is done take over half of what another has left: how dense
    the rows are is only known once they are read.

    Stands in for the CDK's per-partition cursor, which emits a state every ten minutes at most,
    cannot adapt its windows, re-reads all of them on an idle stream, and parses the date of every
    row.
    """

    def __init__(  # noqa: PLR0913 - it is built in one place, from the manifest
        self,
        *,
        stream_name: str,
        cursor_field: str,
        lists: Sequence[Mapping[str, Any]],
        windowed: bool,
        state: Mapping[str, Any],
        start: str | None,
        lookback: timedelta,
        tombstones: Tombstones | None,
        message_repository: MessageRepository,
        state_manager: ConnectorStateManager,
    ) -> None:
        self.cursor_field = CursorField(cursor_field)
        self.start = start
        self.parents: ReadParents | None = None
        self._field = cursor_field
        self._stream_name = stream_name
        self._lists = lists
        self._windowed = windowed
        self._lookback = lookback
        self._message_repository = message_repository
        self._state_manager = state_manager
        self._changed = threading.Condition()
        self._windows: list[Window] = []
        self._planned = self._failed = self._unreadable_time_seen = False
        self._unsaved = 0
        self._marks = _marks_of(state, cursor_field, _name(lists[0]), stream_name)
        # the marks move on while the lists are read
        self._starts = {_name(one): self._start_of(_name(one)) for one in lists}
        self._newest_before = max(self._marks.values(), default="")
        self._told = int(state.get(TOLD, {}).get("sequence", 0))
        self._tombstones = tombstones
        if tombstones:
            tombstones.reached = self._told

    @property
    def state(self) -> MutableMapping[str, Any]:
        main, *_ = (_name(one) for one in self._lists)
        state: MutableMapping[str, Any] = {TOLD: {"sequence": self._told}} if self._told else {}
        for name, mark in self._marks.items():
            if name == main:
                state[self._field] = mark
            else:
                state[name] = {self._field: mark}
        return state

    @property
    def is_new(self) -> bool:
        """Tell whether nothing was read yet."""
        return not self._marks

    @property
    def lists(self) -> int:
        """How many lists the stream reads."""
        return len(self._lists)

    def _start_of(self, of: str) -> str | None:
        """Where the walk of a list begins; `None`: at its first row.

        An `updated_since`, however early, would drop the rows whose `update_time` is null.
        """
        mark = self._marks.get(of)
        since = max(times.shift(mark, -self._lookback) if mark else "", self.start or "")
        return since or None

    def reads_since(self, moment: str | None) -> bool:
        """Tell whether the walks of all lists begin at a moment or before it."""
        return all(
            start is None or (moment is not None and start <= moment)
            for start in self._starts.values()
        )

    def stream_slices(self) -> Iterable[StreamSlice]:
        """Yield a walk of each list, and windows in place of those that were cut.

        The end of the last one stays open: two clocks would have to agree on it.
        """
        try:
            yield from self._slices()
        except BaseException:
            # children wait for the end of the stream
            self.failed()
            raise

    def _slices(self) -> Iterator[StreamSlice]:
        walks = [Window(of, start=start) for of, start in self._starts.items()]
        self._windows += walks
        for one, walk in zip(self._lists, walks, strict=True):
            yield walk.as_slice(one)
        if self._tombstones:
            yield self._tombstones.as_slice
        if self._windowed:
            for one, walk in zip(self._lists, walks, strict=True):
                self._wait_until(lambda walk=walk: walk.closed)  # type: ignore[misc]
                if walk.cut:
                    yield from (window.as_slice(one) for window in self._windows_of(walk))
        with self._changed:
            self._planned = True
            self._complete_parents()

    def _windows_of(self, walk: Window) -> Iterator[Window]:
        """Divide a list whose walk was cut: equal times at first, then by what is left to do."""
        if walk.start is None:
            yield self._opened(Window(walk.of, nulls_from="asc"))
            yield self._opened(Window(walk.of, nulls_from="desc"))
        count = min(_WINDOWS_AT_ONCE, int(walk.length / _PAGES_A_WINDOW_AT_FIRST))
        begin, end = (times.to_epoch(time) for time in (walk.start or walk.oldest, times.now()))
        width = max(1, (end - begin) // count)
        ends = [times.of_epoch(begin + width * number) for number in range(1, count)]
        windows = [
            self._opened(Window(walk.of, start=start, end=end, by_time=True))
            for start, end in pairwise([walk.start, *ends, None])
        ]
        while windows:
            yield from windows
            windows = self._taken_over(walk)

    def _taken_over(self, walk: Window) -> list[Window]:
        """Wait for a worker to be free, and halve the window that has most left; none: all read."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._failed or self._is_read(walk.of) or self._longest(walk)
            )
            longest = self._longest(walk)
            if self._failed or not longest:
                return []
            half = longest.halve()
            self._windows.insert(self._windows.index(longest) + 1, half)
            return [half]

    def _is_read(self, of: str) -> bool:
        return all(window.closed for window in self._windows if window.of == of)

    def _longest(self, walk: Window) -> Window | None:
        """Find the window that is worth halving, if another one may be afforded."""
        windows = [one for one in self._windows if one.of == walk.of]
        if sum(not one.closed for one in self._windows) >= _WINDOWS_AT_ONCE:
            return None
        pages = max(walk.length, sum(one.pages for one in windows))
        longest = max(windows, key=lambda one: one.ahead)
        affordable = len(windows) < pages / _PAGES_A_WINDOW
        return longest if affordable and longest.ahead >= _PAGES_WORTH_HALVING else None

    def _opened(self, window: Window) -> Window:
        with self._changed:
            self._windows.append(window)
        return window

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failed or condition())

    def wants_newest(self, window: Window) -> bool:
        """Tell whether a walk wants the newest page before its next one."""
        return (
            self._windowed
            and window.pages == _PAGES_TO_JUDGE
            and window is next(one for one in self._windows if one.of == window.of)
            # where no row has ever changed, nothing tells when the windows should begin
            and bool(window.start or window.oldest)
        )

    def is_over(self, window: Window, page: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether a walk needs no further page: windows take over, or all rows are read."""
        if not (self._windowed and page):
            return False
        if window.by_time:
            return bool(window.end) and window.newest >= (window.end or "")
        if window.known_from is not None and not window.length:
            window.cut = self._is_long(window, page)
        else:
            window.ids = (window.ids[0] or page[0]["id"], page[-1]["id"])
        return window.cut or (
            window.known_from is not None and window.ids[1] >= window.known_from - 1
        )

    @staticmethod
    def _is_long(window: Window, newest: Sequence[Mapping[str, Any]]) -> bool:
        """Decide whether a walk gives way to windows, by the ids behind it and the newest page.

        Ids are given in order: how many of them a row takes, at the emptier end, tells how many
        rows there are at least. A walk is only cut where the pages already read, which the windows
        will read again, are a twentieth at most.
        """
        first, last = window.ids
        behind = max(1, window.rows - len(newest))
        top, bottom = newest[0]["id"], newest[-1]["id"]
        ids_a_row = max((last - first + 1) / behind, (top - bottom + 1) / len(newest))
        rows = (top - first + 1) / ids_a_row
        window.length = rows / behind * _PAGES_TO_JUDGE
        return window.length >= _PAGES_WORTH_WINDOWS

    def asked(self, window: Window, response: Response) -> None:
        """Take the time of the walk's first answer, from Pipedrive's clock where it is told."""
        if window.asked_at:
            return
        window.asked_at = times.of_http_date(response.headers.get("date", ""))
        with self._changed:
            # another list may be done and set its mark meanwhile
            mark = self._marks.get(window.of, "")
            refuse_future(self._stream_name, self.state, self._field, mark, window.asked_at)

    def seen(self, window: Window, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take note of a page whose rows have all been emitted."""
        if self.parents:
            self.parents.add(window.of, rows)
        moments = [moment for row in rows if (moment := row.get(self._field))]
        with self._changed:
            window.pages += 1
            window.rows += len(rows)
            if moments:
                self._take_times(window, moments)
            if window.by_time:
                self._changed.notify_all()
                self._save(window, len(rows))

    def _take_times(self, window: Window, moments: list[str]) -> None:
        try:
            oldest, newest = (times.normalise(find(moments)) for find in (min, max))
        except ValueError:
            self._warn_unreadable(max(moments))
            window.by_time = False
            return
        if oldest < window.newest or moments != sorted(moments):
            # not the order that was asked for: nothing follows from how far it got
            window.by_time = False
        window.newest = max(window.newest, newest)
        window.oldest = min(window.oldest or "9", oldest)

    def _save(self, window: Window, rows: int) -> None:
        """Emit a state every now and then, for a sync that may be cut short."""
        self._unsaved += rows
        if self._unsaved >= _ROWS_A_CHECKPOINT:
            self._unsaved = 0
            self._advance(window.of)
            self._emit_state()

    def close_partition(self, partition: Partition) -> None:
        extra = cast("StreamSlice", partition.to_slice()).extra_fields
        with self._changed:
            if TOMBSTONES in extra:
                self._told = extra[TOMBSTONES].reached
                self._emit_state()
                return
            window: Window = extra[WINDOW]
            window.closed = True
            self._changed.notify_all()
            self._advance(window.of)
            self._emit_state()
            self._complete_parents()

    def _advance(self, of: str) -> None:
        """Move the mark over the windows that are done, and into the first that is not."""
        windows = [window for window in self._windows if window.of == of]
        for window in windows:
            reached = min(window.newest, windows[0].asked_at)
            known = window.by_time or (window.closed and not window.cut)
            if known and reached > self._marks.get(of, ""):
                self._marks[of] = reached
            if not window.closed:
                return

    def _complete_parents(self) -> None:
        if self.parents and self._planned and all(window.closed for window in self._windows):
            self.parents.complete(self.began)

    @property
    def began(self) -> str:
        """When the first walk began, by Pipedrive's clock."""
        return min(window.asked_at for window in self._windows)

    def failed(self) -> None:
        """Take note that a list could not be read to its end."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()
        if self.parents:
            self.parents.fail()

    def observe(self, record: Record) -> None:
        """Rows are observed a page at a time, by `seen`."""

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._changed:
            self._warn_if_emptied()
            self._emit_state()

    def should_be_synced(self, record: Record) -> bool:
        return True

    def _emit_state(self) -> None:
        self._state_manager.update_state_for_stream(self._stream_name, None, self.state)
        self._message_repository.emit_message(
            self._state_manager.create_state_message(self._stream_name, None)
        )

    def _warn_if_emptied(self) -> None:
        """Tell when all lists are empty that once held rows: the state says when they changed."""
        if self._newest_before and self._windows and all(one.empty for one in self._windows):
            _LOGGER.warning(
                "Stream %s: Pipedrive lists no rows at all any more, but earlier ones had, "
                "the newest of %s. The table keeps them. If nobody deleted them all, the owner of "
                "the API key may no longer see them: ask an admin, or use the key of one.",
                self._stream_name,
                self._newest_before,
            )

    def _warn_unreadable(self, value: str) -> None:
        if not self._unreadable_time_seen:
            self._unreadable_time_seen = True
            _LOGGER.warning(
                "Stream %s: %s is no time in a form this connector knows (%r). The rows are read, "
                "but will be read again by the next sync.",
                self._stream_name,
                self._field,
                value,
            )


class ReadParents:
    """The ids and times of the rows of a stream, for the streams that hang on them.

    Takes 16 bytes a row, where ids are numbers.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[array[int] | list[str], array[int]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.as_of = ""

    def add(self, of: str, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._lock:
            for row in rows:
                if of not in self._rows:
                    ids = array("q") if isinstance(row["id"], int) else list[str]()
                    self._rows[of] = ids, array("q")
                known_ids, seconds = self._rows[of]
                known_ids.append(row["id"])
                seconds.append(times.to_epoch(row.get("update_time") or row.get("add_time")))

    def complete(self, as_of: str) -> None:
        self.as_of = as_of
        self._over.set()

    def fail(self) -> None:
        self._over.set()

    def wait(self) -> bool:
        """Wait for the end of the stream, and tell whether it was read whole."""
        self._over.wait()
        return bool(self.as_of)

    def __iter__(self) -> Iterator[Parent]:
        for of, (ids, seconds) in self._rows.items():
            # a row that changed during the read is there twice
            latest = dict(sorted(zip(ids, seconds, strict=True)))
            for one, second in latest.items():
                yield Parent(of, one, times.of_epoch(second))


def _name(one: Mapping[str, Any]) -> str:
    return str(next(iter(one.values()), ""))


def _marks_of(
    state: Mapping[str, Any], field: str, main: str, stream_name: str
) -> MutableMapping[str, str]:
    """Read the state of an earlier sync: the mark of every list it knew, also of those now off."""
    marks: MutableMapping[str, str] = {}
    if state.get(NO_CURSOR_STATE_KEY):
        return marks
    try:
        for key, value in state.items():
            if key == field:
                marks[main] = times.normalise(value)
            elif key == TOLD:
                _ = int(value["sequence"])
            else:
                marks[key] = times.normalise(value[field])
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable_state(stream_name, state, field, error) from error
    return marks


def refuse_future(
    stream_name: str, state: Mapping[str, Any], field: str, mark: str, now: str
) -> None:
    """Refuse a state whose mark would hide every change until then."""
    if mark > times.shift(now, _TOLERATED_SKEW):
        error = ValueError(f"{mark} lies in the future, it is {now}")
        raise unreadable_state(stream_name, state, field, error)


class UnreadableStateError(AirbyteTracedException):
    """A state that this connector did not write."""


class RefusedState(Cursor):
    """Stands in for the cursor of a stream whose state cannot be read: it fails, and says why.

    The other streams go on, and the state stays as it is.
    """

    def __init__(self, error: UnreadableStateError, cursor_field: str) -> None:
        self.cursor_field = CursorField(cursor_field)
        self.error = error

    @property
    def state(self) -> MutableMapping[str, Any]:
        return {}

    def stream_slices(self) -> Iterable[StreamSlice]:
        raise self.error

    def close_partition(self, partition: Partition) -> None: ...

    def observe(self, record: Record) -> None: ...

    def ensure_at_least_one_state_emitted(self) -> None: ...

    def should_be_synced(self, record: Record) -> bool:
        return True


def unreadable_state(
    stream_name: str, state: Mapping[str, Any], field: str, error: Exception
) -> UnreadableStateError:
    """Build the refusal of a state."""
    return UnreadableStateError(
        message=(
            f"The saved state of stream {stream_name} cannot be read: {dict(state)!r}. "
            f'Expected {{"{field}": "2024-05-01T00:00:00Z"}}. Correct it, or reset the stream '
            "to read it from the start."
        ),
        internal_message=f"Unreadable state: {error!r}",
        failure_type=FailureType.config_error,
    )
