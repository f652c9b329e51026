"""The inbox: every event that webhooks delivered, in SQLite or PostgreSQL."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import Connection, Row, Select, Table, delete, exists, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from source_pipedrive.inbox.database import (
    create_inbox_engine,
    inbox_errors,
    keep_private,
    parse_url,
    refuse_other_character_sets,
)
from source_pipedrive.inbox.errors import InboxError, ReplacedInboxError
from source_pipedrive.inbox.event import Event, Payload, StoredEvent, plausible
from source_pipedrive.inbox.file_watch import FileWatch
from source_pipedrive.inbox.starts import STARTS, begin_range, has_given_out, last_sequence
from source_pipedrive.inbox.table import (
    LOCK_WRITES_IN_POSTGRESQL,
    LOCK_WRITES_IN_SQLITE,
    METADATA,
    TABLE,
)

__all__ = ["Inbox", "InboxError"]

_ROWS_PER_PAGE = 1000
_MILLISECONDS_PER_DAY = 24 * 60 * 60 * 1000
_COLUMNS = TABLE.c


class Inbox:
    """Reads and writes the table `inbox_events`, which several processes may share.

    Every method raises `InboxError` if the database fails. Call `close`, or use a `with` block.
    """

    def __init__(self, url: str) -> None:
        """Accept a URL such as `sqlite:///file`. The first call of a method connects."""
        self._url = parse_url(url)
        self._engine = create_inbox_engine(self._url)
        self._tables: set[str] = set()
        self._watch = FileWatch(None if self._is_postgresql else self._url.database)
        self._last_written = 0
        dialect = postgresql if self._is_postgresql else sqlite
        insert = dialect.insert(TABLE).on_conflict_do_nothing()
        self._insert = insert.returning(_COLUMNS.event_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def prepare(self) -> None:
        """Create the tables if they do not exist, and begin a new range of sequences."""
        if not self._is_postgresql:
            keep_private(Path(str(self._url.database)))
        with self._writing() as connection:
            refuse_other_character_sets(connection)
            for table in METADATA.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
            for index in TABLE.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
            if not self._is_postgresql:
                connection.execute(LOCK_WRITES_IN_SQLITE)
            begin_range(connection)
            self._last_written = last_sequence(connection)
        self._watch.begin()

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Commit events in one transaction. Return those that the inbox did not have yet.

        Raises `ReplacedInboxError` if the inbox is not the one that was prepared.
        """
        received_at = int(time.time() * 1000)
        rows = [_row(event, received_at) for event in events]
        with self._writing() as connection:
            new = set(connection.scalars(self._insert, rows))
            self._refuse_older(connection)
        self._refuse_replaced_file()
        distinct = {event.id: event for event in events}
        return [event for event in distinct.values() if event.id in new]

    def probe(self) -> None:
        """Check that the inbox accepts events: insert one, and roll back.

        Raises `ReplacedInboxError` as `append` does.
        """
        self._refuse_replaced_file()
        row = dict.fromkeys(("event_id", "object", "object_id", "action", "payload"), "probe")
        with inbox_errors(), self._engine.connect() as connection:
            self._refuse_older(connection)
            connection.execute(TABLE.insert(), {**row, "happened_at": 0, "received_at": 0})
            connection.rollback()

    def reopen(self) -> None:
        """Write to the inbox that has taken the place of the prepared one."""
        self.close()
        self.prepare()

    def prune(self, days: float) -> int:
        """Delete events received more than `days` ago. Return how many were deleted.

        The newest event is never deleted, so that `last_sequence` never decreases.
        """
        oldest = int(time.time() * 1000 - days * _MILLISECONDS_PER_DAY)
        old = select(_COLUMNS.sequence).where(
            _COLUMNS.received_at < oldest,
            _COLUMNS.sequence < select(func.max(_COLUMNS.sequence)).scalar_subquery(),
        )
        page = delete(TABLE).where(_COLUMNS.sequence.in_(old.limit(_ROWS_PER_PAGE)))
        pruned = 0
        while True:
            # one transaction per page: receivers can write in between
            with inbox_errors(), self._engine.begin() as connection:
                count = connection.execute(page).rowcount
            pruned += count
            if count < _ROWS_PER_PAGE:
                return pruned

    def resume(self, after: int) -> int:
        """Return the sequence to read after: 0 if this inbox never reached `after`.

        That happens when the inbox was replaced or restored from a backup.
        """
        with self._reading() as connection:
            # an inbox of an earlier release has no starts until a receiver opens it
            is_known = (
                has_given_out(connection, after)
                if self._exists(STARTS)
                else after <= last_sequence(connection)
            )
        return after if is_known else 0

    def last_sequence(self) -> int:
        """Return the sequence of the newest event, or 0 if there never was one."""
        with self._reading() as connection:
            return last_sequence(connection)

    def size(self) -> int:
        """Return the number of stored events."""
        with self._reading() as connection:
            return connection.scalar(select(func.count()).select_from(TABLE)) or 0

    def events(self, after: int) -> Iterator[StoredEvent]:
        """Yield the events committed after a sequence, in the order of their commits."""
        return self._read(select(TABLE), after)

    def deletions(self, object_kind: str, after: int) -> Iterator[StoredEvent]:
        """Yield the deletions of one kind of object, such as `deal`, after a sequence.

        Deletions of rows that came back later (restored or created again) are left out.
        """
        later = TABLE.alias()
        came_back = exists().where(
            later.c.object == _COLUMNS.object,
            later.c.object_id == _COLUMNS.object_id,
            later.c.happened_at > _COLUMNS.happened_at,
            later.c.action != "delete",
        )
        deleted = select(TABLE).where(
            _COLUMNS.object == object_kind, _COLUMNS.action == "delete", ~came_back
        )
        return self._read(deleted, after)

    @property
    def _is_postgresql(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    def _refuse_older(self, connection: Connection) -> None:
        """Raise `ReplacedInboxError` if the events that were written last are gone."""
        last = last_sequence(connection)
        if last < self._last_written:
            raise ReplacedInboxError
        self._last_written = last

    def _refuse_replaced_file(self) -> None:
        if self._watch.is_replaced:
            raise ReplacedInboxError

    def _read(self, query: Select[Any], after: int) -> Iterator[StoredEvent]:
        """Yield events page by page, since an open cursor would block the database."""
        while True:
            page = query.where(_COLUMNS.sequence > after).order_by(_COLUMNS.sequence)
            with self._reading() as connection:
                rows = connection.execute(page.limit(_ROWS_PER_PAGE)).all()
            for row in rows:
                yield _stored(row)
            if len(rows) < _ROWS_PER_PAGE:
                return
            after = rows[-1].sequence

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with inbox_errors():
            if not self._exists(TABLE):
                raise InboxError(
                    "The inbox does not exist yet. Start `source-pipedrive webhooks serve`, which "
                    "creates it."
                )
            with self._engine.connect() as connection:
                yield connection

    def _exists(self, table: Table) -> bool:
        if table.name in self._tables:
            return True
        if not self._is_postgresql and not Path(str(self._url.database)).exists():
            # connecting would create the file
            return False
        if not inspect(self._engine).has_table(table.name):
            return False
        self._tables.add(table.name)
        return True

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with inbox_errors(), self._engine.begin() as connection:
            if self._is_postgresql:
                connection.execute(LOCK_WRITES_IN_POSTGRESQL)
            yield connection


def _row(event: Event, received_at: int) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "object": event.object,
        "object_id": event.object_id,
        "action": event.action,
        "happened_at": event.happened_at,
        "received_at": received_at,
        "payload": event.payload,
    }


def _stored(row: Row[Any]) -> StoredEvent:
    return StoredEvent(
        sequence=row.sequence,
        id=row.event_id,
        object=row.object,
        object_id=row.object_id,
        action=row.action,
        happened_at=plausible(row.happened_at, row.received_at),
        received_at=row.received_at,
        payload=_parsed(row.payload),
    )


def _parsed(payload: str) -> Payload:
    """Return a payload; one that is not JSON is empty, and the event is set aside by its reader."""
    try:
        parsed: Payload = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return parsed
