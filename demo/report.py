"""Tables for a terminal."""

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

CONSOLE = Console(highlight=False)


def show(title: str, rows: Sequence[Mapping[str, Any]], *, total: str = "") -> None:
    """Print rows as a table with their keys as headers; `total` names a row of sums."""
    first, *_ = rows
    table = Table(box=box.SIMPLE, show_edge=False, show_footer=bool(total), pad_edge=False)
    for number, (header, sample) in enumerate(first.items()):
        if isinstance(sample, Number):
            table.add_column(header, f"{sum(row[header] for row in rows):,}", justify="right")
        else:
            table.add_column(header, "" if number else total)
    for row in rows:
        table.add_row(
            *(f"{cell:,}" if isinstance(cell, Number) else str(cell) for cell in row.values())
        )
    if title:
        CONSOLE.print(title, style="bold")
    CONSOLE.print(table)
