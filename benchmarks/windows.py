# ruff: noqa: INP001 - a script
"""How near a first sync comes to the burst limit: `python -m benchmarks.windows`.

One list of deals, archived ones included, at a distance of 150 ms and with 100 requests in two
seconds. The ideal is what the requests take at that rate, without a start. A single chain of pages
could not be faster than one page per answer. Answers are not compressed, so that the sandbox has
time to spare.
"""

import argparse
import re
from math import ceil
from pathlib import Path

from benchmarks.runs import OURS, Connector, account, read, show, show_circumstances

_PAGE = 500
_WINDOW = 2.0
_TOTAL = re.compile(r"Total: .*, ([\d.]+) s, ([\d.]+) s of it waiting")


def main() -> None:
    """Read the list once for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000])
    parser.add_argument("--latency", type=float, default=0.15)
    parser.add_argument("--burst", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="a folder for filled accounts, to use them again")
    given = parser.parse_args()
    connector = Connector(OURS.name, OURS.command, {"custom_fields": "raw"})
    show_circumstances()
    lines = []
    for rows in given.rows:
        sizes = {"only": "deals", "deals": rows, "custom_fields": 0}
        limits = {"latency": given.latency, "burst": given.burst}
        with account(given.keep, {**sizes, **limits}, gzip=False) as sandbox:
            run = read(connector, sandbox, ["deals"])
        reading, waiting = map(float, _TOTAL.findall(run.said.text)[-1])
        ideal = run.requests * _WINDOW / given.burst
        chain = {name: ceil(count / _PAGE) for name, count in run.rows.items()}
        distinct = len(run.ids["deals"])
        least = sum(chain.values())
        lines.append(
            [
                f"{distinct:,}",
                f"{run.total - distinct:,}",
                f"{run.requests:,}",
                f"{run.requests / least - 1:+.1%}",
                f"{ideal:.1f}",
                f"{run.seconds:.1f}",
                f"{run.seconds / ideal:.2f}",
                f"{reading:.1f}",
                f"{reading / ideal:.2f}",
                f"{waiting:.1f}",
                f"{run.cpu:.1f}",
            ]
        )
    columns = [
        "rows",
        "repeated",
        "requests",
        "to one chain",
        "ideal s",
        "process s",
        "to ideal",
        "reading s",
        "to ideal",
        "waiting s",
        "CPU s",
    ]
    show("Windows", columns, lines)


if __name__ == "__main__":
    main()
