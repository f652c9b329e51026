# ruff: noqa: INP001 - a script
"""What columns for custom fields cost: `python -m benchmarks.custom_fields`, from the repository.

The connector reads the same deals with columns and raw, by turns, as whole processes. An account
with rows as a live one was seen to have them, 83 of 87 values unset; one with 40 fields of which as
few are set; one where a fifth is set; and the sandbox's own, which is filled more densely than
people fill forms. A row's CPU is that of the
process, without that of a read of nothing; `all` counts the start in. Figures are medians.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.runs import OURS, Run, account, read, show, show_circumstances
from pipedrive_sandbox.client import RunningSandbox

_SETTINGS = {"include_archived": False}
_MODES = {
    mode: replace(OURS, name=mode, settings={**_SETTINGS, "custom_fields": mode})
    for mode in ("raw", "columns")
}
_ACCOUNTS: Mapping[str, Mapping[str, int]] = {
    "4 of 87 fields set": {"custom_fields": 87, "custom_values": 4},
    "2 of 40 fields set": {"custom_fields": 40, "custom_values": 2},
    "8 of 40 fields set": {"custom_fields": 40, "custom_values": 8},
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


def line(title: str, turns: list[dict[str, tuple[Run, Run]]]) -> list[str]:
    """Write out the middle of all turns."""
    count = turns[0]["raw"][0].total
    written = [turns[0][mode][0].written / count for mode in _MODES]
    raw, columns = ([median(each[mode][0].cpu for each in turns)] for mode in _MODES)
    for mode, cpu in zip(_MODES, (raw, columns), strict=True):
        cpu.append(cpu[0] - median(each[mode][1].cpu for each in turns))
    return [
        title,
        f"{count:,}",
        *(f"{size:,.0f}" for size in written),
        *(f"{cpu[1] / count * 1e6:.1f}" for cpu in (raw, columns)),
        f"{columns[1] / raw[1] - 1:+.0%}",
        f"{columns[0] / raw[0] - 1:+.0%}",
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
