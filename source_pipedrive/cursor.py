"""Where a stream stands: which windows of which lists to read, and how far it got."""

import logging
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
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

from source_pipedrive import times

_LOGGER = logging.getLogger("airbyte")
_WINDOW = "window"
# a mark comes from Pipedrive's clock; only where its answers carry no date is this machine's asked
_TOLERATED_SKEW = timedelta(hours=1)


@dataclass
class _Window:
    """A stretch of one list. `newest` is the latest change among its rows.

    `asked_at` is Pipedrive's clock when the first page was answered.
    """

    of: str
    newest: str = ""
    asked_at: str = ""
    closed: bool = False


class Parent(NamedTuple):
    """A row that others hang on. `of` is its list: live, archived, …; ids ascend within one."""

    of: str
    id: Any
    time: str | None


class ListCursor(Cursor):
    """Cursor of a stream that reads one list or several (live, archived) of the same object.

    State: `{"update_time": T}`, and for each further list `{"archived": {"update_time": T}}`. `T`
    never passes the newest row emitted, nor the moment the walk began by Pipedrive's own clock:
    what changes behind the reader's back comes with the next sync. Rows repeat at the boundary,
    they never go missing.

    Stands in for the CDK's per-partition cursor, which emits a state every ten minutes at most, and
    parses the date of every row.
    """

    def __init__(  # noqa: PLR0913 - it is built in one place, from the manifest
        self,
        *,
        stream_name: str,
        cursor_field: str,
        lists: Sequence[Mapping[str, Any]],
        state: Mapping[str, Any],
        start: str | None,
        lookback: timedelta,
        message_repository: MessageRepository,
        state_manager: ConnectorStateManager,
    ) -> None:
        self.cursor_field = CursorField(cursor_field)
        self._field = cursor_field
        self._stream_name = stream_name
        self._lists = lists
        self.start = start
        self._lookback = lookback
        self._message_repository = message_repository
        self._state_manager = state_manager
        self._lock = threading.Lock()
        self._windows: list[_Window] = []
        self._unreadable_time_seen = False
        self.parents: ReadParents | None = None
        self._marks = _marks_of(state, cursor_field, _name(lists[0]), stream_name)

    @property
    def state(self) -> MutableMapping[str, Any]:
        main, *_ = (_name(one) for one in self._lists)
        state: MutableMapping[str, Any] = {}
        for name, mark in self._marks.items():
            if name == main:
                state[self._field] = mark
            else:
                state[name] = {self._field: mark}
        return state

    def stream_slices(self) -> Iterable[StreamSlice]:
        self._windows = [_Window(_name(one)) for one in self._lists]
        for one, window in zip(self._lists, self._windows, strict=True):
            yield StreamSlice(
                partition=one,
                cursor_slice=self._bounds(window.of),
                extra_fields={_WINDOW: window},
            )

    def _bounds(self, of: str) -> Mapping[str, str]:
        """Bound the walk by nothing that can be spared.

        An `updated_since`, however early, drops the rows whose `update_time` is null. The end stays
        open: two clocks would have to agree on it, and what changes meanwhile comes again with the
        next sync, because the mark never passes the beginning of the walk.
        """
        since = self.since(of)
        return {"start_time": since} if since else {}

    def since(self, of: str) -> str | None:
        """Where the walk of a list begins; `None`: at its first row."""
        mark = self._marks.get(of)
        since = max(times.shift(mark, -self._lookback) if mark else "", self.start or "")
        return since or None

    @property
    def began(self) -> str:
        """When the first walk began, by Pipedrive's clock."""
        return min(window.asked_at for window in self._windows)

    def reads_since(self, moment: str | None) -> bool:
        """Tell whether the walks of all lists begin at a moment or before it."""
        starts = [self.since(_name(one)) for one in self._lists]
        return all(start is None or (moment is not None and start <= moment) for start in starts)

    def asked(self, stream_slice: StreamSlice, response: Response) -> None:
        """Take the time of the walk's first answer, from Pipedrive's clock where it is told."""
        window: _Window = stream_slice.extra_fields[_WINDOW]
        if window.asked_at:
            return
        date = response.headers.get("date")
        window.asked_at = times.of_http_date(date) if date else times.now()
        mark = self._marks.get(window.of, "")
        if mark > times.shift(window.asked_at, _TOLERATED_SKEW):
            raise unreadable_state(
                self._stream_name,
                self.state,
                self._field,
                ValueError(f"{mark} lies in the future, it is {window.asked_at}"),
            )

    def seen(self, stream_slice: StreamSlice, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take note of a page whose rows have all been emitted."""
        window: _Window = stream_slice.extra_fields[_WINDOW]
        newest = max((row.get(self._field) or "" for row in rows), default="")
        if self.parents:
            self.parents.add(window.of, rows)
        if newest:
            try:
                window.newest = max(window.newest, times.normalise(newest))
            except ValueError:
                self._warn_unreadable(newest)

    def close_partition(self, partition: Partition) -> None:
        window: _Window = cast("StreamSlice", partition.to_slice()).extra_fields[_WINDOW]
        with self._lock:
            window.closed = True
            self._advance(window.of)
            self._emit_state()
            if self.parents and all(window.closed for window in self._windows):
                self.parents.complete(self.began)

    def _advance(self, of: str) -> None:
        for window in [window for window in self._windows if window.of == of]:
            if not window.closed:
                return
            reached = min(window.newest, window.asked_at)
            if reached > self._marks.get(of, ""):
                self._marks[of] = reached

    def failed(self) -> None:
        """Take note that a list could not be read to its end."""
        if self.parents:
            self.parents.fail()

    def observe(self, record: Record) -> None:
        """Rows are observed a page at a time, by `seen`."""

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            self._emit_state()

    def should_be_synced(self, record: Record) -> bool:
        return True

    def _emit_state(self) -> None:
        self._state_manager.update_state_for_stream(self._stream_name, None, self.state)
        self._message_repository.emit_message(
            self._state_manager.create_state_message(self._stream_name, None)
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
            for one, second in sorted(zip(ids, seconds, strict=True)):
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
            else:
                marks[key] = times.normalise(value[field])
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable_state(stream_name, state, field, error) from error
    return marks


def unreadable_state(
    stream_name: str, state: Mapping[str, Any], field: str, error: Exception
) -> AirbyteTracedException:
    """Build the refusal of a state that this connector did not write."""
    return AirbyteTracedException(
        message=(
            f"The saved state of stream {stream_name} cannot be read: {dict(state)!r}. "
            f'Expected {{"{field}": "2024-05-01T00:00:00Z"}}. Correct it, or reset the stream '
            "to read it from the start."
        ),
        internal_message=f"Unreadable state: {error!r}",
        failure_type=FailureType.config_error,
    )
