"""`serve --then sync` reads single rows, and its copy is complete whatever happened to events."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from integration_tests.webhooks.account import Account, running_account, wait_until
from integration_tests.webhooks.process import RunningReceiver, running_receiver
from integration_tests.webhooks.versions import existing, synced
from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.verify.verification import verify
from source_pipedrive.webhooks.registration import Registrar

pytestmark = pytest.mark.skipif(
    find_spec("airbyte") is None, reason="PyAirbyte (extra `sync`) is not installed"
)

STREAMS = [
    "deals",
    "persons",
    "organizations",
    "activities",
    "products",
    "leads",
    "notes",
    "projects",
    "tasks",
]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("account")
    # without a daily limit, which would make resyncs rarer
    with running_account(folder, deals=40, daily_budget=0) as account:
        yield account


@contextmanager
def serving(account: Account) -> Iterator[RunningReceiver]:
    """Run `serve` with all its services; it begins with a full sync."""
    options = [
        f"--register={account.url}",
        "--check-minutes=0.01",
        "--then=sync",
        f"--dest=duckdb:///{account.folder}/crm.duckdb",
        f"--streams={','.join(STREAMS)}",
    ]
    with running_receiver(
        account.inbox_url, *options, port=account.port, config=account.sandbox.config
    ) as receiver:
        yield receiver


@contextmanager
def locked(account: Account) -> Iterator[None]:
    with closing(sqlite3.connect(account.folder / "inbox.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def wait_until_complete(account: Account) -> None:
    database = Path(account.folder, "crm.duckdb")
    wait_until(lambda: synced(database, STREAMS) == existing(account, STREAMS))


def active_webhooks(account: Account) -> list[int]:
    return [one["id"] for one in account.sandbox.rows("webhooks") if one["is_active"]]


def test_after_any_chaos_no_row_is_missing_or_older_than_in_the_account(account: Account) -> None:
    with serving(account) as receiver:
        wait_until_complete(account)
        wait_until(lambda: len(active_webhooks(account)) == 1)

        # every event twice, and in a random order
        account.settings(webhook_duplicates=1, webhook_disorder=1)
        for table in STREAMS:
            ids = account.change(table, count=3)
            account.change(table, ids=ids)
            account.change(table, "delete", ids=ids[:1])
            account.change(table, "create")
        for table in ("deals", "leads"):
            account.change(table, "archive", seed=2, count=2)
        for table in ("deals", "persons", "organizations"):
            account.change(table, "merge", seed=3)
        account.settle()
        wait_until_complete(account)
        assert receiver.metric("duplicates_total") > 0
        account.settings(webhook_duplicates=0, webhook_disorder=0)

        with locked(account):
            account.change("deals", seed=4, count=3)
            account.change("persons", "delete", seed=4, count=2)
            wait_until(lambda: not receiver.is_ready)
        account.settle()
        wait_until_complete(account)

        account.change("deals", seed=5, count=4)
        account.change("notes", seed=5, count=2)
        receiver.kill()
    account.change("organizations", seed=5, count=2)

    with serving(account) as receiver:
        account.settle()
        wait_until_complete(account)

        (first,) = active_webhooks(account)
        Registrar(ApiKeyAccess(account.sandbox.token, account.sandbox.url)).remove(account.url)
        account.change("activities", seed=6, count=3)
        wait_until(lambda: active_webhooks(account) not in ([], [first]))
        wait_until_complete(account)

        (hook,) = map(str, active_webhooks(account))
        with locked(account):
            account.change("products", seed=7, count=10)
            wait_until(lambda: account.sandbox.control("webhooks")[hook]["banned_seconds"] > 0)
            account.change("tasks", seed=7, count=3)
        account.sandbox.control("clock", "POST", advance=300)
        account.change("leads", seed=7)
        account.settle()
        wait_until_complete(account)

    copy = f"duckdb:///{account.folder}/crm.duckdb"
    report = verify(account.config, copy, streams=STREAMS, full=True, is_synced=True)
    assert report.exit_code == 0, report.verdict()
