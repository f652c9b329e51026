"""The definition of the table `inbox_events`."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, MetaData, Table, Text, text

METADATA = MetaData()

# `sequence` orders events by their commit: see `starts`. `happened_at` and `received_at` are in
# milliseconds since 1970. `payload` is the body of the delivery.
TABLE = Table(
    "inbox_events",
    METADATA,
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        Identity(),
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

# It changes nothing: pysqlite begins a transaction, and SQLite takes its lock, at the first change.
LOCK_WRITES_IN_SQLITE = text("DELETE FROM sqlite_sequence WHERE name = ''")

# Only one transaction at a time may write on PostgreSQL. Otherwise a sequence could become visible
# before a smaller one, and a connector that read the larger one would skip the smaller one.
LOCK_WRITES_IN_POSTGRESQL = text(
    "SELECT pg_advisory_xact_lock(hashtext('source_pipedrive.inbox_events'))"
)
