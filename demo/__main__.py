"""The commands `python -m demo tour`, `python -m demo sync`, and `python -m demo analytics`."""

import json
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from demo.report import CONSOLE, show


def _readable(_context: click.Context, _option: click.Parameter, file: Path) -> Path:
    try:
        settings = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} is not JSON: {error}") from error
    if not isinstance(settings, dict):
        raise click.BadParameter(f"{file} has no object of settings.")
    return file


def _imported(name: str) -> Any:
    """Import a module that imports PyAirbyte, which takes up to ten seconds."""
    with CONSOLE.status("Starting PyAirbyte"):
        return import_module(name)


@click.group()
def main() -> None:
    """Copy Pipedrive into DuckDB or PostgreSQL."""


@main.command()
@click.option("--deals", default=2000, show_default=True, help="Number of deals in the account.")
def tour(deals: int) -> None:
    """Sync a made-up account, change rows in it, and sync again."""
    _imported("demo.tour").run_tour(deals)


@main.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    callback=_readable,
    required=True,
    help="JSON file.",
)
@click.option("--dest", required=True, help="DuckDB file, or postgres://user:password@host/db.")
@click.option(
    "--streams",
    default="suggested",
    show_default=True,
    help="'*' for all, or names with commas; 'suggested' may be one of them.",
)
def sync(config: Path, dest: str, streams: str) -> None:
    """Sync a Pipedrive account. Run it again to read only what changed since."""
    warehouses = _imported("demo.warehouse")
    # first what costs no tokens
    with warehouses.open_warehouse(dest) as warehouse:
        source = warehouses.open_source(config, streams)
        results = warehouses.sync(source, warehouse)
    rows = [
        {"table": one.stream, "rows read": one.received, "rows in the table": one.total}
        for one in results
    ]
    show("", rows, total=f"total of {len(rows)} tables")


def _parse_rates(_context: click.Context, _option: click.Parameter, given: str) -> dict[str, float]:
    """Return {"USD": 0.92} of `USD=0.92`."""
    try:
        pairs = [pair.split("=") for pair in given.split(",") if pair]
        return {currency.strip(): float(rate) for currency, rate in pairs}
    except ValueError as error:
        raise click.BadParameter(f"{given!r} is not of the form USD=0.92,GBP=1.17.") from error


@main.command()
@click.option("--dest", required=True, help="DuckDB file, or postgres://user:password@host/db.")
@click.option(
    "--rates",
    default="",
    callback=_parse_rates,
    help="What one unit is worth in the reporting currency, such as USD=0.92,GBP=1.17.",
)
def analytics(dest: str, rates: dict[str, float]) -> None:
    """Build the dbt models in a warehouse that has been synced."""
    _imported("demo.analytics").build(dest, rates)


def _run() -> None:
    # SIGTERM raises an exception, so that the sandbox is stopped in this case too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except Exception as error:
        # which failures are expected is known only where PyAirbyte, slow to import, is at hand
        failure = import_module("demo.failure")
        if isinstance(error, failure.FAILURES):
            sys.exit(failure.reason_of(error))
        raise


if __name__ == "__main__":
    _run()
