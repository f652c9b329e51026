# ruff: noqa: INP001 - a script
"""Shows how fast pages become messages: `python -m benchmarks.read`.

The connector and a plain manifest of the same streams read the same account by turns. Figures are
medians of whole processes, including their start, whose output is read from a pipe. Neither reads
archived deals. The plain manifest writes fewer bytes per row, because the CDK drops columns that
are null. Plain Python shows the upper limit (`plain_python.py`).

The sandbox caches rendered pages, so the first turn fills the cache and does not count. For long
lists, the connector chooses other time windows in each turn, and the sandbox renders these again.
That does not change the CPU per row.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.report import show_environment, show_runs
from benchmarks.runs import (
    OURS,
    PLAIN_MANIFEST,
    PLAIN_PYTHON,
    Connector,
    Run,
    read,
    running_account,
)

_EIGHT_STREAMS = "deals,persons,organizations,activities,products,leads,notes,files"


@dataclass(frozen=True)
class Scenario:
    """Streams of one account, and the connectors that read them; the first is ours."""

    title: str
    streams: str
    sizes: Mapping[str, int]
    connectors: Sequence[Connector]


def scenarios(rows: int) -> Iterator[Scenario]:
    """Yield the scenarios, with about so many rows each."""
    settings = {"include_archived": False}
    raw = replace(OURS, settings={**settings, "custom_fields": "raw"})
    columns = replace(OURS, name=f"{OURS.name}, columns", settings=settings)
    others = [PLAIN_PYTHON, PLAIN_MANIFEST]
    yield Scenario("The start alone: an empty list", "persons", {"deals": 0}, [raw, *others])
    persons = {"deals": 0, "persons": rows, "custom_fields": 20}
    yield Scenario(f"One long stream: {rows:,} persons", "persons", persons, [raw, *others])
    each = rows // 4
    eight = {
        **dict.fromkeys(_EIGHT_STREAMS.split(","), each),
        "leads": 2 * each,
        "custom_fields": 20,
    }
    title = f"Eight streams at once, {each:,} rows each"
    yield Scenario(title, _EIGHT_STREAMS, eight, [raw, *others])
    deals = {"deals": rows, "custom_fields": 40}
    title = f"{rows:,} deals with 40 custom fields"
    raw = replace(raw, name=f"{OURS.name}, raw")
    yield Scenario(title, "deals", deals, [columns, raw, *others])


def run_scenario(scenario: Scenario, turns: int, folder: Path | None) -> dict[str, list[Run]]:
    """Let the connectors read by turns; return the runs of each."""
    runs: dict[str, list[Run]] = {connector.name: [] for connector in scenario.connectors}
    streams = scenario.streams.split(",")
    sizes: dict[str, int | str] = {"only": scenario.streams, "prerender": 4_096, **scenario.sizes}
    with running_account(folder, sizes) as sandbox:
        for turn in range(turns + 1):
            for connector in scenario.connectors:
                run = read(connector, sandbox, streams)
                if turn > 0:
                    runs[connector.name].append(run)
    return runs


def main() -> None:
    """Run every scenario, or the one with the given number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--scenario", type=int, choices=range(4))
    parser.add_argument("--keep", type=Path, help="folder in which filled accounts are reused")
    options = parser.parse_args()
    show_environment()
    for number, scenario in enumerate(scenarios(options.rows)):
        if options.scenario in {None, number}:
            show_runs(scenario.title, run_scenario(scenario, options.turns, options.keep))


if __name__ == "__main__":
    main()
