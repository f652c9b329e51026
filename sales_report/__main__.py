"""The command `python -m sales_report`."""

import sys
from pathlib import Path

import click

from sales_report.contents import Contents
from sales_report.page import render
from sales_report.queries import run_queries
from source_pipedrive.verify.database import WarehouseError


@click.command()
@click.option("--dest", required=True, help="DuckDB file, or postgres://user:password@host/db.")
@click.option("--schema", default="analytics", show_default=True, help="Schema of the dbt models.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="pipedrive-report.html",
    show_default=True,
    help="The file to write.",
)
def main(dest: str, schema: str, output: Path) -> None:
    """Write a sales report of the dbt models of a warehouse into one HTML file."""
    if "://" not in dest and not Path(dest).is_file():
        raise click.ClickException(
            f"There is no file {dest}. Run `make demo` or `make sync` first."
        )
    try:
        contents = Contents(run_queries(dest, schema))
    except WarehouseError as error:
        raise click.ClickException(str(error)) from error
    if not any(row["is_synced"] for row in contents.streams):
        raise click.ClickException(
            "The warehouse has no table of the connector. Run `make sync` with the same DEST first."
        )
    try:
        output.write_text(render(contents), "utf-8")
    except OSError as error:
        raise click.ClickException(f"The report cannot be written: {error}.") from error
    size = output.stat().st_size / 1_000_000
    click.echo(f"Wrote {output} ({size:.1f} MB). It needs no network: open it in a browser.")
    click.echo(output.resolve().as_uri())


if __name__ == "__main__":
    sys.exit(main())
