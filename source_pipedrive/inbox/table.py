"""The definition of the table `inbox_events`."""

import time

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, MetaData, Table, Text, text

# The first sequence of a table that is created now. It is greater than any sequence of an older
# inbox, so that a connector whose state came from another inbox still sees the first events.
_FIRST_SEQUENCE = int(time.time() * 1000)

# `sequence` orders events by their commit. `happened_at` and `received_at` are in milliseconds
# since 1970. `payload` is the body of the delivery.
TABLE = Table(
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
    # SQLite must not reuse a sequence after old events were deleted
    sqlite_autoincrement=True,
)

# SQLite ignores `Identity(start=…)`.
SET_FIRST_SEQUENCE_IN_SQLITE = text(
    "INSERT INTO sqlite_sequence SELECT 'inbox_events', :first - 1"
    " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'inbox_events')"
).bindparams(first=_FIRST_SEQUENCE)

# Only one transaction at a time may write on PostgreSQL. Otherwise a sequence could become visible
# before a smaller one, and a connector that read the larger one would skip the smaller one.
LOCK_WRITES_IN_POSTGRESQL = text(
    "SELECT pg_advisory_xact_lock(hashtext('source_pipedrive.inbox_events'))"
)
