# ruff: noqa: INP001 - part of the benchmark scripts
"""Prints the figures of benchmarks as Markdown tables."""

import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.runs import MEGABYTE, Run

CONSOLE = Console(width=160)


@dataclass(frozen=True)
class Figure:
    """One figure of a run, and its number format."""

    value: Callable[[Run], float]
    number_format: str = ",.0f"

    def median(self, runs: Iterable[Run]) -> float:
        """Return the median over several runs."""
        return median(map(self.value, runs))


FIGURES = {
    "rows": Figure(lambda run: run.row_count),
    "MB written": Figure(lambda run: run.bytes_written / MEGABYTE),
    "seconds": Figure(lambda run: run.seconds, ",.1f"),
    "CPU s": Figure(lambda run: run.cpu_seconds, ",.1f"),
    "rows/s": Figure(lambda run: run.row_count / run.seconds),
    "CPU us/row": Figure(lambda run: run.cpu_seconds / run.row_count * 1e6 if run.row_count else 0),
    "peak RSS MB": Figure(lambda run: run.peak_memory / MEGABYTE),
    "requests": Figure(lambda run: run.requests),
    "tokens": Figure(lambda run: run.tokens),
}


def medians(runs: Sequence[Run], names: Iterable[str] = FIGURES) -> list[str]:
    """Return the medians of figures as text."""
    return [format(FIGURES[name].median(runs), FIGURES[name].number_format) for name in names]


def show_runs(title: str, runs: Mapping[str, Sequence[Run]]) -> None:
    """Print the medians of each connector, and the ratio of the first to the last."""
    lines = [[name, *medians(each)] for name, each in runs.items()]
    first, *_, last = runs.values()
    ratios = ["ratio, first to last"]
    for figure in FIGURES.values():
        divisor = figure.median(last)
        ratios.append(f"{figure.median(first) / divisor:.2f}" if divisor else "")
    show(title, ["", *FIGURES], [*lines, ratios])


def show(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table; all columns but the first are numbers."""
    table = Table(box=MARKDOWN)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    CONSOLE.print(f"\n{title}\n", table)


def show_environment() -> None:
    """Print the command, the machine, and the versions, which every figure depends on."""
    command = " ".join(["python", *sys.orig_argv[1:]])
    CONSOLE.print(
        f"`{command}`: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, airbyte-cdk {version('airbyte-cdk')}"
    )
