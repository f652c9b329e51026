"""Turns the pages of a stream into records: one for each row, or one for a whole page."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock, Semaphore
from typing import Any, ClassVar, Protocol

import orjson
from airbyte_cdk.sources.types import Record

from source_pipedrive.conformance.conformer import NulledRow
from source_pipedrive.custom_fields.columns import Columns
from source_pipedrive.streams.slices import Slice

_LOGGER = logging.getLogger("airbyte")
_ITEM = re.compile(r"\[\d+\]")
# A page is about a megabyte, and several times that while it is parsed.
_PAGES_IN_MEMORY = 8
# A page in one piece, a megabyte or two, would leave holes in the heap that nothing else fills.
_LINES_PER_BLOCK = 20


class PageSlot:
    """The right to hold one page in memory: from before its request until it is written.

    So pages under way and pages that wait for a slow destination never fill the memory together.
    """

    def __init__(self, slots: Semaphore) -> None:
        self._slots: Semaphore | None = slots

    def release(self) -> None:
        """Let another page be requested; does nothing the second time."""
        slots, self._slots = self._slots, None
        if slots:
            slots.release()


@dataclass(frozen=True)
class RecordPage:
    """The records of one page as ready lines of the Airbyte protocol.

    Travels through the CDK as the data of one record. A record for each row costs four times the
    CPU: an object, a queue item, a message, a serialization, and a print each.
    """

    KEY: ClassVar[str] = "source_pipedrive.page"

    blocks: Sequence[bytes]
    count: int
    slot: PageSlot

    @classmethod
    def of(
        cls, stream: str, rows: Iterable[Mapping[str, Any]], count: int, slot: PageSlot
    ) -> "RecordPage":
        """Serialize `count` rows."""
        head = b'{"type":"RECORD","record":{"stream":"%b","data":' % stream.encode()
        tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
        rows = iter(rows)
        blocks = []
        while some := list(islice(rows, _LINES_PER_BLOCK)):
            lines = _serialized(some)
            if NulledRow in set(map(type, some)):
                lines = list(map(_with_changes, some, lines))
            # two short copies: around the joined lines they would be two of the whole block
            lines[0] = head + lines[0]
            lines[-1] += tail
            blocks.append((tail + head).join(lines))
        return cls(blocks, count, slot)


def _serialized(rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
    try:
        return list(map(orjson.dumps, rows))
    except orjson.JSONEncodeError:
        # it stops at 254 levels
        return [json.dumps(row, ensure_ascii=False).encode() for row in rows]


def _with_changes(row: Mapping[str, Any], data: bytes) -> bytes:
    """Add to the data of a record what became null in it."""
    if type(row) is not NulledRow:
        return data
    return b'%b,"meta":{"changes":%b}' % (data, orjson.dumps(changes_of(row)))


def changes_of(row: NulledRow) -> list[dict[str, str]]:
    """Say in the terms of the protocol what became null in a row.

    https://docs.airbyte.com/understanding-airbyte/airbyte-metadata-fields
    """
    change = {"change": "NULLED", "reason": "SOURCE_SERIALIZATION_ERROR"}
    return [{"field": path, **change} for path in row.parts]


class RecordFormat(Protocol):
    """How rows become records of the CDK."""

    def take_slot(self) -> PageSlot:
        """Wait until another page may be in memory."""

    def records(
        self, stream: str, rows: Iterable[Mapping[str, Any]], count: int, slot: PageSlot
    ) -> Iterator[Record]:
        """Yield the records of `count` rows of a page; at least one row."""


class RowRecords:
    """A record for each row: for everybody who is not this connector's own command line.

    The CDK has no place for the changes of a record, so they travel in its data, under `CHANGES`.
    """

    CHANGES: ClassVar[str] = "source_pipedrive.changes"

    def take_slot(self) -> PageSlot:
        slot = PageSlot(Semaphore())
        slot.release()
        return slot

    def records(
        self, stream: str, rows: Iterable[Mapping[str, Any]], count: int, slot: PageSlot
    ) -> Iterator[Record]:
        for row in rows:
            changes = {self.CHANGES: changes_of(row)} if type(row) is NulledRow else {}
            yield Record({**row, **changes}, stream)


class PageRecords:
    """A record for each page; whoever writes the page releases its slot."""

    def __init__(self, pages: int = _PAGES_IN_MEMORY) -> None:
        self._slots = Semaphore(pages)

    def take_slot(self) -> PageSlot:
        self._slots.acquire()
        return PageSlot(self._slots)

    def records(
        self, stream: str, rows: Iterable[Mapping[str, Any]], count: int, slot: PageSlot
    ) -> Iterator[Record]:
        yield Record({RecordPage.KEY: RecordPage.of(stream, rows, count, slot)}, stream)


Row = dict[str, Any]
BeforeRequest = Callable[[], None]
ReadPages = Callable[[Slice, BeforeRequest], Iterator[list[Row]]]
"""Reads a slice page by page, and calls back before each request."""


class StreamReader:
    """Turns the pages of a stream into records, with the columns of custom fields.

    Warns once of each column with values that did not fit it, and never shows a value.

    `columns` reads the field definitions on its first call; `on_failure` hears of a slice that was
    not read to its end, for whatever reason.
    """

    def __init__(
        self,
        name: str,
        read_pages: ReadPages,
        record_format: RecordFormat,
        columns: Callable[[], Columns] | None,
        on_failure: Callable[[], None],
    ) -> None:
        self._name = name
        self._read_pages = read_pages
        self._format = record_format
        self._columns = columns
        self._on_failure = on_failure
        self._warned_of: set[str] = set()
        self._lock = Lock()

    def records(self, part: Slice) -> Iterator[Record]:
        """Yield the records of a slice."""
        unused: list[PageSlot] = []

        def take_slot() -> None:
            # a page without rows has not used its own
            if not unused:
                unused.append(self._format.take_slot())

        try:
            for rows in self._read_pages(part, take_slot):
                if rows:
                    take_slot()
                    yield from self._records(rows, unused.pop())
        except BaseException:
            self._on_failure()
            raise
        finally:
            for slot in unused:
                slot.release()

    def _records(self, rows: list[Row], slot: PageSlot) -> Iterator[Record]:
        filled = self._columns().filled(rows) if self._columns else rows
        return self._format.records(self._name, map(self._noted, filled), len(rows), slot)

    def _noted(self, row: Row) -> Row:
        if type(row) is NulledRow:
            columns = {_ITEM.sub("[]", path): kind for path, kind in row.parts.items()}
            with self._lock:
                new = columns.keys() - self._warned_of
                self._warned_of |= new
            for column in sorted(new):
                _LOGGER.warning(
                    "Stream %s: the column `%s` cannot hold a value that Pipedrive sent (%s). It "
                    "is null, as are others like it; `meta.changes` of each record says so.",
                    self._name,
                    column,
                    columns[column],
                )
        return row
