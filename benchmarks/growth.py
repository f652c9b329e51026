# ruff: noqa: INP001 - a script
"""Shows whether costs grow in proportion to the rows: `python -m benchmarks.growth`.

It reads lists of persons of different lengths, and prints and draws time, memory, and tokens. Time
and tokens should be straight lines, memory a level one. Responses are not compressed, so that the
sandbox is never the slower side.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.report import FIGURES, medians, show, show_environment
from benchmarks.runs import OURS, Run, read, running_account

_SHOWN = ("seconds", "CPU s", "CPU us/row", "peak RSS MB", "requests", "tokens")
_DRAWN = ("seconds", "peak RSS MB", "tokens")


def draw(runs: Sequence[Run], file: Path) -> None:
    """Draw figures over the number of rows."""
    picture = Figure(figsize=(12, 3.5), layout="constrained")
    panels = picture.subplots(1, len(_DRAWN))
    for panel, name in zip(panels, _DRAWN, strict=True):
        value = FIGURES[name].value
        panel.plot([run.row_count / 1e6 for run in runs], [value(run) for run in runs], marker="o")
        panel.set(title=name, xlabel="million rows", xlim=0, ylim=0)
        panel.grid(visible=True, alpha=0.3)
    picture.savefig(file)


def main() -> None:
    """Read each list once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--picture", type=Path, default=Path("growth.svg"), help="PNG or SVG")
    parser.add_argument("--keep", type=Path, help="folder in which filled accounts are reused")
    options = parser.parse_args()
    show_environment()
    runs = []
    for rows in sorted(options.rows):
        sizes: dict[str, int | str] = {"only": "persons", "deals": 0, "persons": rows}
        with running_account(options.keep, sizes, gzip=False) as sandbox:
            runs.append(read(OURS, sandbox, ["persons"]))
    lines = [[f"{len(run.ids['persons']):,}", *medians([run], _SHOWN)] for run in runs]
    show("Growth", ["rows", *_SHOWN], lines)
    draw(runs, options.picture)


if __name__ == "__main__":
    main()
