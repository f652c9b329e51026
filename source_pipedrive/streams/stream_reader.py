"""Reads the slices of one stream into records, from wherever their rows come."""

from collections.abc import Callable, Iterator
from typing import Any

from airbyte_cdk.sources.types import Record

from source_pipedrive.custom_fields.columns import Columns
from source_pipedrive.streams.records import PageSlot, RecordFormat
from source_pipedrive.streams.slices import Slice

Row = dict[str, Any]
BeforeRequest = Callable[[], None]
ReadPages = Callable[[Slice, BeforeRequest], Iterator[list[Row]]]
"""Reads a slice page by page, and calls back before each request."""


class StreamReader:
    """Turns the pages of a stream into records, with the columns of custom fields.

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
        return self._format.records(self._name, filled, len(rows), slot)
