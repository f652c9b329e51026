# ruff: noqa: INP001 - a script
"""Whether memory grows with the rows: `python -m benchmarks.memory`, from the repository.

The most memory that the connector held while it read a short and a long list, with a reader at the
other end of the pipe that is slower than the connector, so that pages queue up.
"""

import argparse
from pathlib import Path

from benchmarks.runs import MEGABYTE, OURS, account, read, show, show_circumstances


def main() -> None:
    """Read both lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument("--reader", type=float, default=20, help="megabytes a second; 0: its best")
    parser.add_argument("--keep", type=Path, help="a folder for filled accounts, to use them again")
    given = parser.parse_args()
    show_circumstances()
    lines, peaks = [], []
    for rows in given.rows:
        with account(given.keep, {"only": "persons", "deals": 0, "persons": rows}) as sandbox:
            run = read(OURS, sandbox, ["persons"], bytes_per_second=given.reader * MEGABYTE)
        peaks.append(run.peak)
        lines.append(
            [
                f"{run.total:,}",
                f"{run.written / MEGABYTE / run.seconds:.0f}",
                f"{run.peak / MEGABYTE:.0f}",
                f"{run.peak / peaks[0]:.2f}",
            ]
        )
    show("Memory", ["rows", "MB/s read", "peak RSS MB", "to the first"], lines)


if __name__ == "__main__":
    main()
