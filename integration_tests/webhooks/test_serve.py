"""`serve` with all its services: monitors its webhook, syncs, and recovers lost events."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from integration_tests.expected_rows import expected_rows
from integration_tests.webhooks.account import Account, wait_until
from integration_tests.webhooks.process import running_receiver
from source_pipedrive import timestamps
from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.webhooks.registration import Registrar

STREAMS = ["deals", "persons"]

Versions = set[tuple[str, int, str]]


def existing(account: Account) -> Versions:
    """Return stream, id, and time of every row of the account that is not deleted."""
    return {
        (stream, row["id"], timestamps.sortable(row["update_time"] or ""))
        for stream in STREAMS
        for row in expected_rows(account.sandbox, stream)
        if not row["is_deleted"]
    }


def synced(database: Path, *, deleted: bool = False) -> Versions:
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
            for stream in STREAMS:
                rows = warehouse.table(stream).select("id", "update_time", "is_deleted").fetchall()
                found |= {
                    (stream, id_, timestamps.sortable(time.isoformat() if time else ""))
                    for id_, time, is_deleted in rows
                    if bool(is_deleted) is deleted
                }
    except (duckdb.Error, OSError):
        return set()
    return found


@pytest.mark.skipif(
    find_spec("airbyte") is None,
    reason="PyAirbyte (extra `sync`) is not installed",
)
def test_changes_and_deletions_are_in_duckdb_even_if_the_webhook_was_removed(
    account: Account,
) -> None:
    database = account.folder / "crm.duckdb"
    options = [
        f"--register={account.url}",
        "--check-minutes=0.01",
        "--then=sync",
        f"--dest=duckdb:///{database}",
        f"--streams={','.join(STREAMS)}",
        "--debounce=0.2",
    ]

    def webhooks() -> list[int]:
        return [one["id"] for one in account.sandbox.rows("webhooks") if one["is_active"]]

    with running_receiver(
        account.inbox_url, *options, port=account.port, config=account.sandbox.config
    ) as receiver:
        wait_until(lambda: synced(database) == existing(account))
        (first,) = webhooks()

        account.change("deals", count=3)
        (deleted,) = account.change("persons", "delete")
        wait_until(lambda: synced(database) == existing(account))
        wait_until(lambda: receiver.metric("arrival_seconds_count") == 4)

        Registrar(ApiKeyAccess(account.sandbox.token, account.sandbox.url)).remove(account.url)
        account.change("deals", seed=2, count=3)
        wait_until(lambda: webhooks() not in ([], [first]))
        assert len(account.received()) == 4
        wait_until(lambda: synced(database) == existing(account))

        account.change("persons", seed=3, count=2)
        wait_until(lambda: len(account.received()) == 6)
        wait_until(lambda: synced(database) == existing(account))

        assert ("persons", deleted) in {key[:2] for key in synced(database, deleted=True)}
        assert "The webhook was removed" in receiver.log.read_text()
