# ruff: noqa: INP001 - a script
"""Shows how close a first sync comes to the burst limit: `python -m benchmarks.windows`.

It reads one list of deals, archived ones included, with a latency of 150 ms and a limit of 100
requests in two seconds. The ideal time is what the requests take at that rate, without the start of
the process. Without time windows, each page would wait for the page before it. Responses are not
compressed, so that the sandbox is never the slower side.
"""

import argparse
import re
from math import ceil
from pathlib import Path

from benchmarks.report import show, show_environment
from benchmarks.runs import OURS, Connector, Run, read, running_account

_PAGE_SIZE = 500
_BURST_SECONDS = 2.0
_TOTAL = re.compile(r"Total: .*, ([\d.]+) s, ([\d.]+) s of it")
_COLUMNS = [
    "rows",
    "repeated",
    "requests",
    "above minimum",
    "ideal s",
    "process s",
    "to ideal",
    "reading s",
    "to ideal",
    "waiting s",
    "CPU s",
]


def main() -> None:
    """Read the list once for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000])
    parser.add_argument("--latency", type=float, default=0.15)
    parser.add_argument("--burst", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="folder in which filled accounts are reused")
    options = parser.parse_args()
    connector = Connector(OURS.name, OURS.command, {"custom_fields": "raw"})
    show_environment()
    lines = []
    for rows in options.rows:
        sizes = {"only": "deals", "deals": rows, "custom_fields": 0}
        limits = {"latency": options.latency, "burst": options.burst}
        with running_account(options.keep, {**sizes, **limits}, gzip=False) as sandbox:
            run = read(connector, sandbox, ["deals"])
        lines.append(_line(run, run.requests * _BURST_SECONDS / options.burst))
    show("Windows", _COLUMNS, lines)


def _line(run: Run, ideal: float) -> list[str]:
    reading, waiting = map(float, _TOTAL.findall(run.output.text)[-1])
    distinct = len(run.ids["deals"])
    # what the active and the archived list take if each page waits for the page before it
    min_requests = sum(ceil(count / _PAGE_SIZE) for count in run.row_counts.values())
    return [
        f"{distinct:,}",
        f"{run.row_count - distinct:,}",
        f"{run.requests:,}",
        f"{run.requests / min_requests - 1:+.1%}",
        f"{ideal:.1f}",
        f"{run.seconds:.1f}",
        f"{run.seconds / ideal:.2f}",
        f"{reading:.1f}",
        f"{reading / ideal:.2f}",
        f"{waiting:.1f}",
        f"{run.cpu_seconds:.1f}",
    ]


if __name__ == "__main__":
    main()
