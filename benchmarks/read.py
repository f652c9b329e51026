# ruff: noqa: INP001 - a script
"""How fast pages become messages: `python -m benchmarks.read`, from the repository.

The connector and a plain manifest of the same streams take turns on the same account; figures are
medians of whole processes, start included, with the output read from a pipe. Archived deals are
left out on both sides. The plain manifest writes fewer bytes a row: the CDK's own output drops
columns that are null. Plain Python stands beside them as the ceiling, see `ceiling.py`.

The sandbox keeps rendered pages, and a first turn that fills them is not counted; where a list is
long, the connector reads windows that no turn before had, and the sandbox compresses those anew.
The CPU a row costs does not depend on that.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.runs import (
    CEILING,
    OURS,
    PLAIN,
    Connector,
    Run,
    account,
    read,
    show_circumstances,
    show_runs,
)

_EIGHT = "deals,persons,organizations,activities,products,leads,notes,files"


@dataclass(frozen=True)
class Scenario:
    """What is read by whom; the last connector is what the first is measured against."""

    title: str
    streams: str
    sizes: Mapping[str, int]
    connectors: Sequence[Connector]


def scenarios(rows: int) -> Iterator[Scenario]:
    """Yield the scenarios at a size."""
    live = {"include_archived": False}
    raw = replace(OURS, settings={**live, "custom_fields": "raw"})
    columns = replace(OURS, name=f"{OURS.name}, columns", settings=live)
    yield Scenario("The start alone: an empty list", "persons", {"deals": 0}, [raw, CEILING, PLAIN])
    one = {"deals": 0, "persons": rows, "custom_fields": 20}
    yield Scenario(f"One long stream: {rows:,} persons", "persons", one, [raw, CEILING, PLAIN])
    each = rows // 4
    eight = {**dict.fromkeys(_EIGHT.split(","), each), "leads": 2 * each, "custom_fields": 20}
    yield Scenario(
        f"Eight streams at once, {each:,} rows each", _EIGHT, eight, [raw, CEILING, PLAIN]
    )
    wide = {"deals": rows, "custom_fields": 40}
    title = f"{rows:,} deals with 40 custom fields"
    yield Scenario(
        title, "deals", wide, [columns, replace(raw, name=f"{OURS.name}, raw"), CEILING, PLAIN]
    )


def play(scenario: Scenario, turns: int, keep: Path | None) -> dict[str, list[Run]]:
    """Let the connectors take turns."""
    runs: dict[str, list[Run]] = {one.name: [] for one in scenario.connectors}
    streams = scenario.streams.split(",")
    sizes: dict[str, int | str] = {"only": scenario.streams, "prerender": 4_096, **scenario.sizes}
    with account(keep, sizes) as sandbox:
        for turn in range(turns + 1):
            for connector in scenario.connectors:
                run = read(connector, sandbox, streams)
                if turn:
                    runs[connector.name].append(run)
    return runs


def main() -> None:
    """Play every scenario, or the one that is named by its number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--scenario", type=int, choices=range(4))
    parser.add_argument("--keep", type=Path, help="a folder for filled accounts, to use them again")
    given = parser.parse_args()
    show_circumstances()
    for number, scenario in enumerate(scenarios(given.rows)):
        if given.scenario in {None, number}:
            show_runs(scenario.title, play(scenario, given.turns, given.keep))


if __name__ == "__main__":
    main()
