# ruff: noqa: INP001, T201 - a script for a terminal
"""What columns for custom fields cost: `python -m benchmarks.custom_fields`, from the repository.

Pages of 500 deals with 40 custom fields of all types: parsed and written with orjson, which is what
every row costs at least, and the same with `Columns.fill` in between. The share of values that are
set is the sandbox's, and that of a live account seen with 83 of 87 values unset. Each figure is the
fastest of many turns that alternate, so that a busy machine disturbs all of them alike.
"""

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pipedrive_sandbox.core_data import deals
from pipedrive_sandbox.data import field_definitions
from pipedrive_sandbox.sizes import Sizes
from pipedrive_sandbox.world import World
from source_pipedrive.custom_fields import Columns, columns_of

_PAGE = 500
_FIELDS = 40
_NOW = 1_770_000_000
_SPARSE = 4 / 87

Rows = list[dict[str, Any]]


def page(world: World) -> Rows:
    """Make a page of deals as the API renders it."""
    return orjson.loads(orjson.dumps(list(deals(world))))  # type: ignore[no-any-return]


def unset(rows: Rows, keep: float) -> Rows:
    """Leave only a share of the values set."""
    dice = random.Random(7)  # noqa: S311 - made-up data wants a seed, not secrecy
    for row in rows:
        for key in row["custom_fields"]:
            if dice.random() > keep:
                row["custom_fields"][key] = None
    return rows


def fastest(jobs: Sequence[Callable[[], float]], turns: int) -> list[float]:
    """Return the best time of each job, in microseconds a row."""
    times: dict[int, list[float]] = defaultdict(list)
    for _ in range(turns):
        for number, job in enumerate(jobs):
            times[number].append(job())
    return [min(each) / _PAGE * 1e6 for each in times.values()]


def seconds(rows: Rows, job: Callable[[Rows], object]) -> float:
    """Time one job on rows of its own."""
    began = time.perf_counter()
    job(rows)
    return time.perf_counter() - began


def measure(name: str, rows: Rows, columns: Columns, turns: int) -> None:
    """Print what a page costs without and with columns."""
    body = orjson.dumps(rows)
    filled = orjson.loads(body)
    columns.fill(filled)
    values = sum(value is not None for row in rows for value in row["custom_fields"].values())

    def write(each: Rows) -> list[bytes]:
        return [orjson.dumps(row) for row in each]

    def parsed() -> Rows:
        return orjson.loads(body)  # type: ignore[no-any-return]

    def write_filled() -> float:
        each = parsed()
        columns.fill(each)
        return seconds(each, write)

    parse, fill, raw, wide = fastest(
        [
            lambda: seconds([], lambda _: parsed()),
            lambda: seconds(parsed(), columns.fill),
            lambda: seconds(parsed(), write),
            write_filled,
        ],
        turns,
    )
    print(
        f"{name:<8} {values / _PAGE:>5.1f} of {_FIELDS} set   parse {parse:5.1f}   write {raw:5.1f}"
        f"   fill {fill:5.1f}   write with columns {wide:5.1f}   us/row"
        f"   fill is {fill / (parse + raw):4.0%} of parse and write,"
        f" columns add {(fill + wide - raw) / (parse + raw):4.0%} to them"
    )


def main() -> None:
    """Measure both shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    turns = parser.parse_args().turns
    sizes = Sizes.scaled(_PAGE, {"custom_fields": _FIELDS}, {"deals"})
    world = World(sizes, 7, _NOW)
    columns = columns_of([one for one in field_definitions(world) if one["entity"] == "deal"], "v2")
    measure("sandbox", page(world), columns, turns)
    measure("live", unset(page(world), _SPARSE), columns, turns)


if __name__ == "__main__":
    main()
