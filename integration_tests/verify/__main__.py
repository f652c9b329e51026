"""Proves what `verify` says: `python -m integration_tests.verify --runs 200`.

It prints the table of docs/verify.md.
"""

import argparse

from integration_tests.verify.proof import prove
from pipedrive_sandbox.client import running_sandbox


def main() -> None:
    """Run the proof and print a line for each kind of error and rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--deals", type=int, default=5000)
    parser.add_argument("--tokens", type=int, default=110)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.001, 0.01, 0.1])
    options = parser.parse_args()
    print("| Errors | Rate | Wrong rows | Found | Theory | Mean bound | Bound holds |")  # noqa: T201 - a program
    print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201 - a program
    with running_sandbox(deals=options.deals, only="deals", burst=0) as sandbox:
        sandbox.control("clock", "POST", freeze=True)
        for cell in prove(sandbox, options.runs, options.rates, options.tokens):
            print(  # noqa: T201 - a program
                f"| {cell.kind} | {cell.rate:.1%} | {cell.wrong} | {cell.found / cell.runs:.1%} "
                f"| {cell.expected / cell.runs:.1%} | {cell.bound / cell.runs:.2%} "
                f"| {cell.covered / cell.runs:.1%} |",
                flush=True,
            )
            assert not cell.false_alarms, "a clean table gave an error"


if __name__ == "__main__":
    main()
