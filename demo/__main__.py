"""The commands `python -m demo tour` and `python -m demo sync`."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import click

from demo.analytics import build
from demo.failure import FAILURES, reason_of
from demo.report import show
from demo.tour import run_tour
from demo.warehouse import open_source, open_warehouse
from demo.warehouse import sync as sync_into
from source_pipedrive.pyairbyte import SUGGESTED


def _readable(_context: click.Context, _option: click.Parameter, file: Path) -> Path:
    try:
        settings = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} is not JSON: {error}") from error
    if not isinstance(settings, dict):
        raise click.BadParameter(f"{file} has no object of settings.")
    return file


@click.group()
def main() -> None:
    """Copy Pipedrive into DuckDB or PostgreSQL."""


@main.command()
@click.option("--deals", default=2000, show_default=True, help="Number of deals in the account.")
def tour(deals: int) -> None:
    """Sync a made-up account, change rows in it, and sync again."""
    run_tour(deals)


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
    default=SUGGESTED,
    show_default=True,
    help="'*' for all, or names with commas; 'suggested' may be one of them.",
)
def sync(config: Path, dest: str, streams: str) -> None:
    """Sync a Pipedrive account. Run it again to read only what changed since."""
    # first what costs no tokens
    with open_warehouse(dest) as warehouse:
        source = open_source(config, streams)
        results = sync_into(source, warehouse)
    show("Rows read, and rows in each table", [asdict(result) for result in results], total=True)


@main.command()
@click.option("--dest", required=True, help="DuckDB file, or postgres://user:password@host/db.")
def analytics(dest: str) -> None:
    """Build the dbt models in a warehouse that has been synced."""
    build(dest)


if __name__ == "__main__":
    # SIGTERM raises an exception, so that the sandbox is stopped in this case too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except FAILURES as error:
        sys.exit(reason_of(error))
