"""The sums of the report by names instead of positions."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

Row = dict[str, Any]
Sums = dict[tuple[Any, ...], dict[str, float]]


def named(contents: Row, name: str) -> list[Row]:
    """The rows of a query, with names instead of positions."""
    labels = {
        "pipeline": contents["pipelines"],
        "owner": contents["owners"],
        "stage": [stage["name"] for stage in contents["stages"]],
        "unit": contents["units"],
        "source": contents["sources"],
        "month": contents["months"],
        "due": contents["due"],
    }
    columns = contents["sums"][name]["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in contents["sums"][name]["rows"]]
    return [
        {
            key: labels[key][value] if key in labels and value >= 0 else value
            for key, value in row.items()
        }
        for row in rows
    ]


def summed(rows: list[Row], keys: str, numbers: str) -> Sums:
    """The sums of numbers by keys, without those that are zero throughout."""
    sums: Sums = defaultdict(lambda: dict.fromkeys(numbers.split(), 0.0))
    for row in rows:
        for one in numbers.split():
            sums[tuple(row[key] for key in keys.split())][one] += row[one]
    return {key: values for key, values in sums.items() if any(values.values())}


def assert_same(found: Sums, expected: Sums) -> None:
    assert expected
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        for name, value in values.items():
            assert math.isclose(found[key][name], value, rel_tol=1e-6, abs_tol=0.5), (key, name)
