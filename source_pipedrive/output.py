"""Stdout of the process: whole lines, in order, a page of records at a time."""

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson


@dataclass(frozen=True)
class Page:
    """The records of one page as ready lines of the Airbyte protocol.

    Travels through the CDK as the data of one record. A record at a time costs four times the CPU:
    an object, a queue item, a message, a serialisation and a print each.
    """

    KEY: ClassVar[str] = "source_pipedrive.page"
    # A page is about a megabyte: those that wait for a slow reader must not fill the memory.
    slots: ClassVar[threading.Semaphore] = threading.Semaphore(16)

    lines: bytes
    count: int

    @classmethod
    def of(cls, stream: str, rows: Sequence[Mapping[str, Any]]) -> "Page":
        """Serialise rows, once there is room for another page."""
        cls.slots.acquire()
        head = b'{"type":"RECORD","record":{"stream":"%b","data":' % stream.encode()
        tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
        return cls(head + (tail + head).join(map(orjson.dumps, rows)) + tail, len(rows))


class Output:
    """Takes the place of `sys.stdout`: text for messages, bytes for pages, in whole lines."""

    def __init__(self) -> None:
        self._raw = sys.__stdout__.buffer  # type: ignore[union-attr]
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        """Write whole lines, and let nobody wait for them."""
        with self._lock:
            self._raw.write(text.encode())
            self._raw.flush()
        return len(text)

    def write_page(self, page: Page) -> None:
        """Write the records of a page, and make room for the next."""
        with self._lock:
            self._raw.write(page.lines)
        page.slots.release()

    def flush(self) -> None:
        with self._lock:
            self._raw.flush()
