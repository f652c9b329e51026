# ruff: noqa: INP001 - a script
"""Shows whether memory grows with the rows: `python -m benchmarks.memory`.

It measures the most memory that the connector uses for a short and for a long list. Its output is
consumed slower than the connector can write it, so that pages queue up.
"""

import argparse
from pathlib import Path

from benchmarks.report import show, show_environment
from benchmarks.runs import MEGABYTE, OURS, read, running_account


def main() -> None:
    """Read both lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument(
        "--reader", type=float, default=20, help="megabytes consumed per second; 0: no limit"
    )
    parser.add_argument("--keep", type=Path, help="folder in which filled accounts are reused")
    options = parser.parse_args()
    show_environment()
    lines, peaks = [], []
    for rows in options.rows:
        sizes: dict[str, int | str] = {"only": "persons", "deals": 0, "persons": rows}
        with running_account(options.keep, sizes) as sandbox:
            speed = options.reader * MEGABYTE
            run = read(OURS, sandbox, ["persons"], bytes_per_second=speed)
        peaks.append(run.peak_memory)
        lines.append(
            [
                f"{run.row_count:,}",
                f"{run.bytes_written / MEGABYTE / run.seconds:.0f}",
                f"{run.peak_memory / MEGABYTE:.0f}",
                f"{run.peak_memory / peaks[0]:.2f}",
            ]
        )
    show("Memory", ["rows", "MB/s read", "peak RSS MB", "ratio to first"], lines)


if __name__ == "__main__":
    main()
