"""Tables for a terminal."""

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

from rich.console import Console
from rich.table import Table

CONSOLE = Console()


def show(title: str, rows: Sequence[Mapping[str, Any]], *, total: bool = False) -> None:
    """Print rows as a table with their keys as headers; with `total`, add the sums of numbers."""
    first, *_ = rows
    table = Table(show_footer=total)
    for number, (header, sample) in enumerate(first.items()):
        if isinstance(sample, Number):
            table.add_column(header, f"{sum(row[header] for row in rows):,}", justify="right")
        else:
            table.add_column(header, "" if number else "total")
    for row in rows:
        table.add_row(
            *(f"{cell:,}" if isinstance(cell, Number) else str(cell) for cell in row.values())
        )
    CONSOLE.print(title, style="bold", highlight=False)
    CONSOLE.print(table)
