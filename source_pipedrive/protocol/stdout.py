"""Stdout of the process: whole lines, in order, a page of records at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from source_pipedrive.protocol.lost_output import LostOutputError
from source_pipedrive.streams.records import RecordPage


class StoppedError(BaseException):
    """A signal stopped the sync, for example because the platform cancelled it.

    The states written so far cover what was emitted.
    Not an `Exception`: `logging`, for one, swallows those, and the sync would go on.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal = signal_number


class Stdout:
    """Takes the place of `sys.stdout`: text for messages, bytes for pages, in whole lines."""

    def __init__(self) -> None:
        # a writer of our own: with PYTHONUNBUFFERED, stdout would take a page in part only
        self._raw = open(1, "wb", closefd=False)  # noqa: SIM115 - as long as the process
        self._lock = threading.RLock()
        self._is_writing = False
        self._stopped_by = 0
        self._is_ending = False

    def write(self, text: str) -> int:
        """Write whole lines, and flush them at once."""
        with self._whole_lines():
            self._raw.write(text.encode())
            self._raw.flush()
        return len(text)

    def write_page(self, page: RecordPage) -> None:
        """Write the records of a page, and let another page into memory."""
        with self._whole_lines():
            for block in page.blocks:
                self._raw.write(block)
        page.slot.release()

    def flush(self) -> None:
        """Hand everything to the process that consumes stdout."""
        with self._whole_lines():
            self._raw.flush()

    def stop(self, signal_number: int) -> None:
        """Leave the main thread, but not in the middle of a page."""
        self._is_ending = True
        if not self._is_writing:
            raise StoppedError(signal_number)
        self._stopped_by = signal_number

    @contextmanager
    def _whole_lines(self) -> Iterator[None]:
        is_main = threading.current_thread() is threading.main_thread()
        with self._lock:
            self._is_writing = self._is_writing or is_main
            try:
                yield
            except OSError as error:
                # in other threads, and while the process ends, only log lines are written
                if is_main and not self._is_ending:
                    self._is_ending = True
                    raise LostOutputError(*error.args) from None
            finally:
                self._is_writing = self._is_writing and not is_main
        if is_main and self._stopped_by:
            number, self._stopped_by = self._stopped_by, 0
            raise StoppedError(number)
