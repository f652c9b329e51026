"""The commands `python -m demo tour` and `python -m demo sync`."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from airbyte.exceptions import PyAirbyteError
from sqlalchemy.exc import SQLAlchemyError

from demo.analytics import build
from demo.failure import reason_of
from demo.report import show
from demo.tour import run_tour
from demo.warehouse import SUGGESTED, open_source, open_warehouse
from demo.warehouse import sync as sync_into
from source_pipedrive.webhooks.targets.loading import LoadError
from source_pipedrive.webhooks.targets.pyairbyte import SQLRuntimeError
from source_pipedrive.webhooks.targets.target import TargetError


def _parse_config(_context: click.Context, _option: click.Parameter, file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8")), file
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} is not JSON: {error}") from error


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
    callback=_parse_config,
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
def sync(config: tuple[dict[str, Any], Path], dest: str, streams: str) -> None:
    """Sync a Pipedrive account. Run it again to read only what changed since."""
    # first what costs no tokens
    with open_warehouse(dest) as warehouse:
        settings, file = config
        source = open_source(settings, streams, file)
        results = sync_into(source, warehouse)
    show("Rows read, and rows in each table", [asdict(result) for result in results], total=True)


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
    build(dest, rates)


if __name__ == "__main__":
    # SIGTERM raises an exception, so that the sandbox is stopped in this case too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    except (LoadError, PyAirbyteError, SQLAlchemyError, SQLRuntimeError, TargetError) as error:
        sys.exit(reason_of(error))
