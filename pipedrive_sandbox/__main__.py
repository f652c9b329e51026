"""`python -m pipedrive_sandbox`: fill a database, print the URL, serve until stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from pipedrive_sandbox.clock import Clock, Stamp
from pipedrive_sandbox.data.account_data import AccountData
from pipedrive_sandbox.data.fill import fill
from pipedrive_sandbox.data.oddities import LEVELS
from pipedrive_sandbox.data.sizes import Sizes
from pipedrive_sandbox.gateway.page_cache import PageCache
from pipedrive_sandbox.sandbox import Sandbox
from pipedrive_sandbox.server import configuration
from pipedrive_sandbox.settings import DEFAULT_TOKEN, Settings
from pipedrive_sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOG = logging.getLogger("pipedrive_sandbox")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="pipedrive_sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the administrator's API token")
    parser.add_argument("--now", help="start of the sandbox clock, RFC 3339; default: real time")
    parser.add_argument("--database", type=Path, help="keep the data in this file, or reuse it")
    parser.add_argument("--only", help="comma-separated kinds of rows; all others are empty")
    parser.add_argument(
        "--oddities",
        choices=LEVELS,
        default="recorded",
        help="values that the contract does not allow, in a few rows of each kind",
    )
    parser.add_argument("--burst", type=int, default=20, help="requests per 2 s; 0: unlimited")
    parser.add_argument("--daily-budget", type=int, help="tokens a day; 0: unlimited")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to each answer")
    parser.add_argument("--no-gzip", action="store_true", help="never compress")
    parser.add_argument(
        "--prerender",
        type=int,
        nargs="?",
        const=512,
        default=0,
        metavar="MB",
        help="keep rendered pages in memory, for benchmarks",
    )
    parser.add_argument(
        "--deals", type=int, default=2_000, help="all other sizes are derived from it"
    )
    for name in Sizes.names():
        if name != "deals":
            parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    return parser.parse_args(arguments)


def build_sandbox(options: argparse.Namespace, database: Path) -> Sandbox:
    """Return a sandbox over `database`, filled according to the options unless it already is."""
    clock = Clock(Stamp.V2.epoch(options.now) if options.now else None)
    settings = Settings(burst=options.burst, latency=options.latency, gzip=not options.no_gzip)
    if options.daily_budget is not None:
        settings.daily_budget = options.daily_budget
    store = Store(database)
    if not store.count("users"):
        given = {
            name: getattr(options, name)
            for name in Sizes.names()
            if getattr(options, name) is not None and name != "deals"
        }
        only = set(options.only.split(",")) if options.only is not None else None
        started = time.perf_counter()
        sizes = Sizes.scaled(options.deals, given, only)
        fill(store, AccountData(sizes, options.seed, clock.now()), options.oddities)
        LOG.info("filled in %.1f s", time.perf_counter() - started)
    return Sandbox(store, clock, settings.with_token(options.token))


@contextlib.contextmanager
def database_file(given: Path | None) -> Iterator[Path]:
    """Yield the given file, or a temporary one that is removed at the end."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="pipedrive-sandbox-") as folder:
        yield Path(folder) / "sandbox.db"


async def serve(server: uvicorn.Server, options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; print the URL once connections are accepted."""
    listener = socket.create_server((options.host, options.port), backlog=2_048)
    host, port = listener.getsockname()[:2]
    url = f"http://{host}:{port}"  # ignore-https-check: on this machine
    print(f"Pipedrive sandbox at {url}", flush=True)
    await server.serve([listener])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with database_file(options.database) as path:
        sandbox = build_sandbox(options, path)
        sandbox.gateway.cache = PageCache(options.prerender * 1024 * 1024)
        server = uvicorn.Server(configuration(sandbox))
        try:
            with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
                runner.run(serve(server, options))
        except KeyboardInterrupt:
            LOG.info("interrupted")
        finally:
            sandbox.editor.stamp_new_rows(everything=True)
            sandbox.store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
