"""Reads what webhooks reported: deletions as tombstones, and the events themselves."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from itertools import islice
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.exceptions import config_error
from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.errors import UnreadableInboxError
from source_pipedrive.inbox.events_stream import event_rows
from source_pipedrive.inbox.reading import resume
from source_pipedrive.inbox.set_aside import SetAside
from source_pipedrive.streams.listed_deletions import ListedDeletions
from source_pipedrive.streams.page_reader import PageListener, WholeList
from source_pipedrive.streams.records import BeforeRequest, ReadPages
from source_pipedrive.streams.schema import conformer
from source_pipedrive.streams.slices import InboxRows, ReadPage, RequestSlice, Slice
from source_pipedrive.streams.state import StreamState, readable
from source_pipedrive.streams.stream_cursor import StreamCursor
from source_pipedrive.streams.stream_spec import StreamSpec

_LOGGER = logging.getLogger("airbyte")

Row = dict[str, Any]
_PAGE_SIZE = 500


class DeletionReader:
    """The rows of a stream that webhooks reported as deleted, in the order of their deletion.

    Rows that last changed before `start` are left out, and rows that the API listed as deleted.
    """

    def __init__(
        self,
        spec: StreamSpec,
        deletions: Deletions,
        listener: PageListener,
        start: str | None,
        listed: ListedDeletions | None = None,
    ) -> None:
        self._spec = spec
        self._conformer = conformer(spec.name, spec.schema_file)
        self._deletions = deletions
        self._listed = listed
        self._listener = listener
        self._start = start or ""

    def pages(self, part: InboxRows) -> Iterator[list[Row]]:
        """Yield the tombstones after a sequence number, page by page."""
        set_aside = SetAside()
        try:
            sequence = _resume(self._spec.name, self._deletions.url, part.after)
            deleted = self._deletions.rows_after(sequence, set_aside)
            while chunk := list(islice(deleted, _PAGE_SIZE)):
                sequence, _ = chunk[-1]
                rows = self._conformer.rows([dict(row) for _, row in chunk])
                rows = self._listed.not_listed(rows) if self._listed else rows
                kept = [row for row in rows if not self._spec.is_older(row, self._start)]
                self._listener.page_done(part, ReadPage(kept, sequence=sequence))
                yield kept
            sequence = max(sequence, set_aside.sequence)
            self._listener.page_done(part, ReadPage([], sequence=sequence))
            _report(self._spec.name, set_aside)
        except UnreadableInboxError as error:
            raise config_error(str(error)) from error


class WholeListWithDeletions:
    """A list that every sync reads in full, and then the deletions of its rows in the inbox.

    `slices` and `pages` read the list, and `ids` returns the ids of its rows. The stream can do
    without its tombstones, so an inbox that cannot be read is a warning.
    """

    def __init__(
        self,
        spec: StreamSpec,
        inbox_url: str,
        slices: Callable[[], Iterator[Slice]],
        pages: ReadPages,
        ids: Callable[[], Collection[Any]],
    ) -> None:
        self._stream_name = spec.name
        deletions = Deletions(inbox_url, str(spec.deleted_object))
        self._tombstones = DeletionReader(spec, deletions, WholeList(), None)
        self._list_slices = slices
        self._list_pages = pages
        self._ids = ids

    def slices(self) -> Iterator[Slice]:
        """Yield what to read."""
        yield from self._list_slices()
        yield InboxRows(after=0)

    def pages(self, part: Slice, before_request: BeforeRequest) -> Iterator[list[Row]]:
        """Yield the rows of a slice, page by page."""
        if not isinstance(part, InboxRows):
            yield from self._list_pages(part, before_request)
            return
        try:
            for page in self._tombstones.pages(part):
                listed = self._ids()
                yield [row for row in page if row["id"] not in listed]
        except AirbyteTracedException as error:
            _LOGGER.warning(
                "Stream %s comes without deleted rows. %s", self._stream_name, error.message
            )


class EventReader:
    """The rows of the stream `events`."""

    def __init__(
        self, spec: StreamSpec, inbox_url: str, listener: PageListener, start: str | None
    ) -> None:
        self._stream_name = spec.name
        self._conformer = conformer(spec.name, spec.schema_file)
        self._inbox_url = inbox_url
        self._listener = listener
        self._start = start

    def pages(self, part: InboxRows) -> Iterator[list[Row]]:
        """Yield the events after a sequence number, page by page."""
        set_aside = SetAside()
        try:
            sequence = _resume(self._stream_name, self._inbox_url, part.after)
            events = event_rows(self._inbox_url, sequence, self._start, set_aside)
            while rows := self._conformer.rows([dict(row) for row in islice(events, _PAGE_SIZE)]):
                sequence = rows[-1]["sequence"]
                self._listener.page_done(part, ReadPage(rows, sequence=sequence))
                yield rows
            sequence = max(sequence, set_aside.sequence)
            self._listener.page_done(part, ReadPage([], sequence=sequence))
            _report(self._stream_name, set_aside)
        except UnreadableInboxError as error:
            raise config_error(str(error)) from error


def _resume(stream: str, inbox_url: str, after: int) -> int:
    """Return the sequence to read after; warn if it is not the one of the last sync."""
    sequence = resume(inbox_url, after)
    if sequence != after:
        _LOGGER.warning(
            "Stream %s: the webhook inbox is not the one of the last sync, or was restored from an "
            "older backup. It is read from its beginning. Deletions that it never had are missing: "
            "run a full refresh to remove those rows.",
            stream,
        )
    return sequence


def _report(stream: str, set_aside: SetAside) -> None:
    """Warn of events that were left out; the next sync starts behind them."""
    if set_aside.count:
        _LOGGER.warning(
            "Stream %s: the webhook inbox has new events that cannot be read (%d). They were left "
            "out, and stay in the inbox. Run `source-pipedrive webhooks inbox` to list them.",
            stream,
            set_aside.count,
        )


class EventCursor(StreamCursor):
    """Reads the events after the last one. State: `{"sequence": n}`, the inbox's own count."""

    def __init__(self, cursor_field: str, state: StreamState) -> None:
        super().__init__(cursor_field, state, reads_inbox=True)

    @property
    def reads_all(self) -> bool:
        return not self._sequence

    @property
    def state(self) -> MutableMapping[str, Any]:
        return {self._field: self._sequence}

    def _load(self, saved: Mapping[str, Any]) -> None:
        self._sequence = self._reached = readable(
            self._stream_name, self._field, saved, lambda: int(saved.get(self._field, 0))
        )

    def _request_slices(self) -> Iterator[RequestSlice]:
        return iter(())

    def _requested_page_done(self, part: RequestSlice, page: ReadPage) -> bool:
        return True

    def _close(self, part: RequestSlice) -> None: ...

    def _finish(self) -> None: ...

    def fail(self) -> None: ...
