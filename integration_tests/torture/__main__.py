"""The command `python -m integration_tests.torture --scenarios 200 --seed 1`.

It runs scenarios, in which syncs meet random faults, and compares the rows with the account.
Scenario n of seed s is scenario 1 of seed s + n - 1. So `--scenarios 1 --seed 37` repeats the 37th
of seed 1, but with an account of its own.

With `--destinations 5`, it also syncs accounts with random values into DuckDB and PostgreSQL, with
the values of five seeds.
"""

import argparse
import sys

from rich.console import Console

from integration_tests.torture.destinations import run_destinations
from integration_tests.torture.report import describe, table
from integration_tests.torture.runner import run_scenarios


def main() -> int:
    """Run the scenarios; return 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.torture")
    parser.add_argument("--scenarios", type=int, default=200, help="how many to run")
    parser.add_argument("--seed", type=int, default=1, help="of the first scenario")
    parser.add_argument("--destinations", type=int, default=0, help="seeds of random values")
    parser.add_argument("--workers", type=int, default=2, help="scenarios at a time")
    parser.add_argument("--short", action="store_true", help="as in `make test`")
    options = parser.parse_args()
    console = Console()
    seeds = range(options.seed, options.seed + options.scenarios)
    results = []
    for result in run_scenarios(seeds, options.workers, thorough=not options.short):
        results.append(result)
        console.print(describe(result), highlight=False, markup=False, soft_wrap=True)
        console.file.flush()
    if results:
        console.print(table(results))
    failures = [failure for result in results for failure in result.failures]
    for found in run_destinations(range(options.seed, options.seed + options.destinations)):
        failures += found.failures
        console.print(str(found), highlight=False, markup=False, soft_wrap=True)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
