"""Real time: rows change in a made-up account, and reach DuckDB or PostgreSQL a moment later.

`python -m demo.live --deals 500 --seconds 60 --dest postgresql://user:password@host/database`
"""

import asyncio
import resource
import secrets
import statistics
import sys
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
from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from source_pipedrive.webhooks.registration import Registrar
from source_pipedrive.webhooks.scheduler import SyncScheduler
from source_pipedrive.webhooks.targets.target import Arrival, ExpectedRow, SyncCost, Target
from source_pipedrive.webhooks.targets.warehouse import Warehouse

DATABASE = Path(__file__).with_name("live.duckdb")

_FULL_SYNC_SECONDS = 60 * 60
_SECONDS_BETWEEN_CHECKS = 2
_IDLE_CHECKS = 3


@click.command()
@click.option("--deals", default=500, show_default=True, help="Number of deals in the account.")
@click.option("--seconds", default=60, show_default=True, help="For how long rows change.")
@click.option(
    "--dest",
    default=f"duckdb:///{DATABASE}",
    help="Empty database, as of `webhooks serve --dest`.  [default: demo/live.duckdb]",
)
def live(deals: int, seconds: int, dest: str) -> None:
    """Change rows in a made-up account while webhooks keep a warehouse up to date."""
    DATABASE.unlink(missing_ok=True)
    with (
        # without a daily limit, which would make the syncs rarer
        running_sandbox(deals=deals, daily_budget=0) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        Inbox(f"sqlite:///{folder}/inbox.db") as inbox,
    ):
        inbox.prepare()
        config = {**sandbox.config, "webhook_inbox": f"sqlite:///{folder}/inbox.db"}
        target = _TimedTarget(Warehouse(config, dest, TABLES))
        arrivals: list[Arrival] = []
        scheduler = SyncScheduler(
            inbox, target, full_resync_every=_FULL_SYNC_SECONDS, on_arrival=arrivals.append
        )
        credentials = Credentials("pipedrive", secrets.token_urlsafe())
        receiver = Receiver(inbox, credentials, on_new=scheduler.notify, services=[scheduler.run])

        CONSOLE.rule("First sync: all rows")
        with _served(receiver) as url:
            target.first_done.wait()
            access = ApiKeyAccess(sandbox.token, sandbox.url)
            webhook, _ = Registrar(access).register(url, credentials)
            CONSOLE.print(
                f"The first sync took {target.durations[0]:.1f} s.\n"
                f"Webhook {webhook.id} is registered. Pipedrive now sends each change to {url}"
            )
            sandbox.control("counters", "DELETE")
            memory = _peak_megabytes()

            CONSOLE.rule(f"Rows change in Pipedrive for {seconds} seconds")
            changes = change_rows(sandbox, seconds)
            _wait_until_synced(sandbox, scheduler)
            costs = sandbox.control("counters")

        actions = [{"change": what, "rows": n} for what, n in sorted(changes.items())]
        show("Changes in Pipedrive", actions)
        _show_latency(arrivals)
        syncs = target.durations[1:]
        CONSOLE.print(
            f"{len(syncs)} syncs of {statistics.mean(syncs):.1f} s on average sent "
            f"{costs['requests']} API requests, for {costs['tokens']} tokens: "
            f"{costs['tokens'] / len(arrivals):.1f} for each changed row.\n"
            f"This process took {memory:.0f} MB at most until the first change, and "
            f"{_peak_megabytes():.0f} MB until now.",
            highlight=False,
        )
        CONSOLE.rule("Verification: all rows of both sides")
        show_verdict(config, dest, TABLES)


def _peak_megabytes() -> float:
    """Return the most memory that this process has used so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


class _TimedTarget(Target):
    """A target that records how long each sync takes, and sets `first_done` after the first."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.first_done = threading.Event()
        self.durations: list[float] = []

    def sync(self, rows: Collection[ExpectedRow] | None) -> SyncCost | None:
        began = time.monotonic()
        cost = self._target.sync(rows)
        self.durations.append(time.monotonic() - began)
        self.first_done.set()
        return cost

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
            port = socket.getsockname()[1]
            yield f"http://127.0.0.1:{port}/"  # ignore-https-check: on this machine
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


def _show_latency(arrivals: Sequence[Arrival]) -> None:
    """Print how long the rows took from Pipedrive to the warehouse, part by part."""
    parts = {
        "from Pipedrive to the inbox": [one.to_inbox for one in arrivals],
        "from the inbox to a sync": [one.to_sync for one in arrivals],
        "from the sync to the warehouse": [one.to_warehouse for one in arrivals],
        "in all": [one.total for one in arrivals],
    }
    rows = [
        {
            "seconds": part,
            "median": f"{statistics.median(seconds):.2f}",
            "95 % within": f"{statistics.quantiles(seconds, n=20)[-1]:.2f}",
            "longest": f"{max(seconds):.2f}",
        }
        for part, seconds in parts.items()
    ]
    show(f"How long {len(arrivals)} changed rows took", rows)


if __name__ == "__main__":
    live()
