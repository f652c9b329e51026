"""What each type of column makes of the forms in which Pipedrive writes a value."""

from typing import Any

import pytest

from source_pipedrive.conformance.conformer import type_of
from source_pipedrive.conformance.conversions import MisfitError

TEXT = {"type": ["null", "string"]}
JSON_TEXT = {**TEXT, "contentMediaType": "application/json"}
INTEGER = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
BOOLEAN = {"type": ["null", "boolean"]}
OBJECT = {"type": ["null", "object"]}
LIST = {"type": ["null", "array"], "items": INTEGER}
MOMENT = {**TEXT, "format": "date-time"}
DATE = {**TEXT, "format": "date"}
TIME = {**TEXT, "format": "time"}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (TEXT, "Žöå 🚀", "Žöå 🚀"),
        (TEXT, "", ""),
        (TEXT, "0000-00-00", "0000-00-00"),
        (TEXT, 37, "37"),
        (TEXT, 1.5, "1.5"),
        (TEXT, False, "false"),
        (JSON_TEXT, "plain", "plain"),
        (JSON_TEXT, True, "true"),
        (JSON_TEXT, {"status": "=won"}, '{"status":"=won"}'),
        (INTEGER, 7, 7),
        (INTEGER, 7.0, 7),
        (INTEGER, "7", 7),
        (INTEGER, {"id": 7, "name": "Gone"}, 7),
        (INTEGER, {"value": "7", "name": "Ada"}, 7),
        (INTEGER, {"value": None, "id": 7}, 7),
        (INTEGER, 2**63 - 1, 2**63 - 1),
        (INTEGER, "", None),
        (NUMBER, 12, 12),
        (NUMBER, "12.50", 12.5),
        (NUMBER, -9.9e28, -9.9e28),
        (NUMBER, " ", None),
        (BOOLEAN, 0, False),
        (BOOLEAN, 1, True),
        (BOOLEAN, "true", True),
        (BOOLEAN, "0", False),
        (BOOLEAN, "", None),
        (OBJECT, {"a": 1}, {"a": 1}),
        (OBJECT, [], {}),
        (LIST, [1, "2", None, {"id": 3}], [1, 2, None, 3]),
        (LIST, [], []),
        (MOMENT, "2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        (MOMENT, "2024-05-01 10:00:00", "2024-05-01T10:00:00Z"),
        (MOMENT, "2024-05-01T10:00:00.000Z", "2024-05-01T10:00:00Z"),
        (MOMENT, "2024-05-01T10:00:00.386Z", "2024-05-01T10:00:00.386Z"),
        (MOMENT, "2024-05-01T10:00:00.000250Z", "2024-05-01T10:00:00.000250Z"),
        (MOMENT, "2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z"),
        (MOMENT, "2024-05-01", "2024-05-01T00:00:00Z"),
        (MOMENT, "0001-01-01 00:00:00", "0001-01-01T00:00:00Z"),
        (MOMENT, "0000-00-00 00:00:00", None),
        (MOMENT, "0000-00-00", None),
        (MOMENT, "", None),
        (DATE, "2024-02-29", "2024-02-29"),
        (DATE, "2024-02-29T00:00:00Z", "2024-02-29"),
        (DATE, "0000-00-00", None),
        (DATE, "", None),
        (TIME, "09:30", "09:30:00"),
        (TIME, "09:30:15", "09:30:15"),
        (TIME, "", None),
    ],
)
def test_what_loses_nothing_is_converted(schema: Any, value: Any, expected: Any) -> None:
    converted = type_of(schema).convert(value)

    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("schema", "value", "kind"),
    [
        (TEXT, ["a"], "array"),
        (TEXT, {"value": "a"}, "object"),
        (TEXT, float("inf"), "number"),
        (INTEGER, "Ada", "text"),
        (INTEGER, 1.5, "number"),
        (INTEGER, 2.0**60, "number"),
        (INTEGER, True, "boolean"),
        (INTEGER, 2**63, "integer"),
        (INTEGER, {"name": "Ada"}, "object"),
        (INTEGER, {"id": "Ada"}, "object"),
        (NUMBER, 1e29, "number"),
        (NUMBER, "1e999", "text"),
        (NUMBER, "NaN", "text"),
        (NUMBER, "12,5", "text"),
        (NUMBER, False, "boolean"),
        (NUMBER, float("nan"), "number"),
        (BOOLEAN, 2, "integer"),
        (BOOLEAN, "maybe", "text"),
        (BOOLEAN, [], "array"),
        (OBJECT, "{}", "text"),
        (OBJECT, [1], "array"),
        (LIST, "1", "text"),
        (LIST, {}, "object"),
        (MOMENT, "yesterday", "text"),
        (MOMENT, "2024-02-30T10:00:00Z", "text"),
        (MOMENT, "2024-05-01T10:00:00Zx", "text"),
        (MOMENT, "2024-W01-1T10:00:00Z", "text"),
        (MOMENT, "20240501", "text"),
        (MOMENT, "0001-01-01T00:00:00+14:00", "text"),
        (MOMENT, 1714557600, "integer"),
        (DATE, "2024-02-30", "text"),
        (DATE, "2024-02-29T10:00:00Z", "text"),
        (DATE, "20240229", "text"),
        (DATE, 20240229, "integer"),
        (TIME, "24:00", "text"),
        (TIME, "0930", "text"),
        (TIME, "09:30:00+02:00", "text"),
        (TIME, 930, "integer"),
    ],
)
def test_what_does_not_fit_is_a_misfit_that_shows_no_value(
    schema: Any, value: Any, kind: str
) -> None:
    with pytest.raises(MisfitError) as raised:
        type_of(schema).convert(value)

    assert raised.value.rest is None
    assert raised.value.parts == {"": kind}
    assert str(value) not in str(raised.value)


def test_an_id_that_is_text_may_arrive_in_an_object() -> None:
    assert type_of(TEXT, "lead_id").convert({"id": "adf21080"}) == "adf21080"
    with pytest.raises(MisfitError):
        type_of(TEXT, "title").convert({"id": "adf21080"})
