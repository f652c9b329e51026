"""Real time: a made-up account is worked on, and seconds later each edit is in DuckDB.

`python -m demo.live --deals 500 --seconds 60`
"""

import asyncio
import secrets
import statistics
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import click
import duckdb
import uvicorn

from demo.report import CONSOLE, show
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive import timestamps as times
from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from source_pipedrive.webhooks.registration import Registrar
from source_pipedrive.webhooks.scheduler import SyncScheduler
from source_pipedrive.webhooks.targets.target import ExpectedRow, Target
from source_pipedrive.webhooks.targets.warehouse import Warehouse

DATABASE = Path(__file__).with_name("live.duckdb")

_EDITS_PER_SECOND = 2
_HOUR = 60 * 60
# What happens in a CRM, each as often as it stands here.
_WORK = (
    *[("edit", table) for table in ("deals", "deals", "persons", "organizations", "activities")],
    *[("edit", table) for table in ("notes", "leads", "products")],
    *[("create", table) for table in ("deals", "persons", "activities", "notes", "leads")],
    *[("archive", table) for table in ("deals", "leads")],
    *[("merge", table) for table in ("deals", "persons", "organizations")],
    *[("delete", table) for table in ("deals", "persons", "organizations", "activities")],
    *[("delete", table) for table in ("notes", "leads", "products")],
)
_STREAMS = sorted({table for _, table in _WORK})


@click.command()
@click.option("--deals", default=500, show_default=True, help="Size of the made-up account.")
@click.option("--seconds", default=60, show_default=True, help="How long it is worked on.")
def live(deals: int, seconds: int) -> None:
    """Work on a made-up account while a receiver of webhooks keeps DuckDB up to date."""
    DATABASE.unlink(missing_ok=True)
    with (
        running_sandbox(deals=deals) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        Inbox(f"sqlite:///{folder}/inbox.db") as inbox,
    ):
        inbox.prepare()
        config = {**sandbox.config, "webhook_inbox": f"sqlite:///{folder}/inbox.db"}
        destination = _Timed(Warehouse(config, f"duckdb:///{DATABASE}", _STREAMS))
        latencies: list[float] = []
        scheduler = SyncScheduler(inbox, destination, 2, _HOUR, latencies.append)
        credentials = Credentials("pipedrive", secrets.token_urlsafe())
        receiver = Receiver(inbox, credentials, on_new=scheduler.notify, services=[scheduler.run])

        CONSOLE.rule("The first sync: everything")
        with _served(receiver) as url:
            destination.first.wait()
            webhook, _ = Registrar(sandbox.token, sandbox.url).register(url, credentials)
            CONSOLE.print(f"{destination.took[0]:.1f} s. Webhook {webhook.id} now sends to {url}")
            sandbox.control("counters", "DELETE")

            CONSOLE.rule(f"{seconds} seconds at work")
            done, gone = _work(sandbox, seconds)
            _wait_for_quiet(sandbox, scheduler)
            spent = sandbox.control("counters")

        show("Done in Pipedrive", [{"what": what, "rows": n} for what, n in sorted(done.items())])
        p50, p95 = statistics.median(latencies), statistics.quantiles(latencies, n=20)[-1]
        syncs = destination.took[1:]
        CONSOLE.print(
            f"From the edit to the row in DuckDB, over {len(latencies)} rows: "
            f"p50 {p50:.1f} s, p95 {p95:.1f} s, longest {max(latencies):.1f} s.\n"
            f"{len(syncs)} syncs of {statistics.mean(syncs):.1f} s on average, "
            f"{spent['requests']} requests, {spent['tokens']} tokens."
        )
        _compare(sandbox, gone)


class _Timed(Target):
    """A target whose syncs are timed; `first` is set when the first is over."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.first = threading.Event()
        self.took: list[float] = []

    def sync(self, streams: Collection[str] | None) -> None:
        began = time.monotonic()
        self._target.sync(streams)
        self.took.append(time.monotonic() - began)
        self.first.set()

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        return self._target.missing(expected)


@contextmanager
def _served(receiver: Receiver) -> Iterator[str]:
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


def _work(sandbox: RunningSandbox, seconds: int) -> tuple[Counter[str], dict[str, set[str]]]:
    """Edit, create, archive, merge and delete; return how often, and which rows are gone."""
    dice = Random(7)  # noqa: S311 - the same day each time
    done, gone = Counter[str](), defaultdict[str, set[str]](set)
    end = time.monotonic() + seconds
    for number in range(seconds * _EDITS_PER_SECOND):
        action, table = dice.choice(_WORK)
        ids = sandbox.control("mutate", "POST", table=table, action=action, count=1, seed=number)[
            "ids"
        ]
        done[f"{action} {table}"] += len(ids)
        if action in {"delete", "merge"}:
            # of a merge the ids are pairs: loser, winner
            gone[table] |= {str(id_[0] if action == "merge" else id_) for id_ in ids}
        left = end - seconds + (number + 1) / _EDITS_PER_SECOND - time.monotonic()
        time.sleep(max(0, left))
    return done, gone


def _wait_for_quiet(sandbox: RunningSandbox, scheduler: SyncScheduler) -> None:
    """Return when all events are delivered, and all their rows arrived or were given up."""
    quiet = 0
    while quiet < 3:  # noqa: PLR2004 - an event in between is seen by one of the looks
        time.sleep(2)
        hooks = sandbox.control("webhooks").values()
        on_its_way = any(hook["pending"] for hook in hooks) or scheduler.expected_count
        quiet = 0 if on_its_way else quiet + 1


def _compare(sandbox: RunningSandbox, gone: Mapping[str, set[str]]) -> None:
    """Compare each table of DuckDB with the account; exit with 1 where they differ.

    What is `gone` must be there still, marked.
    """
    rows, differences = [], 0
    with duckdb.connect(str(DATABASE), read_only=True) as warehouse:
        for stream in _STREAMS:
            query = f"SELECT id, update_time, is_deleted, merged_into_id FROM {stream}"
            found = warehouse.execute(query).fetchall()
            there = {_version(row) for row in sandbox.rows(stream) if not row.get("is_deleted")}
            here = {(str(id_), _text(time_)) for id_, time_, deleted, _ in found if not deleted}
            marked = {str(id_) for id_, _, deleted, _ in found if deleted}
            unlike = len(there ^ here) + len(gone.get(stream, set()) - marked)
            differences += unlike
            rows.append(
                {
                    "stream": stream,
                    "in Pipedrive": len(there),
                    "in DuckDB": len(here),
                    "deleted": len(marked),
                    "of them merged": sum(into is not None for *_, into in found),
                    "differences": unlike,
                }
            )
    show(f"{DATABASE.name} and the account", rows, total=True)
    if differences:
        raise SystemExit(f"{differences} rows differ.")


def _version(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["id"]), times.sortable(row["update_time"] or "")


def _text(moment: Any) -> str:
    return times.sortable(moment.isoformat()) if moment else times.sortable("")


if __name__ == "__main__":
    live()
