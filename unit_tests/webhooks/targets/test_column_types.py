"""Columns whose type changes, in DuckDB and PostgreSQL: no load fails, and no value is lost."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pytest

if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte has no release for Python 3.13", allow_module_level=True)
from unit_tests.webhooks.targets.loads import load, table, types

# PyAirbyte's packages warn when they are called
pytestmark = pytest.mark.filterwarnings("ignore")

TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "number"]}
INTEGER = {"type": ["null", "integer"]}
BOOLEAN = {"type": ["null", "boolean"]}
DATE = {"type": ["null", "string"], "format": "date"}
ARRAY = {"type": ["null", "array"]}
LOCAL_MOMENT = {
    "type": ["null", "string"],
    "format": "date-time",
    "airbyte_type": "timestamp_without_timezone",
}
MOMENT = {**LOCAL_MOMENT, "airbyte_type": "timestamp_with_timezone"}
TIME = {"type": ["null", "string"], "format": "time", "airbyte_type": "time_without_timezone"}

# the beginnings of the names that the databases have for the types
NAMES = {
    "text": ("VARCHAR", "CHARACTER VARYING"),
    "number": ("DECIMAL", "NUMERIC"),
    "integer": ("BIGINT",),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "moment": ("TIMESTAMP",),
    "time": ("TIME",),
    "json": ("JSON",),
}

# the type and values before, the type and a value afterwards, and what is then in the table
CHANGES: dict[str, tuple[Any, Sequence[Any], Any, Any, str, Sequence[Any]]] = {
    "number to text": (NUMBER, [42, 1.5, -100], TEXT, "L", "text", ["42", "1.5", "-100", "L"]),
    "integer to text": (INTEGER, [7], TEXT, "L", "text", ["7", "L"]),
    "date to text": (DATE, ["2026-05-01"], TEXT, "soon", "text", ["2026-05-01", "soon"]),
    "labels to text": (ARRAY, [["A", "B"]], TEXT, "A", "text", ['["A","B"]', "A"]),
    "text to labels": (TEXT, ["A"], ARRAY, ["A"], "text", ["A", '["A"]']),
    "text of arrays to arrays": (TEXT, ['["A"]'], ARRAY, ["B"], "json", [["A"], ["B"]]),
    "numbers in text": (TEXT, ["150", "1.50", "0"], NUMBER, 3, "number", [150, 1.5, 0, 3]),
    "text with a whole number": (TEXT, ["150.0", ""], INTEGER, 3, "integer", [150, None, 3]),
    "text that is no number": (TEXT, ["15", "L"], NUMBER, 42.5, "text", ["15", "L", "42.5"]),
    "a postal code": (TEXT, ["00610"], NUMBER, 42, "text", ["00610", "42"]),
    "integer to number": (INTEGER, [7], NUMBER, 1.5, "number", [7, 1.5]),
    "a fraction": (NUMBER, [1.5], INTEGER, 7, "text", ["1.5", "7"]),
    "whole numbers": (NUMBER, [2, 100], INTEGER, 7, "integer", [2, 100, 7]),
    "flags": (INTEGER, [0, 1], BOOLEAN, True, "boolean", [False, True, True]),
    "no flags": (INTEGER, [0, 2], BOOLEAN, True, "text", ["0", "2", "true"]),
    "moments without a zone": (
        LOCAL_MOMENT,
        ["2026-05-01 10:00:00"],
        MOMENT,
        "2026-05-02T10:00:00Z",
        "moment",
        [datetime(2026, 5, 1, 10), datetime(2026, 5, 2, 10)],  # noqa: DTZ001 - as the database returns it
    ),
    "text with moments": (
        TEXT,
        ["2026-05-01 10:00:00", "2026-05-01T11:00:00Z"],
        MOMENT,
        "2026-05-02T10:00:00Z",
        "moment",
        [datetime(2026, 5, 1, 10), datetime(2026, 5, 1, 11), datetime(2026, 5, 2, 10)],  # noqa: DTZ001 - as the database returns it
    ),
    "a moment of another zone": (
        TEXT,
        ["2026-05-01T11:00:00+02:00"],
        MOMENT,
        "2026-05-02T10:00:00Z",
        "text",
        ["2026-05-01T11:00:00+02:00", "2026-05-02 10:00:00"],
    ),
    "dates to moments": (
        DATE,
        ["2026-05-01"],
        MOMENT,
        "2026-05-02T10:00:00Z",
        "moment",
        [datetime(2026, 5, 1), datetime(2026, 5, 2, 10)],  # noqa: DTZ001 - as the database returns it
    ),
    "a moment is no date": (
        MOMENT,
        ["2026-05-01T10:00:00Z"],
        DATE,
        "2026-05-02",
        "text",
        ["2026-05-01 10:00:00", "2026-05-02"],
    ),
    "text with dates": (
        TEXT,
        ["2026-05-01", ""],
        DATE,
        "2026-05-02",
        "date",
        [date(2026, 5, 1), None, date(2026, 5, 2)],
    ),
    "text with times": (
        TEXT,
        ["09:30", "10:00:00"],
        TIME,
        "11:00:00",
        "time",
        [time(9, 30), time(10), time(11)],
    ),
    "no values": (NUMBER, [None], BOOLEAN, None, "boolean", [None, None]),
}


def values(destination: Any, kind: str) -> list[Any]:
    """Return the values of the column, without what differs between the databases."""
    found = [row["custom_size"] for row in table(destination)]
    if kind == "json":
        return [json.loads(one) if isinstance(one, str) else one for one in found]
    return [float(one) if isinstance(one, Decimal) else one for one in found]


@pytest.mark.parametrize("change", CHANGES)
def test_a_column_gets_the_new_type_or_becomes_text(destination: Any, change: str) -> None:
    before, old, after, new, kind, expected = CHANGES[change]
    rows = [{"id": number, "custom_size": value} for number, value in enumerate(old)]

    load(destination, {"custom_size": before}, rows)
    load(destination, {"custom_size": after}, [{"id": len(old), "custom_size": new}])

    assert values(destination, kind) == expected
    assert types(destination)["custom_size"].startswith(NAMES[kind])


def test_a_column_with_both_types_stays_text_until_no_old_value_is_left(destination: Any) -> None:
    column = {"custom_size": NUMBER}
    load(destination, {"custom_size": TEXT}, [{"id": 1, "custom_size": "large"}])

    load(destination, column, [{"id": 2, "custom_size": 42}])
    load(destination, column, [{"id": 3, "custom_size": 43.5}])
    assert values(destination, "text") == ["large", "42", "43.5"]

    load(destination, column, [{"id": 1, "custom_size": 41}])
    load(destination, column, [{"id": 4, "custom_size": 44}])
    assert values(destination, "number") == [41, 42, 43.5, 44]


def test_a_new_column_is_added_whatever_its_name(destination: Any) -> None:
    load(destination, {"custom_size": TEXT}, [{"id": 1, "custom_size": "L"}])

    load(destination, {"from": TEXT, "custom_size": TEXT}, [{"id": 2, "from": "Ada"}])

    assert table(destination) == [
        {"id": 1, "custom_size": "L", "from": None},
        {"id": 2, "custom_size": None, "from": "Ada"},
    ]


def test_a_column_that_is_not_declared_any_more_keeps_its_values(destination: Any) -> None:
    load(destination, {"custom_size": TEXT}, [{"id": 1, "custom_size": "L"}])

    load(destination, {"title": TEXT}, [{"id": 1, "title": "Boots"}])

    assert table(destination) == [{"id": 1, "custom_size": "L", "title": "Boots"}]
