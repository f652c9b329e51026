"""Stdout of the process: whole lines, in order, a page of records at a time."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import orjson

# A page is about a megabyte, and several times that while it is parsed.
_PAGES_AT_ONCE = 8
# a page in one piece, a megabyte or two, would leave holes in the heap that nothing else fills
_LINES_A_BLOCK = 20


class Room:
    """What a walk needs to ask for a page: taken before, passed on to the page that it brings.

    So pages on their way and pages that wait for a slow reader never fill the memory together.
    """

    free: ClassVar[threading.Semaphore] = threading.Semaphore(_PAGES_AT_ONCE)

    def __init__(self) -> None:
        self._taken = False

    def take(self) -> None:
        """Wait for room, unless the page before has not used its own."""
        if not self._taken:
            self.free.acquire()
        self._taken = True

    def pass_on(self) -> None:
        """Leave it to a page until that is written."""
        self._taken = False

    def give_back(self) -> None:
        """Leave it to other walks, if no page has used it."""
        if self._taken:
            self.free.release()
        self._taken = False


@dataclass(frozen=True)
class Page:
    """The records of one page as ready lines of the Airbyte protocol.

    Travels through the CDK as the data of one record. A record at a time costs four times the CPU:
    an object, a queue item, a message, a serialisation and a print each.
    """

    KEY: ClassVar[str] = "source_pipedrive.page"

    blocks: Sequence[bytes]
    count: int

    @classmethod
    def of(cls, stream: str, rows: Iterable[Mapping[str, Any]], count: int) -> "Page":
        """Serialise `count` rows."""
        head = b'{"type":"RECORD","record":{"stream":"%b","data":' % stream.encode()
        tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
        rows = iter(rows)
        blocks = []
        while lines := list(map(orjson.dumps, islice(rows, _LINES_A_BLOCK))):
            # two short copies: around the joined lines they would be two of the whole block
            lines[0] = head + lines[0]
            lines[-1] += tail
            blocks.append((tail + head).join(lines))
        return cls(blocks, count)


class StoppedError(BaseException):
    """The platform cancelled the sync. What it has read is covered by the states written so far.

    No `Exception`: `logging`, for one, swallows those, and the sync would go on.
    """


class Output:
    """Takes the place of `sys.stdout`: text for messages, bytes for pages, in whole lines."""

    def __init__(self) -> None:
        # a writer of our own: with PYTHONUNBUFFERED, stdout would take a page in part only
        self._raw = open(1, "wb", closefd=False)  # noqa: SIM115 - as long as the process
        self._lock = threading.RLock()
        self._writing = self._stopped = False

    def write(self, text: str) -> int:
        """Write whole lines, and let nobody wait for them."""
        with self._whole():
            self._raw.write(text.encode())
            self._raw.flush()
        return len(text)

    def write_page(self, page: Page) -> None:
        """Write the records of a page, and make room for another."""
        with self._whole():
            for block in page.blocks:
                self._raw.write(block)
        Room.free.release()

    def stop(self, *_: object) -> None:
        """Handle SIGTERM: leave the main thread, but not in the middle of a page."""
        if not self._writing:
            raise StoppedError
        self._stopped = True

    @contextmanager
    def _whole(self) -> Iterator[None]:
        main = threading.current_thread() is threading.main_thread()
        with self._lock:
            self._writing = self._writing or main
            yield
            self._writing = self._writing and not main
        if main and self._stopped:
            self._stopped = False
            raise StoppedError

    def flush(self) -> None:
        with self._lock:
            self._raw.flush()
