# ruff: noqa: INP001 - a script
"""What columns for custom fields cost: `python -m benchmarks.custom_fields`, from the repository.

The connector reads the same deals with columns and raw, by turns, as whole processes. Two accounts:
one with rows as a live account was seen to have them, 83 of 87 values unset, and the sandbox's own,
which is filled more densely than people fill forms. A row's CPU is that of the process, without
that of a read of nothing, which is measured in the same turn; `all` counts the start in. Of the
ratios of all turns the middle one is shown: a busy machine disturbs both reads of a turn alike.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.runs import OURS, Run, account, read, show, show_circumstances
from demo.sandbox import RunningSandbox

_SETTINGS = {"include_archived": False}
_MODES = {
    mode: replace(OURS, name=mode, settings={**_SETTINGS, "custom_fields": mode})
    for mode in ("raw", "columns")
}
_ACCOUNTS: Mapping[str, Mapping[str, int]] = {
    "4 of 87 fields set": {"custom_fields": 87, "custom_values": 4},
    "18 of 40 fields set": {"custom_fields": 40},
}
# a list that is empty, of an entity that has custom fields
_NOTHING = "projects"


def turn(sandbox: RunningSandbox) -> dict[str, tuple[Run, Run]]:
    """Read all and nothing in both modes."""
    return {
        mode: (read(connector, sandbox, ["deals"]), read(connector, sandbox, [_NOTHING]))
        for mode, connector in _MODES.items()
    }


def per_row(runs: tuple[Run, Run]) -> float:
    """CPU of a row in microseconds, without the start of the process."""
    run, start = runs
    return (run.cpu - start.cpu) / run.total * 1e6


def line(title: str, turns: list[dict[str, tuple[Run, Run]]]) -> list[str]:
    """Write out the middle of all turns."""
    rows = [{mode: per_row(runs) for mode, runs in each.items()} for each in turns]
    with_start = [each["columns"][0].cpu / each["raw"][0].cpu for each in turns]
    written = {mode: runs[0].written / runs[0].total for mode, runs in turns[0].items()}
    return [
        title,
        f"{turns[0]['raw'][0].total:,}",
        *(f"{written[mode]:,.0f}" for mode in _MODES),
        *(f"{median(each[mode] for each in rows):.1f}" for mode in _MODES),
        f"{median(each['columns'] / each['raw'] for each in rows) - 1:+.0%}",
        f"{median(with_start) - 1:+.0%}",
    ]


def main() -> None:
    """Measure both accounts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a folder for filled accounts, to use them again")
    given = parser.parse_args()
    show_circumstances()
    lines = []
    for title, fields in _ACCOUNTS.items():
        sizes = {"only": "deals", "prerender": 4_096, "deals": given.rows, **fields}
        with account(given.keep, sizes) as sandbox:
            # the first turn fills the sandbox's memory
            lines.append(line(title, [turn(sandbox) for _ in range(given.turns + 1)][1:]))
    headers = ["", "rows", "bytes/row raw", "columns", "CPU us/row raw", "columns", "more", "all"]
    show("Columns for custom fields, against raw", headers, lines)


if __name__ == "__main__":
    main()
