"""The command `source-pipedrive verify`."""

import json
import logging
import sys
from collections.abc import Sequence
from functools import partial
from typing import Self

import rich_click as click
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from source_pipedrive.api.access import access_kept_in
from source_pipedrive.protocol.files import read_file
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.verify.database import WarehouseError
from source_pipedrive.verify.plan import Planned
from source_pipedrive.verify.report import UNKNOWN, StreamReport, counted
from source_pipedrive.verify.verification import (
    DEFAULT_TOKENS,
    PriceError,
    Progress,
    UnknownStreamError,
    verify,
)


class _Failure(click.ClickException):
    """The tables cannot be compared, and why."""

    exit_code = UNKNOWN


@click.command()
@click.option("--config", required=True, type=click.Path(exists=True), help="JSON file.")
@click.option(
    "--dest",
    required=True,
    envvar="SOURCE_PIPEDRIVE_DEST",
    show_envvar=True,
    help="duckdb:///file, or postgresql://user:password@host/database. With the variable, the "
    "password does not show in the list of processes.",
)
@click.option("--schema", help="Schema of the tables  [default: the one that has them]")
@click.option(
    "--streams", help="Stream names separated by commas  [default: those that have a table]"
)
@click.option(
    "--tokens",
    type=click.IntRange(min=1),
    help=f"The most that it may cost  [default: {DEFAULT_TOKENS}; with --full: no limit]",
)
@click.option("--full", is_flag=True, help="Compare all rows.")
@click.option("--seed", type=int, help="Draw the same rows again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
def main(  # noqa: PLR0913 - one parameter for each option
    *,
    config: str,
    dest: str,
    schema: str | None,
    streams: str | None,
    tokens: int | None,
    full: bool,
    seed: int | None,
    as_json: bool,
) -> None:
    """Compare the tables of a warehouse with the account.

    Reads random rows on both sides, as many as the tokens are enough for, and says what that tells
    about all rows. Writes nothing. Exits with 0 if nothing is wrong, with 1 if a row is, and with 2
    if the tables cannot be compared.
    """
    logging.disable()
    try:
        settings = read_file(config, SourcePipedrive.read_config, "an object of settings") or {}
        names = [one.strip() for one in streams.split(",")] if streams else None
        with _Words(as_json=as_json) as words:
            report = verify(
                settings,
                dest,
                schema=schema,
                streams=names,
                tokens=tokens,
                full=full,
                seed=seed,
                progress=words,
                access=partial(access_kept_in, config),
            )
    except AirbyteTracedException as error:
        raise _Failure(str(error.message)) from error
    except (PriceError, UnknownStreamError, WarehouseError) as error:
        raise _Failure(str(error)) from error
    if as_json:
        click.echo(json.dumps(report.as_json(), default=str))
    else:
        if lacking := report.lacking():
            click.echo(lacking)
        click.echo(report.verdict())
    sys.exit(report.exit_code)


class _Words(Progress):
    """Prints the price and the verdicts as they come, with a progress bar on a terminal."""

    def __init__(self, *, as_json: bool) -> None:
        self._is_silent = as_json
        self._bar = ProgressBar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("tokens"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._has_bar = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._has_bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._has_bar:
            self._bar.stop()

    def planned(self, plan: Sequence[Planned]) -> None:
        price = sum(one.tokens for one in plan)
        self._task = self._bar.add_task("Comparing", total=price)
        self._say(f"Comparing {counted(len(plan), 'table')}. This costs {price:,} tokens.")

    def began(self, one: Planned) -> None:
        self._bar.update(self._task, description=f"Comparing {one.stream}")

    def ended(self, report: StreamReport) -> None:
        self._bar.advance(self._task, report.tokens)
        if report.lacking:
            return
        self._say(str(report))
        for line in report.details():
            self._say(f"  {line}")

    def _say(self, line: str) -> None:
        if self._is_silent:
            return
        if self._has_bar and sys.stdout.isatty():
            # above the bar
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            click.echo(line)
