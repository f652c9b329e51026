"""`python -m integration_tests.torture --scenarios 200 --seed 1`: play, and print the score.

Scenario n of seed s is the one of seed s + n: `--scenarios 1 --seed 37` plays the thirty-seventh
alone, with an account of its own.
"""

import argparse
import sys

from rich.console import Console

from integration_tests.torture.match import play_all
from integration_tests.torture.scoreboard import describe, table


def main() -> int:
    """Play; fail if any promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.torture")
    parser.add_argument("--scenarios", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="as `make test` plays them")
    options = parser.parse_args()
    console = Console()
    seeds = range(options.seed, options.seed + options.scenarios)
    scores = []
    for score in play_all(seeds, options.workers, thorough=not options.short):
        scores.append(score)
        console.print(describe(score), highlight=False, markup=False, soft_wrap=True)
        console.file.flush()
    console.print(table(scores))
    return int(any(score.complaints for score in scores))


if __name__ == "__main__":
    sys.exit(main())
