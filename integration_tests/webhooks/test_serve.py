"""`serve` with all its services: monitors its webhook, syncs, and recovers lost events."""

from importlib.util import find_spec

import pytest

from integration_tests.webhooks.account import Account, wait_until
from integration_tests.webhooks.process import running_receiver
from integration_tests.webhooks.versions import existing, synced
from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.webhooks.registration import Registrar

STREAMS = ["deals", "persons"]


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
        wait_until(lambda: synced(database, STREAMS) == existing(account, STREAMS))
        (first,) = webhooks()

        account.change("deals", count=3)
        (deleted,) = account.change("persons", "delete")
        wait_until(lambda: synced(database, STREAMS) == existing(account, STREAMS))
        wait_until(lambda: receiver.metric("arrival_seconds_count") == 4)
        # the first sync, and each row that was edited
        assert receiver.metric("tokens_spent_total") > 3
        assert receiver.metric("tokens_left") > 0

        Registrar(ApiKeyAccess(account.sandbox.token, account.sandbox.url)).remove(account.url)
        account.change("deals", seed=2, count=3)
        wait_until(lambda: webhooks() not in ([], [first]))
        assert len(account.received()) == 4
        wait_until(lambda: synced(database, STREAMS) == existing(account, STREAMS))

        account.change("persons", seed=3, count=2)
        wait_until(lambda: len(account.received()) == 6)
        wait_until(lambda: synced(database, STREAMS) == existing(account, STREAMS))

        assert ("persons", deleted) in {key[:2] for key in synced(database, STREAMS, deleted=True)}
        assert "The webhook was removed" in receiver.log.read_text()
