"""The inbox: every event that a webhook delivered, in SQLite or PostgreSQL."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import backoff
import orjson
from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Identity,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    create_engine,
    delete,
    event,
    exists,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from source_pipedrive.inbox import payloads as normalise
from source_pipedrive.inbox.event import Event

_PAGE = 1000
_SECONDS_TO_LOCK = 2
_DAY = 24 * 60 * 60 * 1000

# Where a table that is created now begins to count: beyond what any other inbox has reached, so
# that a reader who goes on with a new inbox sees its first events.
_FIRST_SEQUENCE = int(time.time() * 1000)

# `sequence` orders the events as they were committed; `happened_at`, `received_at` are in
# milliseconds since 1970; `payload` is the body of the delivery.
_TABLE = Table(
    "inbox_events",
    MetaData(),
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        Identity(start=_FIRST_SEQUENCE),
        primary_key=True,
    ),
    Column("event_id", Text, nullable=False, unique=True),
    Column("object", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("happened_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Index("inbox_events_of_row", "object", "object_id", "happened_at"),
    Index("inbox_events_by_age", "received_at"),
    # a sequence is never given twice, not even after a prune
    sqlite_autoincrement=True,
)
_EVENTS = _TABLE.c

# What `Identity` does on PostgreSQL.
_BEGIN_IN_SQLITE = text(
    "INSERT INTO sqlite_sequence SELECT 'inbox_events', :first - 1"
    " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'inbox_events')"
).bindparams(first=_FIRST_SEQUENCE)

# Writers on PostgreSQL take turns from here to their commit. Else a sequence could become visible
# before a smaller one, and a reader that has passed it would never see the smaller one.
_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext('source_pipedrive.inbox_events'))")


class InboxError(Exception):
    """The inbox cannot be read or written; the text says why, without its URL."""


@dataclass(frozen=True)
class Tombstone:
    """The last record of a deleted row, in the API's shape. `deleted_at` is RFC 3339, in UTC."""

    sequence: int
    row: Mapping[str, Any]
    deleted_at: str


@dataclass(frozen=True)
class Change:
    """A row that an event was about, and the state it must have reached to be up to date."""

    sequence: int
    object: str
    object_id: str
    is_deleted: bool
    happened_at: int
    data: Mapping[str, Any]


class Inbox:
    """Reads and writes the table `inbox_events` of a database, which several processes may share.

    Every method raises `InboxError` when the database cannot do what is asked. Close it, or use it
    in a `with` block.
    """

    def __init__(self, url: str) -> None:
        """Open `sqlite:///file` or `postgresql://user:password@host/database`; connects later."""
        self._url = _readable_url(url)
        self._engine = _engine(self._url)
        self._exists = False
        dialect = postgresql if self._is_postgresql else sqlite
        insert = dialect.insert(_TABLE).on_conflict_do_nothing()
        self._insert = insert.returning(_EVENTS.event_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Create the table if it is missing."""
        with self._transaction() as connection:
            connection.execute(CreateTable(_TABLE, if_not_exists=True))
            for index in _TABLE.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
            if not self._is_postgresql:
                connection.execute(_BEGIN_IN_SQLITE)

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Commit events in one transaction; return those that were not there yet."""
        received_at = int(time.time() * 1000)
        rows = [
            {
                "event_id": one.id,
                "object": one.object,
                "object_id": one.object_id,
                "action": one.action,
                "happened_at": one.happened_at,
                "received_at": received_at,
                "payload": one.payload,
            }
            for one in events
        ]
        with self._transaction() as connection:
            new = set(connection.scalars(self._insert, rows))
        return [one for one in {one.id: one for one in events}.values() if one.id in new]

    def probe(self) -> None:
        """Write and take back; returns if the inbox accepts events."""
        row = dict.fromkeys(("event_id", "object", "object_id", "action", "payload"), "probe")
        with _told(), self._engine.connect() as connection:
            connection.execute(_TABLE.insert(), {**row, "happened_at": 0, "received_at": 0})
            connection.rollback()

    def prune(self, days: float) -> int:
        """Delete what was received longer ago; return how many events that were.

        The newest one stays, so that `last_sequence` never goes back.
        """
        oldest = int(time.time() * 1000 - days * _DAY)
        old = select(_EVENTS.sequence).where(
            _EVENTS.received_at < oldest,
            _EVENTS.sequence < select(func.max(_EVENTS.sequence)).scalar_subquery(),
        )
        pruned = 0
        while True:
            # a few at a time, between which receivers can write
            with _told(), self._engine.begin() as connection:
                count = connection.execute(
                    delete(_TABLE).where(_EVENTS.sequence.in_(old.limit(_PAGE)))
                ).rowcount
            pruned += count
            if count < _PAGE:
                return pruned

    def resume(self, after: int) -> int:
        """Return the sequence after which to read on: 0 if this inbox has never got to `after`.

        It was exchanged for an older one, or restored from a backup.
        """
        return after if after <= self.last_sequence() else 0

    def last_sequence(self) -> int:
        """Return the sequence of the newest event; 0 when there has never been one."""
        return self._span()[1]

    def size(self) -> int:
        """Return how many events are kept, at most: deliveries that were duplicates count too."""
        first, last = self._span()
        return last - first + 1 if last else 0

    def deletions(self, object: str, after: int) -> Iterator[Tombstone]:  # noqa: A002 - its name
        """Yield a tombstone for each row of `object`, such as `deal`, deleted after a sequence.

        A row that is known to have come back since (un-deleted, re-created) gets none.
        """
        later = _TABLE.alias()
        came_back = exists().where(
            later.c.object == _EVENTS.object,
            later.c.object_id == _EVENTS.object_id,
            later.c.happened_at > _EVENTS.happened_at,
            later.c.action != "delete",
        )
        deleted = select(_TABLE).where(
            _EVENTS.object == object, _EVENTS.action == "delete", ~came_back
        )
        for one in self._walk(deleted, after):
            payload = orjson.loads(one.payload)
            row = normalise.tombstone(
                kind=object,
                object_id=one.object_id,
                last=payload.get("previous") or {},
                deleted_at=one.happened_at,
                merged_into=payload["meta"].get("merged_to_id"),
            )
            yield Tombstone(one.sequence, row, _rfc3339(one.happened_at))

    def events(self, after: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of the stream `events` after a sequence: who changed what, and when."""
        for one in self._walk(select(_TABLE), after):
            payload = orjson.loads(one.payload)
            meta = payload["meta"]
            yield {
                "sequence": one.sequence,
                "id": one.event_id,
                "object": one.object,
                "object_id": one.object_id,
                "action": one.action,
                "changed_at": _rfc3339(one.happened_at),
                "received_at": _rfc3339(one.received_at),
                "user_id": _integer(meta.get("user_id")),
                "change_source": meta.get("change_source"),
                "changes": normalise.changes(
                    one.object, payload.get("data"), payload.get("previous")
                ),
                "correlation_id": meta.get("correlation_id"),
                "is_bulk_edit": meta.get("is_bulk_edit"),
                "merged_into_id": meta.get("merged_to_id"),
                "merged_from_id": meta.get("merged_from_id"),
            }

    def changes(self, after: int) -> Iterator[Change]:
        """Yield which rows changed after a sequence, and what they must look like since."""
        for one in self._walk(select(_TABLE), after):
            payload = orjson.loads(one.payload)
            yield Change(
                sequence=one.sequence,
                object=one.object,
                object_id=one.object_id,
                is_deleted=one.action == "delete",
                happened_at=one.happened_at,
                data=normalise.to_api(one.object, payload.get("data") or {}),
            )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @property
    def _is_postgresql(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    def _span(self) -> tuple[int, int]:
        """Return the oldest and the newest sequence; zeros when there is none."""
        bounds = select(func.min(_EVENTS.sequence), func.max(_EVENTS.sequence))
        with self._reading() as connection:
            first, last = connection.execute(bounds).one()
        return first or 0, last or 0

    def _walk(self, rows: Select[Any], after: int) -> Iterator[Row[Any]]:
        """Yield rows by sequence, a page at a time: an open cursor would hold up the database."""
        while True:
            page = rows.where(_EVENTS.sequence > after).order_by(_EVENTS.sequence).limit(_PAGE)
            with self._reading() as connection:
                found = connection.execute(page).all()
            yield from found
            if len(found) < _PAGE:
                return
            after = found[-1].sequence

    def _has_table(self) -> bool:
        if not self._is_postgresql and not Path(str(self._url.database)).exists():
            # connecting would create it
            return False
        return inspect(self._engine).has_table(_TABLE.name)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _told():
            self._exists = self._exists or self._has_table()
            if not self._exists:
                raise InboxError(
                    "The inbox does not exist yet. Start `source-pipedrive webhooks serve`, which "
                    "creates it, or correct `webhook_inbox`."
                )
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with _told(), self._engine.begin() as connection:
            if self._is_postgresql:
                connection.execute(_TAKE_TURNS)
            yield connection


@contextmanager
def _told() -> Iterator[None]:
    """Turn an error of the database into a sentence without the statement and its values."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
        raise InboxError(f"The inbox does not work: {reason}") from error


def _readable_url(written: str) -> URL:
    try:
        url = make_url(written)
    except ArgumentError:
        url = URL.create("")
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database not in {None, "", ":memory:"}:
        return url
    raise InboxError(
        "The URL of the inbox is not usable: write sqlite:///folder/inbox.db, or "
        "postgresql://user:password@host/database."
    )


def _engine(url: URL) -> Engine:
    """Make the engine whose commits survive a power failure and whose waits are short.

    Pipedrive gives up after ten seconds, so what cannot be written soon must fail soon.
    """
    if url.drivername == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _SECONDS_TO_LOCK})
        event.listen(engine, "connect", _use_wal)
        return engine
    milliseconds = _SECONDS_TO_LOCK * 1000
    settings = f"-c lock_timeout={milliseconds} -c statement_timeout={2 * milliseconds}"
    return create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _SECONDS_TO_LOCK,
            "tcp_user_timeout": 2 * milliseconds,
            "options": settings,
        },
    )


# two that turn the mode on at once are told "locked" without a wait
@backoff.on_exception(
    backoff.constant,
    sqlite3.OperationalError,
    max_time=_SECONDS_TO_LOCK,
    interval=0.05,
    logger=None,
)
def _use_wal(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _rfc3339(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _integer(value: object) -> int | None:
    return int(str(value)) if str(value).isdecimal() else None
