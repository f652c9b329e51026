"""Real time: rows change in a made-up account, and reach DuckDB seconds later.

`python -m demo.live --deals 500 --seconds 60`
"""

import asyncio
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import uvicorn

from demo.report import CONSOLE, show
from demo.salespeople import TABLES, change_rows
from demo.verdict import show_verdict
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from source_pipedrive.webhooks.registration import Registrar
from source_pipedrive.webhooks.scheduler import SyncScheduler
from source_pipedrive.webhooks.targets.target import ExpectedRow, Target
from source_pipedrive.webhooks.targets.warehouse import Warehouse

DATABASE = Path(__file__).with_name("live.duckdb")

_DEBOUNCE_SECONDS = 2
_FULL_SYNC_SECONDS = 60 * 60
_SECONDS_BETWEEN_CHECKS = 2
_IDLE_CHECKS = 3


@click.command()
@click.option("--deals", default=500, show_default=True, help="Number of deals in the account.")
@click.option("--seconds", default=60, show_default=True, help="For how long rows change.")
def live(deals: int, seconds: int) -> None:
    """Change rows in a made-up account while webhooks keep DuckDB up to date."""
    DATABASE.unlink(missing_ok=True)
    with (
        running_sandbox(deals=deals) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        Inbox(f"sqlite:///{folder}/inbox.db") as inbox,
    ):
        inbox.prepare()
        config = {**sandbox.config, "webhook_inbox": f"sqlite:///{folder}/inbox.db"}
        target = _TimedTarget(Warehouse(config, f"duckdb:///{DATABASE}", TABLES))
        latencies: list[float] = []
        scheduler = SyncScheduler(
            inbox, target, _DEBOUNCE_SECONDS, _FULL_SYNC_SECONDS, latencies.append
        )
        credentials = Credentials("pipedrive", secrets.token_urlsafe())
        receiver = Receiver(inbox, credentials, on_new=scheduler.notify, services=[scheduler.run])

        CONSOLE.rule("First sync: all rows")
        with _served(receiver) as url:
            target.first_done.wait()
            webhook, _ = Registrar(sandbox.token, sandbox.url).register(url, credentials)
            CONSOLE.print(
                f"The first sync took {target.durations[0]:.1f} s.\n"
                f"Webhook {webhook.id} is registered. Pipedrive now sends each change to {url}"
            )
            sandbox.control("counters", "DELETE")

            CONSOLE.rule(f"Rows change in Pipedrive for {seconds} seconds")
            changes = change_rows(sandbox, seconds)
            _wait_until_synced(sandbox, scheduler)
            costs = sandbox.control("counters")

        actions = [{"change": what, "rows": n} for what, n in sorted(changes.items())]
        show("Changes in Pipedrive", actions)
        p50, p95 = statistics.median(latencies), statistics.quantiles(latencies, n=20)[-1]
        syncs = target.durations[1:]
        CONSOLE.print(
            f"Time from a change in Pipedrive to the row in DuckDB, over {len(latencies)} rows: "
            f"median {p50:.1f} s, 95th percentile {p95:.1f} s, longest {max(latencies):.1f} s.\n"
            f"This took {len(syncs)} syncs of {statistics.mean(syncs):.1f} s on average, with "
            f"{costs['requests']} API requests that cost {costs['tokens']} tokens."
        )
        CONSOLE.rule("Verification: all rows of both sides")
        show_verdict(config, DATABASE, TABLES)


class _TimedTarget(Target):
    """A target that records how long each sync takes, and sets `first_done` after the first."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.first_done = threading.Event()
        self.durations: list[float] = []

    def sync(self, streams: Collection[str] | None) -> None:
        began = time.monotonic()
        self._target.sync(streams)
        self.durations.append(time.monotonic() - began)
        self.first_done.set()

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        return self._target.missing(expected)


@contextmanager
def _served(receiver: Receiver) -> Iterator[str]:
    """Run the receiver's web server in a thread; yield its URL."""
    config = uvicorn.Config(receiver.app, port=0, log_config=None)
    server = uvicorn.Server(config)
    with config.bind_socket() as socket:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[socket])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{socket.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_synced(sandbox: RunningSandbox, scheduler: SyncScheduler) -> None:
    """Return when all events are delivered, and no sync waits for a row any more."""
    idle_checks = 0
    # several checks in a row, since an event can be between delivery and the scheduler
    while idle_checks < _IDLE_CHECKS:
        time.sleep(_SECONDS_BETWEEN_CHECKS)
        hooks = sandbox.control("webhooks").values()
        is_busy = any(hook["pending"] for hook in hooks) or scheduler.expected_count
        idle_checks = 0 if is_busy else idle_checks + 1


if __name__ == "__main__":
    live()
