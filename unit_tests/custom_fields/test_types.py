"""What each type of custom field puts into its columns."""

import json
from typing import Any

import pytest

from source_pipedrive.custom_fields.columns import columns_of
from unit_tests.custom_fields.sample_fields import (
    ADDRESS,
    REFERENCED_STREAMS,
    SUBFIELDS,
    UUID,
    a_field,
    columns_in_v1,
    columns_in_v2,
)

TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "number"]}
INTEGER = {"type": ["null", "integer"]}
DATE = {"type": ["null", "string"], "format": "date"}
TIME = {**TEXT, "format": "time", "airbyte_type": "time_without_timezone"}
JSON = {**TEXT, "contentMediaType": "application/json"}
TEXTS = {"type": ["null", "array"], "items": {"type": ["null", "string"]}}
INTEGERS = {"type": ["null", "array"], "items": {"type": ["null", "integer"]}}

VALUES = [
    pytest.param("varchar", "Žöå 🚀", {"": "Žöå 🚀"}, {"": TEXT}, {"": "Žöå 🚀"}, id="varchar"),
    pytest.param("varchar_auto", "", {"": ""}, {"": TEXT}, {"": ""}, id="varchar_auto"),
    pytest.param("text", "a\nb", {"": "a\nb"}, {"": TEXT}, {"": "a\nb"}, id="text"),
    pytest.param("phone", "+372 5", {"": "+372 5"}, {"": TEXT}, {"": "+372 5"}, id="phone"),
    pytest.param("double", -1.5, {"": -1.5}, {"": NUMBER}, {"": -1.5}, id="double"),
    pytest.param("double", 0, {"": 0}, {"": NUMBER}, {"": 0}, id="whole double"),
    pytest.param("int", 7, {"": 7}, {"": INTEGER}, {"": 7}, id="int"),
    pytest.param(
        "boolean",
        False,
        {"": False},
        {"": {"type": ["null", "boolean"]}},
        {"": False},
        id="boolean",
    ),
    pytest.param(
        "monetary",
        {"value": 12.5, "currency": "EUR"},
        {"": 12.5, "_currency": "EUR"},
        {"": NUMBER, "_currency": TEXT},
        {"": 12.5, "_currency": "EUR"},
        id="monetary",
    ),
    pytest.param(
        "date", "2024-02-29", {"": "2024-02-29"}, {"": DATE}, {"": "2024-02-29"}, id="date"
    ),
    pytest.param(
        "daterange",
        {"value": "2024-01-01", "until": "2024-03-31"},
        {"": "2024-01-01", "_until": "2024-03-31"},
        {"": DATE, "_until": DATE},
        {"": "2024-01-01", "_until": "2024-03-31"},
        id="daterange",
    ),
    pytest.param(
        "time",
        {"value": "09:30:00", "timezone_id": 83, "timezone_name": None},
        {"": "09:30:00", "_timezone_id": 83},
        {"": TIME, "_timezone": TEXT, "_timezone_id": INTEGER},
        {"": "09:30:00", "_timezone_id": 83},
        id="time",
    ),
    pytest.param(
        "timerange",
        {"value": "09:30:00", "until": "10:00:00", "timezone_id": 83},
        {"": "09:30:00", "_until": "10:00:00", "_timezone_id": 83},
        {"": TIME, "_until": TIME, "_timezone": TEXT, "_timezone_id": INTEGER},
        {"": "09:30:00", "_until": "10:00:00", "_timezone_id": 83},
        id="timerange",
    ),
    pytest.param(
        "address",
        ADDRESS,
        {"" if part == "value" else f"_{part}": text for part, text in ADDRESS.items()},
        {
            "": TEXT,
            "_street_number": TEXT,
            "_route": TEXT,
            "_subpremise": TEXT,
            "_admin_area_level_1": TEXT,
            "_postal_code": TEXT,
        },
        {
            "": "Karli tn 5, 00610 Tallinn",
            "_street_number": "5",
            "_route": "Karli",
            "_admin_area_level_1": "Harju maakond",
            "_postal_code": "00610",
        },
        id="address",
    ),
    pytest.param(
        "enum", 37, {"": "37"}, {"": TEXT, "_id": INTEGER}, {"": "Renewal", "_id": 37}, id="enum"
    ),
    pytest.param(
        "set",
        [37, 36],
        {"": "37,36"},
        {"": TEXTS, "_ids": INTEGERS},
        {"": ["Renewal", "New"], "_ids": [37, 36]},
        id="set",
    ),
    pytest.param(
        "set", [36], {"": "36"}, {"": TEXTS, "_ids": INTEGERS}, {"": ["New"], "_ids": [36]}
    ),
    pytest.param("lead", UUID, {"": UUID}, {"": TEXT}, {"": UUID}, id="lead"),
    *(
        pytest.param(kind, 5, {"": 5}, {"": INTEGER}, {"": 5}, id=kind)
        for kind in REFERENCED_STREAMS
    ),
    pytest.param(
        "hologram", {"x": [1]}, {"": {"x": [1]}}, {"": JSON}, {"": '{"x":[1]}'}, id="unknown"
    ),
]


@pytest.mark.parametrize(("kind", "nested", "at_root", "types", "expected"), VALUES)
def test_each_field_type_fills_its_columns(
    kind: str, nested: Any, at_root: Any, types: Any, expected: Any
) -> None:
    schema = columns_of([a_field("X", kind)], "v2").schema

    assert columns_in_v2(kind, nested) == {
        f"custom_x{suffix}": value for suffix, value in expected.items()
    }
    assert columns_in_v1(kind, at_root) == columns_in_v2(kind, nested)
    assert {
        name: {
            word: value for word, value in column.items() if word not in {"title", "description"}
        }
        for name, column in schema.items()
    } == {f"custom_x{suffix}": type_ for suffix, type_ in types.items()}


def test_the_name_and_the_number_of_a_time_zone_have_a_column_each() -> None:
    zone = {"timezone_name": "Europe/Tallinn", "timezone_id": 83}

    assert columns_in_v2("time", {"value": "09:30:00", **zone}) == {
        "custom_x": "09:30:00",
        "custom_x_timezone": "Europe/Tallinn",
        "custom_x_timezone_id": 83,
    }


def test_a_lead_has_no_column_for_the_name_of_a_time_zone_since_api_v1_gives_none() -> None:
    columns = columns_of([a_field("X", "time")], "v1")

    assert list(columns.schema) == ["custom_x", "custom_x_timezone_id"]


def test_an_address_without_a_formatted_form_is_the_typed_text() -> None:
    new = columns_in_v2("address", {"value": "somewhere", "formatted_address": None})

    assert new == {"custom_x": "somewhere"}


def test_an_address_has_no_columns_for_subfields_that_its_field_definition_lacks() -> None:
    assert columns_in_v2("address", ADDRESS, subfields=None) == {
        "custom_x": "Karli tn 5, 00610 Tallinn"
    }


def test_an_unknown_subfield_gets_a_column_of_its_type() -> None:
    subfields = [
        {"field_code": "rate", "field_name": "Rate of X", "field_type": "double"},
        {"field_code": "shape", "field_name": "Shape of X", "field_type": "hologram"},
    ]
    value = {"value": 1, "currency": "EUR", "rate": "0.5", "shape": ["round"]}

    assert columns_in_v2("monetary", value, subfields=subfields) == {
        "custom_x": 1,
        "custom_x_currency": "EUR",
        "custom_x_rate": 0.5,
        "custom_x_shape": '["round"]',
    }


@pytest.mark.parametrize(
    "kind", [*SUBFIELDS, *REFERENCED_STREAMS, "varchar", "enum", "set", "date", "hologram"]
)
def test_an_unset_value_adds_no_column(kind: str) -> None:
    assert (
        columns_in_v2(kind, None)
        == columns_in_v1(kind, {})
        == columns_in_v1(kind, {"": None})
        == {}
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("varchar", ["text"]),
        ("varchar", {"value": "text"}),
        ("double", "many"),
        ("double", "NaN"),
        ("double", "1e999"),
        ("double", "true"),
        ("double", True),
        ("double", ""),
        ("double", [1]),
        ("int", 1.5),
        ("int", 1e300),
        ("boolean", 2),
        ("double", 1e29),
        ("int", 2**63),
        ("monetary", "much"),
        ("date", ""),
        ("date", "2023-02-29"),
        ("date", "20240229"),
        ("date", "2024-02-29T10:00:00Z"),
        ("date", 20240229),
        ("daterange", {"value": "soon"}),
        ("time", {"value": ["09:30:00"]}),
        ("phone", {"label": "work"}),
        ("phone", []),
        ("user", "somebody"),
        ("user", {"name": "Ada"}),
        ("enum", "Renewal"),
        ("enum", [37]),
        ("set", {"label": "New"}),
        ("set", True),
    ],
)
def test_a_value_of_another_type_becomes_null_and_stays_in_the_raw_values(
    kind: str, value: Any
) -> None:
    assert set(columns_in_v2(kind, value).values()) == {None}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("double", "12.50", 12.5),
        ("double", "-3", -3),
        ("monetary", "1500.00", 1500),
        ("int", "7", 7),
        ("int", 7.0, 7),
        ("user", "7", 7),
        ("user", {"id": 7, "label": "Ada"}, 7),
        ("people", {"value": 7, "name": "Ada"}, 7),
        ("varchar", 7, "7"),
        ("varchar", 1.5, "1.5"),
        ("varchar", True, "true"),
        ("boolean", 1, True),
        ("date", "2024-02-29 00:00:00", "2024-02-29"),
        ("date", "0000-00-00", None),
        ("time", "09:30", "09:30:00"),
        ("phone", 3725, "3725"),
        ("phone", {"value": "+372 5", "label": "work"}, "+372 5"),
        ("phone", [{"value": "+372 5"}, {"value": ""}, "+372 6"], "+372 5, +372 6"),
    ],
)
def test_a_value_in_another_form_is_converted(kind: str, value: Any, expected: Any) -> None:
    assert columns_in_v2(kind, value)["custom_x"] == expected


def test_a_plain_number_in_place_of_a_monetary_object_is_the_amount() -> None:
    assert columns_in_v2("monetary", 12.5) == {"custom_x": 12.5}


def test_subfields_of_an_address_fill_their_columns_if_the_whole_address_is_null() -> None:
    value = {**dict.fromkeys(ADDRESS), "route": "Karli"}

    assert columns_in_v2("address", value) == {"custom_x_route": "Karli"}


@pytest.mark.parametrize("zone", [{}, {"timezone_id": None, "timezone_name": None}], ids=repr)
def test_a_time_without_a_time_zone_fills_its_column(zone: dict[str, None]) -> None:
    assert columns_in_v2("time", {"value": "09:30:00", **zone}) == {"custom_x": "09:30:00"}


def test_ids_that_arrive_as_floats_become_integers() -> None:
    assert columns_in_v2("enum", 37.0) == {"custom_x": "Renewal", "custom_x_id": 37}
    assert columns_in_v2("set", [36.0]) == {"custom_x": ["New"], "custom_x_ids": [36]}
    assert (
        json.dumps(
            [columns_in_v2("enum", 37.0), columns_in_v2("set", [36.0]), columns_in_v2("user", 7.0)]
        ).count(".")
        == 0
    )


@pytest.mark.parametrize(("kind", "stream"), [*REFERENCED_STREAMS.items(), ("lead", "leads")])
def test_the_description_of_a_reference_names_the_stream_to_join(kind: str, stream: str) -> None:
    schema = columns_of([a_field("X", kind)], "v2").schema

    assert f"joins `{stream}.id`" in schema["custom_x"]["description"]
