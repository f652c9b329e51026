"""The inbox: every event that webhooks delivered, in SQLite or PostgreSQL."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import Connection, Select, delete, exists, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from source_pipedrive.inbox.database import create_inbox_engine, inbox_errors, parse_url
from source_pipedrive.inbox.errors import InboxError
from source_pipedrive.inbox.event import Event, Payload, StoredEvent, plausible
from source_pipedrive.inbox.table import (
    LOCK_WRITES_IN_POSTGRESQL,
    SET_FIRST_SEQUENCE_IN_SQLITE,
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
        self._table_exists = False
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
        """Create the table if it does not exist."""
        with self._writing() as connection:
            connection.execute(CreateTable(TABLE, if_not_exists=True))
            for index in TABLE.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
            if not self._is_postgresql:
                connection.execute(SET_FIRST_SEQUENCE_IN_SQLITE)

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Commit events in one transaction. Return those that the inbox did not have yet."""
        received_at = int(time.time() * 1000)
        rows = [
            {
                "event_id": event.id,
                "object": event.object,
                "object_id": event.object_id,
                "action": event.action,
                "happened_at": event.happened_at,
                "received_at": received_at,
                "payload": event.payload,
            }
            for event in events
        ]
        with self._writing() as connection:
            new = set(connection.scalars(self._insert, rows))
        distinct = {event.id: event for event in events}
        return [event for event in distinct.values() if event.id in new]

    def probe(self) -> None:
        """Check that the inbox accepts events: insert one, and roll back."""
        row = dict.fromkeys(("event_id", "object", "object_id", "action", "payload"), "probe")
        with inbox_errors(), self._engine.connect() as connection:
            connection.execute(TABLE.insert(), {**row, "happened_at": 0, "received_at": 0})
            connection.rollback()

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
        return after if after <= self.last_sequence() else 0

    def last_sequence(self) -> int:
        """Return the sequence of the newest event, or 0 if there never was one."""
        return self._sequence_range()[1]

    def size(self) -> int:
        """Return the largest possible number of stored events: duplicates leave gaps."""
        first, last = self._sequence_range()
        return last - first + 1 if last else 0

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

    def _sequence_range(self) -> tuple[int, int]:
        """Return the oldest and the newest sequence, or zeros if there is none."""
        bounds = select(func.min(_COLUMNS.sequence), func.max(_COLUMNS.sequence))
        with self._reading() as connection:
            first, last = connection.execute(bounds).one()
        return first or 0, last or 0

    def _read(self, query: Select[Any], after: int) -> Iterator[StoredEvent]:
        """Yield events page by page, since an open cursor would block the database."""
        while True:
            page = query.where(_COLUMNS.sequence > after).order_by(_COLUMNS.sequence)
            with self._reading() as connection:
                rows = connection.execute(page.limit(_ROWS_PER_PAGE)).all()
            for row in rows:
                yield StoredEvent(
                    sequence=row.sequence,
                    id=row.event_id,
                    object=row.object,
                    object_id=row.object_id,
                    action=row.action,
                    happened_at=plausible(row.happened_at, row.received_at),
                    received_at=row.received_at,
                    payload=_parsed(row.payload),
                )
            if len(rows) < _ROWS_PER_PAGE:
                return
            after = rows[-1].sequence

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with inbox_errors():
            self._table_exists = self._table_exists or self._has_table()
            if not self._table_exists:
                raise InboxError(
                    "The inbox does not exist yet. Start `source-pipedrive webhooks serve`, which "
                    "creates it."
                )
            with self._engine.connect() as connection:
                yield connection

    def _has_table(self) -> bool:
        if not self._is_postgresql and not Path(str(self._url.database)).exists():
            # connecting would create the file
            return False
        return inspect(self._engine).has_table(TABLE.name)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with inbox_errors(), self._engine.begin() as connection:
            if self._is_postgresql:
                connection.execute(LOCK_WRITES_IN_POSTGRESQL)
            yield connection


def _parsed(payload: str) -> Payload:
    """Return a payload; one that is not JSON is empty, and the event is set aside by its reader."""
    try:
        parsed: Payload = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return parsed
