# ruff: noqa: INP001 - a script
"""Shows what columns for custom fields cost: `python -m benchmarks.custom_fields`.

The connector reads the same deals with columns and with raw values, by turns. The first account has
as many values as a live one was seen to have: 4 of 87 fields are set. The others have 40 fields;
the sandbox sets 18 of them by default, more than people do. The CPU of a row excludes the start of
the process; `with start` includes it. Figures are medians.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.report import show, show_environment
from benchmarks.runs import OURS, Run, read, running_account
from pipedrive_sandbox.client import RunningSandbox

_SETTINGS = {"include_archived": False}
_CONNECTORS = {
    mode: replace(OURS, name=mode, settings={**_SETTINGS, "custom_fields": mode})
    for mode in ("raw", "columns")
}
_ACCOUNTS: Mapping[str, Mapping[str, int]] = {
    "4 of 87 fields set": {"custom_fields": 87, "custom_values": 4},
    "2 of 40 fields set": {"custom_fields": 40, "custom_values": 2},
    "8 of 40 fields set": {"custom_fields": 40, "custom_values": 8},
    "18 of 40 fields set": {"custom_fields": 40},
}
# an empty list of an entity that has custom fields: reading it measures the start
_EMPTY_STREAM = "projects"
_COLUMNS = [
    "",
    "rows",
    "bytes/row raw",
    "columns",
    "CPU us/row raw",
    "columns",
    "more",
    "with start",
]


def read_in_both_modes(sandbox: RunningSandbox) -> dict[str, tuple[Run, Run]]:
    """Return mode -> a run that reads all deals, and one that reads no rows."""
    return {
        mode: (read(connector, sandbox, ["deals"]), read(connector, sandbox, [_EMPTY_STREAM]))
        for mode, connector in _CONNECTORS.items()
    }


def line(title: str, turns: list[dict[str, tuple[Run, Run]]]) -> list[str]:
    """Return the medians of all turns as a line of the table."""
    first_runs = {mode: runs[0] for mode, runs in turns[0].items()}
    row_count = first_runs["raw"].row_count
    bytes_per_row = [run.bytes_written / row_count for run in first_runs.values()]
    cpu = {mode: median(turn[mode][0].cpu_seconds for turn in turns) for mode in _CONNECTORS}
    start = {mode: median(turn[mode][1].cpu_seconds for turn in turns) for mode in _CONNECTORS}
    row_cpu = {mode: cpu[mode] - start[mode] for mode in _CONNECTORS}
    return [
        title,
        f"{row_count:,}",
        *(f"{size:,.0f}" for size in bytes_per_row),
        *(f"{seconds / row_count * 1e6:.1f}" for seconds in row_cpu.values()),
        f"{row_cpu['columns'] / row_cpu['raw'] - 1:+.0%}",
        f"{cpu['columns'] / cpu['raw'] - 1:+.0%}",
    ]


def main() -> None:
    """Measure all accounts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder in which filled accounts are reused")
    options = parser.parse_args()
    show_environment()
    lines = []
    for title, fields in _ACCOUNTS.items():
        sizes = {"only": "deals", "prerender": 4_096, "deals": options.rows, **fields}
        with running_account(options.keep, sizes) as sandbox:
            # the first turn fills the sandbox's memory and does not count
            turns = [read_in_both_modes(sandbox) for _ in range(options.turns + 1)]
            lines.append(line(title, turns[1:]))
    show("Columns for custom fields, compared with raw values", _COLUMNS, lines)


if __name__ == "__main__":
    main()
