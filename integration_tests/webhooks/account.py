"""A sandbox account and the receiver that its webhook delivers to, each in its own process."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration_tests.webhooks.process import free_port, run_webhooks
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.inbox.store import Inbox

_MOST_SECONDS = 120.0


@dataclass
class Account:
    """A sandbox, and the inbox of the receiver at `url`, which may or may not run."""

    sandbox: RunningSandbox
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def inbox_url(self) -> str:
        return f"sqlite:///{self.folder}/inbox.db"

    @property
    def config(self) -> dict[str, Any]:
        """The connector's config, with the inbox."""
        return {**self.sandbox.config, "webhook_inbox": self.inbox_url}

    def webhooks(self, command: str, *options: str) -> None:
        """Run a command of `source-pipedrive webhooks` for this account."""
        run_webhooks(self.folder, self.sandbox.config, command, *options)

    def register(self) -> None:
        """Register a webhook that delivers to the receiver."""
        self.webhooks("register", f"--url={self.url}")

    def change(self, table: str, action: str = "edit", count: int = 1, **more: Any) -> list[Any]:
        """Change rows, and return their ids."""
        given = {"table": table, "action": action, "count": count, "seed": 1, **more}
        ids: list[Any] = self.sandbox.control("mutate", "POST", **given)["ids"]
        return ids

    def settle(self) -> dict[str, int]:
        """Wait until all deliveries are done. Return the counts of the newest webhook."""
        counts: dict[str, dict[str, int]] = {}

        def is_settled() -> bool:
            counts.update(self.sandbox.control("webhooks"))
            return not any(webhook["pending"] for webhook in counts.values())

        wait_until(is_settled)
        return counts[max(counts, key=int)]

    def assert_only_webhooks_were_written(self) -> None:
        """Assert that every request to the API was a GET or wrote webhooks."""
        log = self.sandbox.control("log")
        writes = {(method, path) for method, path, _ in log if method != "GET"}
        assert {method for method, _ in writes} <= {"POST", "DELETE"}
        assert all(path.startswith("/v1/webhooks") for _, path in writes)

    def received(self, after: int = 0) -> list[str]:
        """Return the ids of the events in the inbox, duplicates included."""
        with Inbox(self.inbox_url) as inbox:
            return [event.id for event in inbox.events(after)]

    def settings(self, **changed: float) -> None:
        """Change settings of the sandbox."""
        self.sandbox.control("settings", "POST", **changed)


@contextmanager
def running_account(folder: Path, **options: int | str) -> Iterator[Account]:
    """Run a sandbox that retries after 0.3, 3, and 15 seconds, and whose bans take 3 minutes."""
    with running_sandbox(burst=10_000, **options) as sandbox:
        sandbox.control("settings", "POST", webhook_time_factor=10)
        account = Account(sandbox, folder, free_port())
        yield account
        account.assert_only_webhooks_were_written()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds. Fails after two minutes."""
    end = time.monotonic() + _MOST_SECONDS
    while not condition():
        assert time.monotonic() < end, "the condition did not become true in time"
        time.sleep(0.05)
