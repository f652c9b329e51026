"""Connects to the database of the inbox: SQLite or PostgreSQL."""

import glob
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import backoff
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from source_pipedrive.databases import parse_url as parse_database_url
from source_pipedrive.inbox.errors import InboxError

SECONDS_TO_LOCK = 2.0
"""How long a statement waits for a lock."""

_SECONDS_TO_CONNECT = 2
_OTHERS = stat.S_IRWXO


def parse_url(written: str) -> URL:
    """Parse `sqlite:///file` or `postgresql://user:password@host/database`."""
    url = parse_database_url(written)
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database not in {None, "", ":memory:"}:
        return url
    raise InboxError(
        "The URL of the inbox is not usable: write sqlite:///folder/inbox.db, or "
        "postgresql://user:password@host/database."
    )


def keep_private(file: Path) -> None:
    """Create the file of a database for its owner only, or take the rights of all others from it.

    SQLite gives its further files the same rights. Raises `InboxError`.
    """
    try:
        # A file that exists is not opened: to close it would release the locks that SQLite has on
        # it in this process. https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        for part in (file, *file.parent.glob(f"{glob.escape(file.name)}-*")):
            mode = stat.S_IMODE(part.stat().st_mode)
            if mode & _OTHERS:
                # its owner may be another user
                with suppress(PermissionError):
                    part.chmod(mode & ~_OTHERS)
    except OSError as error:
        raise InboxError(f"The inbox {file} cannot be opened: {error.strerror}.") from error


def create_inbox_engine(url: URL) -> Engine:
    """Create an engine whose commits survive a power failure and whose waits are short.

    Pipedrive waits ten seconds for an answer, so a write that cannot succeed soon must fail soon.
    """
    if url.drivername == "sqlite":
        engine = create_engine(url, connect_args={"timeout": SECONDS_TO_LOCK})
        event.listen(engine, "connect", _use_write_ahead_log)
        return engine
    milliseconds = round(SECONDS_TO_LOCK * 1000)
    settings = f"-c lock_timeout={milliseconds} -c statement_timeout={2 * milliseconds}"
    return create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "client_encoding": "utf8",
            "connect_timeout": _SECONDS_TO_CONNECT,
            "tcp_user_timeout": 2 * milliseconds,
            "options": settings,
        },
    )


def refuse_other_character_sets(connection: Connection) -> None:
    """Raise `InboxError` if the database cannot hold the texts of all languages."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise InboxError(
            f"The database of the inbox has the character set {encoding}, which cannot hold all "
            "texts. Create one that can: CREATE DATABASE inbox ENCODING 'UTF8' TEMPLATE template0."
        )


@contextmanager
def inbox_errors() -> Iterator[None]:
    """Raise an error of the database as `InboxError`, without the statement and its values."""
    try:
        yield
    except (SQLAlchemyError, UnicodeError, OverflowError) as error:
        # the last two come from drivers: a text or a number that the database cannot hold
        reason = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
        raise InboxError(f"The inbox does not work: {reason}") from error


# of two connections that switch the mode at once, one gets "database is locked" without a wait
@backoff.on_exception(
    backoff.constant,
    sqlite3.OperationalError,
    max_time=lambda: SECONDS_TO_LOCK,
    interval=0.05,
    logger=None,
)
def _use_write_ahead_log(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
