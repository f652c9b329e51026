"""The log of the receiver."""

import logging
import time

_SECONDS_BETWEEN_REPETITIONS = 60
_LETTERS_OF_A_KIND = 30


def configure_logging() -> None:
    """Write to stderr, and let no library repeat itself more than once a minute."""
    # the CDK, if a target imported it, has set up logging for Airbyte messages
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level="INFO", force=True)
    for verbose in ("airbyte", "asyncio", "uvicorn.error"):
        logging.getLogger(verbose).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(OncePerMinute({"asyncio", "uvicorn.error"}))


class OncePerMinute(logging.Filter):
    """Drops what a logger has said within the last minute, whatever the values in it.

    A client that sends garbage as fast as it can would fill the disk. The next message says how
    many were dropped.
    """

    def __init__(self, loggers: set[str]) -> None:
        super().__init__()
        self._loggers = loggers
        self._next: dict[tuple[str, str], float] = {}
        self._dropped: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name not in self._loggers:
            return True
        kind = record.name, str(record.msg)[:_LETTERS_OF_A_KIND]
        now = time.monotonic()
        if now < self._next.get(kind, 0):
            self._dropped[kind] = self._dropped.get(kind, 0) + 1
            return False
        self._next[kind] = now + _SECONDS_BETWEEN_REPETITIONS
        if dropped := self._dropped.pop(kind, 0):
            record.msg = f"{record.getMessage()} ({dropped} more of this kind were not logged.)"
            record.args = None
        return True
