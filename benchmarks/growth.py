# ruff: noqa: INP001 - a script
"""Whether cost grows as the rows do: `python -m benchmarks.growth`, from the repository.

Time, memory and tokens of reading lists of persons of different lengths, as a table and a picture:
straight lines, and memory a level one. Answers are not compressed, so that the sandbox has time to
spare.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.runs import COLUMNS, OURS, Run, account, figures, read, show, show_circumstances

_SHOWN = ("seconds", "CPU s", "CPU us/row", "peak RSS MB", "requests", "tokens")
_DRAWN = ("seconds", "peak RSS MB", "tokens")


def draw(runs: Sequence[Run], file: Path) -> None:
    """Draw the growth of what matters over the rows."""
    figure = Figure(figsize=(12, 3.5), layout="constrained")
    panels = figure.subplots(1, len(_DRAWN))
    for panel, name in zip(panels, _DRAWN, strict=True):
        column = COLUMNS[name].of
        panel.plot([run.total / 1e6 for run in runs], [column(run) for run in runs], marker="o")
        panel.set(title=name, xlabel="million rows", xlim=0, ylim=0)
        panel.grid(visible=True, alpha=0.3)
    figure.savefig(file)


def main() -> None:
    """Read each list once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--picture", type=Path, default=Path("growth.svg"), help="PNG or SVG")
    parser.add_argument("--keep", type=Path, help="a folder for filled accounts, to use them again")
    given = parser.parse_args()
    show_circumstances()
    runs = []
    for rows in sorted(given.rows):
        sizes: dict[str, int | str] = {"only": "persons", "deals": 0, "persons": rows}
        with account(given.keep, sizes, gzip=False) as sandbox:
            runs.append(read(OURS, sandbox, ["persons"]))
    lines = [[f"{len(run.ids['persons']):,}", *figures([run], _SHOWN)] for run in runs]
    show("Growth", ["rows", *_SHOWN], lines)
    draw(runs, given.picture)


if __name__ == "__main__":
    main()
