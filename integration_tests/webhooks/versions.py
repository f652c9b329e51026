"""Which version of each row the account has, and which one a DuckDB file has."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from integration_tests.expected_rows import expected_rows
from integration_tests.webhooks.account import Account
from source_pipedrive import timestamps

Versions = set[tuple[str, int | str, str]]


def existing(account: Account, streams: Sequence[str]) -> Versions:
    """Return stream, id, and time of every row of the account that is not deleted."""
    return {
        (stream, row["id"], timestamps.sortable(row["update_time"] or ""))
        for stream in streams
        for row in expected_rows(account.sandbox, stream)
        if not (row.get("is_deleted") or row.get("status") == "deleted")
    }


def synced(database: Path, streams: Sequence[str], *, deleted: bool = False) -> Versions:
    """Return the same of the rows in DuckDB, or of its deleted rows. Empty during a sync.

    A copy of the file is read, since opening the file itself would block a sync.
    """
    copy = database.with_name("copy.duckdb")
    copy_of_log = database.with_name("copy.duckdb.wal")
    copy_of_log.unlink(missing_ok=True)
    found: Versions = set()
    try:
        shutil.copy(database, copy)
        if (log := database.with_name(f"{database.name}.wal")).exists():
            shutil.copy(log, copy_of_log)
        with duckdb.connect(str(copy)) as warehouse:
            for stream in streams:
                rows = warehouse.table(stream).select("id", "update_time", "is_deleted").fetchall()
                found |= {
                    (stream, id_, timestamps.sortable(time.isoformat() if time else ""))
                    for id_, time, is_deleted in rows
                    if bool(is_deleted) is deleted
                }
    except (duckdb.Error, OSError):
        return set()
    return found
