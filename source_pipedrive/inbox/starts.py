"""The starts of receivers: how a connector notices that an inbox was replaced or restored.

Sequences are given out in ranges. Each start of a receiver begins a range at the current time in
milliseconds, which no event reached before: less than a thousand events arrive in a second. So the
events of a new inbox, and those that follow in a restored backup, have greater sequences than all
that a connector has ever read. Each start also notes the last sequence before it. A connector that
read farther than that note has read another inbox, or events that the backup does not have.
"""

import time

from sqlalchemy import BigInteger, Column, Connection, Table, func, select, text

from source_pipedrive.inbox.table import METADATA, TABLE

STARTS = Table(
    "inbox_starts",
    METADATA,
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("last_before", BigInteger, nullable=False),
)

_NEXT_IN_POSTGRESQL = text(
    "SELECT setval(pg_get_serial_sequence('inbox_events', 'sequence'), :first, false)"
)
_LAST_IN_POSTGRESQL = text(
    "SELECT coalesce(pg_sequence_last_value("
    "CAST(pg_get_serial_sequence('inbox_events', 'sequence') AS regclass)), 0)"
)
_FORGET_IN_SQLITE = text("DELETE FROM sqlite_sequence WHERE name = 'inbox_events'")
_NEXT_IN_SQLITE = text(
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('inbox_events', :first - 1)"
)
_LAST_IN_SQLITE = text(
    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'inbox_events'"
)


def begin_range(connection: Connection) -> None:
    """Let the sequences of this start follow all that were given out before, here or elsewhere."""
    last = last_sequence(connection)
    now = int(time.time() * 1000)
    if connection.dialect.name == "postgresql":
        first = max(now, last + 1, connection.scalar(_LAST_IN_POSTGRESQL) + 1)
        connection.execute(_NEXT_IN_POSTGRESQL, {"first": first})
    else:
        first = max(now, last + 1, connection.scalar(_LAST_IN_SQLITE) + 1)
        connection.execute(_FORGET_IN_SQLITE)
        connection.execute(_NEXT_IN_SQLITE, {"first": first})
    start = STARTS.select().where(STARTS.c.first_sequence == first)
    # two starts in the same millisecond, without an event in between, are one
    if connection.execute(start).first() is None:
        connection.execute(STARTS.insert().values(first_sequence=first, last_before=last))


def last_sequence(connection: Connection) -> int:
    """Return the sequence of the newest event, or 0 if there is none."""
    return connection.scalar(select(func.max(TABLE.c.sequence))) or 0


def has_given_out(connection: Connection, sequence: int) -> bool:
    """Tell whether an event of this inbox had a sequence, or a greater one of the same start."""
    next_start = (
        select(STARTS.c.last_before)
        .where(STARTS.c.first_sequence > sequence)
        .order_by(STARTS.c.first_sequence)
        .limit(1)
    )
    last_of_its_start = connection.scalar(next_start)
    return sequence <= (
        last_sequence(connection) if last_of_its_start is None else last_of_its_start
    )
