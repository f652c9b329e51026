"""What all cursors of this connector share."""

import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, cast

from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record

from source_pipedrive.api.exceptions import UnreadableStateError
from source_pipedrive.streams.slices import InboxRows, ReadPage, RequestSlice, Slice
from source_pipedrive.streams.state import INBOX, StreamState, sequence_of


class StreamCursor(Cursor):
    """Decides which slices of a stream to read, and keeps how far it got.

    The page reader reports each page once (`page_done`). The CDK says when all records of a slice
    are in the queue (`close_partition`), and when the stream is over. With webhooks, the first
    slice is what they reported since the last sync: its state is `{"inbox": {"sequence": n}}`. It
    is the last one where the API lists deletions too.

    A saved state that cannot be read fails this stream alone, and stays as it is: `unreadable`.
    """

    def __init__(
        self,
        cursor_field: str,
        state: StreamState,
        *,
        reads_inbox: bool,
        reads_inbox_last: bool = False,
    ) -> None:
        self.cursor_field = CursorField(cursor_field)
        self.unreadable: UnreadableStateError | None = None
        # no further slice is worth a request
        self.is_over = False
        self._field = cursor_field
        self._stream_state = state
        self._stream_name = state.stream_name
        self._reads_inbox = reads_inbox
        self._reads_inbox_last = reads_inbox_last
        self._sequence = self._reached = 0
        # guards all that the threads of a stream share; notified when a slice is closed
        self._changed = threading.Condition()
        try:
            self._load(state.saved())
        except UnreadableStateError as error:
            self.unreadable = error

    @property
    @abstractmethod
    def reads_all(self) -> bool:
        """Whether the next read covers all rows, or the children of all parents."""

    @abstractmethod
    def _load(self, saved: Mapping[str, Any]) -> None:
        """Take over the state of the last sync. Raises `UnreadableStateError`."""

    @abstractmethod
    def _request_slices(self) -> Iterator[RequestSlice]:
        """Yield what to request; may wait for slices that were yielded before."""

    @abstractmethod
    def _requested_page_done(self, part: Any, page: ReadPage) -> bool:
        """Take note of a requested page; tell whether to read the slice on."""

    @abstractmethod
    def _close(self, part: Any) -> None:
        """Take note that all rows of a requested slice were emitted."""

    @abstractmethod
    def _finish(self) -> None:
        """Take note that the stream is over, whether or not it was read to its end."""

    @abstractmethod
    def fail(self) -> None:
        """Take note that a slice could not be read to its end."""

    def slices(self) -> Iterator[Slice]:
        """Yield what to read: what webhooks reported, then what to request."""
        try:
            self._refuse_unreadable()
            if self._reads_inbox and not self._reads_inbox_last:
                yield InboxRows(after=self._sequence)
            yield from self._request_slices()
            if self._reads_inbox_last and self._wait_for_requests():
                yield InboxRows(after=self._sequence)
        except BaseException:
            # child streams wait for the end of their parents
            self.fail()
            raise

    def _wait_for_requests(self) -> bool:
        """Wait until all requested rows are in the queue; tell whether they are."""
        return True

    def page_done(self, part: Slice, page: ReadPage) -> bool:
        """Take note of a page whose rows are emitted next; tell whether to read the slice on."""
        if isinstance(part, InboxRows):
            self._reached = page.sequence
            return True
        return self._requested_page_done(part, page)

    def close_partition(self, partition: Partition) -> None:
        part: Slice = cast("Any", partition).part
        with self._changed:
            if isinstance(part, InboxRows):
                self._sequence = self._reached
                self._emit_state()
            else:
                self._close(part)
            self._changed.notify_all()

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._changed:
            if not self.unreadable:
                self._finish()
                self._emit_state()

    def observe(self, record: Record) -> None:
        """Do nothing: `page_done` is called once a page."""

    def should_be_synced(self, record: Record) -> bool:
        return True

    def _refuse_unreadable(self) -> None:
        if self.unreadable:
            raise self.unreadable

    def _load_sequence(self, saved: Mapping[str, Any]) -> None:
        self._sequence = self._reached = sequence_of(saved)

    def _inbox_state(self) -> Mapping[str, Any]:
        return {INBOX: {"sequence": self._sequence}} if self._sequence else {}

    def _emit_state(self) -> None:
        self._stream_state.emit(self.state)
