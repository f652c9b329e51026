"""`python -m demo tour` and `python -m demo sync`."""

import json
import signal
import sys
from dataclasses import asdict
from typing import IO, Any

import click
from airbyte.exceptions import PyAirbyteError

from demo.report import show
from demo.tour import run_tour
from demo.warehouse import SUGGESTED, open_source, open_warehouse
from demo.warehouse import sync as sync_into


def _parsed(_context: click.Context, _option: click.Parameter, file: IO[str]) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.load(file)
    except ValueError as error:
        raise click.BadParameter(f"{file.name} is not JSON: {error}") from error
    return config


@click.group()
def main() -> None:
    """Copy Pipedrive into DuckDB or PostgreSQL."""


@main.command()
@click.option("--deals", default=2000, show_default=True, help="Size of the made-up account.")
def tour(deals: int) -> None:
    """Sync a made-up account, change it, sync again."""
    run_tour(deals)


@main.command()
@click.option("--config", type=click.File(), callback=_parsed, required=True, help="JSON file.")
@click.option("--dest", required=True, help="DuckDB file, or postgres://user:password@host/db.")
@click.option("--streams", default=SUGGESTED, show_default=True, help="Or names, or '*': all.")
def sync(config: dict[str, Any], dest: str, streams: str) -> None:
    """Sync the account of a config; run it again to get what is new."""
    source = open_source(config, streams)
    with open_warehouse(dest) as warehouse:
        arrivals = sync_into(source, warehouse)
    show("Synced", [asdict(arrival) for arrival in arrivals], total=True)


if __name__ == "__main__":
    # SIGTERM leaves as an exception does, so that the sandbox is stopped on this way out, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except PyAirbyteError as error:
        sys.exit(str(error))
