"""Custom fields as columns: what they are called, what becomes of values, what options mean."""

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

import source_pipedrive
from pipedrive_sandbox.data.account_data import AccountData
from pipedrive_sandbox.data.custom_fields import v1_values
from pipedrive_sandbox.data.deals import deals
from pipedrive_sandbox.data.field_definitions import field_definitions
from pipedrive_sandbox.data.leads import leads
from pipedrive_sandbox.data.reference_data import lead_labels
from pipedrive_sandbox.data.sizes import Sizes
from source_pipedrive.custom_fields.columns import Columns, columns_of, field_options_rows

KEY = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12"
OPTIONS = [{"id": 36, "label": "New"}, {"id": 37, "label": "Renewal", "color": "green"}]
ADDRESS = {
    "value": "Karli 5 Tallinn",
    "street_number": "5",
    "route": "Karli",
    "subpremise": None,
    "admin_area_level_1": "Harju maakond",
    "postal_code": "00610",
    "formatted_address": "Karli tn 5, 00610 Tallinn",
}
PARTS = {
    "address": dict.fromkeys(ADDRESS, "varchar"),
    "monetary": {"value": "double", "currency": "varchar"},
    "daterange": {"value": "date", "until": "date"},
    "time": {"value": "time", "timezone_id": "int", "timezone_name": "varchar"},
    "timerange": {
        "value": "time",
        "until": "time",
        "timezone_id": "int",
        "timezone_name": "varchar",
    },
}
TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "number"]}
INTEGER = {"type": ["null", "integer"]}
DATE = {"type": ["null", "string"], "format": "date"}
TEXTS = {"type": ["null", "array"], "items": {"type": ["null", "string"]}}
INTEGERS = {"type": ["null", "array"], "items": {"type": ["null", "integer"]}}
REFERENCES = {
    "user": "users",
    "org": "organizations",
    "people": "persons",
    "deal": "deals",
    "project": "projects",
    "activity": "activities",
    "stage": "stages",
    "pipeline": "pipelines",
    "product": "products",
    "projects_board": "project_boards",
    "projects_phase": "project_phases",
}
UUID = "adf21080-0e10-11eb-879b-05d71fb426ec"


def key(number: int) -> str:
    return f"{number:040x}"


def a_field(name: str = "X", kind: str = "varchar", code: str = KEY, **more: Any) -> dict[str, Any]:
    subfields = [
        {"field_code": part, "field_name": f"{part} of {name}", "field_type": part_kind}
        for part, part_kind in PARTS.get(kind, {}).items()
    ]
    return {
        "field_name": name,
        "field_code": code,
        "field_type": kind,
        "options": OPTIONS if kind in {"enum", "set"} else None,
        "subfields": subfields or None,
        "is_custom_field": True,
        "is_optional_response_field": False,
        **more,
    }


LABEL_FIELD = a_field(
    "Label",
    "set",
    "label_ids",
    is_custom_field=False,
    options=[{"id": 1, "label": "Hot", "color": "red"}, {"id": 2, "label": "Cold"}],
)


def added(columns: Columns, row: Mapping[str, Any]) -> dict[str, Any]:
    """Fill a row; return what that added, once it is known to be all that happened."""
    (filled,) = columns.filled([deepcopy(dict(row))])
    assert {name: filled[name] for name in row} == row
    new = {name: value for name, value in filled.items() if name not in row}
    assert new.keys() <= columns.schema.keys()
    schema = {"type": "object", "properties": columns.schema}
    Draft7Validator(schema, format_checker=FormatChecker()).validate(new)
    return new


def v2(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return the columns that a value of a field called X adds to a row of API v2."""
    return added(columns_of([a_field("X", kind, **more)], "v2"), {"custom_fields": {KEY: value}})


def v1(kind: str, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the columns that values add to a lead; their keys are suffixes of the field's."""
    row = {"title": "Lead", **{KEY + suffix: value for suffix, value in values.items()}}
    return added(columns_of([a_field("X", kind, **more)], "v1"), row)


def names_of(definitions: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(columns_of(definitions, "v2").schema)


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
        {"": TEXT, "_timezone": TEXT},
        {"": "09:30:00", "_timezone": "83"},
        id="time",
    ),
    pytest.param(
        "timerange",
        {"value": "09:30:00", "until": "10:00:00", "timezone_id": 83},
        {"": "09:30:00", "_until": "10:00:00", "_timezone_id": 83},
        {"": TEXT, "_until": TEXT, "_timezone": TEXT},
        {"": "09:30:00", "_until": "10:00:00", "_timezone": "83"},
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
    *(pytest.param(kind, 5, {"": 5}, {"": INTEGER}, {"": 5}, id=kind) for kind in REFERENCES),
    pytest.param(
        "hologram", {"x": [1]}, {"": {"x": [1]}}, {"": {}}, {"": {"x": [1]}}, id="unknown"
    ),
]


@pytest.mark.parametrize(("kind", "nested", "at_root", "types", "expected"), VALUES)
def test_a_value_becomes_its_columns(
    kind: str, nested: Any, at_root: Any, types: Any, expected: Any
) -> None:
    schema = columns_of([a_field("X", kind)], "v2").schema

    assert v2(kind, nested) == {f"custom_x{suffix}": value for suffix, value in expected.items()}
    assert v1(kind, at_root) == v2(kind, nested)
    assert {
        name: {word: held for word, held in one.items() if word not in {"title", "description"}}
        for name, one in schema.items()
    } == {f"custom_x{suffix}": type_ for suffix, type_ in types.items()}


def test_a_time_zone_goes_by_its_name_where_there_is_one() -> None:
    zone = {"timezone_name": "Europe/Tallinn", "timezone_id": 83}

    assert v2("time", {"value": "09:30:00", **zone})["custom_x_timezone"] == "Europe/Tallinn"


def test_an_address_that_pipedrive_did_not_format_is_the_typed_one() -> None:
    new = v2("address", {"value": "somewhere", "formatted_address": None})

    assert new == {"custom_x": "somewhere"}


def test_an_address_has_no_columns_for_parts_that_its_definition_lacks() -> None:
    assert v2("address", ADDRESS, subfields=None) == {"custom_x": "Karli tn 5, 00610 Tallinn"}


def test_a_part_that_only_a_future_definition_lists_gets_a_column_of_its_type() -> None:
    subfields = [
        {"field_code": "rate", "field_name": "Rate of X", "field_type": "double"},
        {"field_code": "shape", "field_name": "Shape of X", "field_type": "hologram"},
    ]
    value = {"value": 1, "currency": "EUR", "rate": "0.5", "shape": ["round"]}

    assert v2("monetary", value, subfields=subfields) == {
        "custom_x": 1,
        "custom_x_currency": "EUR",
        "custom_x_rate": 0.5,
        "custom_x_shape": ["round"],
    }


@pytest.mark.parametrize(
    "kind", [*PARTS, *REFERENCES, "varchar", "enum", "set", "date", "hologram"]
)
def test_an_unset_value_adds_no_column(kind: str) -> None:
    assert v2(kind, None) == v1(kind, {}) == v1(kind, {"": None}) == {}


@pytest.mark.parametrize("row", [{}, {"custom_fields": None}, {"custom_fields": {}}], ids=repr)
def test_a_row_without_custom_values_stays_as_it_is(row: dict[str, Any]) -> None:
    assert added(columns_of([a_field(), LABEL_FIELD], "v2"), row) == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("varchar", ["text"]),
        ("varchar", {"value": "text"}),
        ("varchar", True),
        ("double", "many"),
        ("double", "NaN"),
        ("double", "1e999"),
        ("double", "true"),
        ("double", True),
        ("double", ""),
        ("double", [1]),
        ("int", 1.5),
        ("int", 1e300),
        ("boolean", 1),
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
        ("set", ""),
        ("set", {"label": "New"}),
        ("set", True),
    ],
)
def test_a_value_of_another_type_is_null_and_stays_in_the_raw_values(kind: str, value: Any) -> None:
    assert set(v2(kind, value).values()) == {None}


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
        ("phone", 3725, "3725"),
        ("phone", {"value": "+372 5", "label": "work"}, "+372 5"),
        ("phone", [{"value": "+372 5"}, {"value": ""}, "+372 6"], "+372 5, +372 6"),
    ],
)
def test_a_value_in_another_guise_is_read_all_the_same(
    kind: str, value: Any, expected: Any
) -> None:
    assert v2(kind, value)["custom_x"] == expected


def test_a_plain_number_in_place_of_a_monetary_object_is_the_amount() -> None:
    assert v2("monetary", 12.5) == {"custom_x": 12.5}


def test_parts_of_an_address_come_without_the_whole() -> None:
    value = {**dict.fromkeys(ADDRESS), "route": "Karli"}

    assert v2("address", value) == {"custom_x_route": "Karli"}


@pytest.mark.parametrize("zone", [{}, {"timezone_id": None, "timezone_name": None}], ids=repr)
def test_a_time_without_a_time_zone_is_a_time(zone: dict[str, None]) -> None:
    assert v2("time", {"value": "09:30:00", **zone}) == {"custom_x": "09:30:00"}


def test_ids_that_come_as_floats_are_integers() -> None:
    assert v2("enum", 37.0) == {"custom_x": "Renewal", "custom_x_id": 37}
    assert v2("set", [36.0]) == {"custom_x": ["New"], "custom_x_ids": [36]}
    assert json.dumps([v2("enum", 37.0), v2("set", [36.0]), v2("user", 7.0)]).count(".") == 0


@pytest.mark.parametrize("values", [[], ["a"], [{KEY: "a"}], "a", 5, True], ids=repr)
def test_custom_fields_that_are_no_object_add_nothing(values: Any) -> None:
    assert added(columns_of([a_field()], "v2"), {"custom_fields": values}) == {}


@pytest.mark.parametrize("code", [None, ""])
def test_a_definition_without_a_key_is_passed_over(code: str | None) -> None:
    assert names_of([a_field("X"), a_field("Y", field_code=code)]) == ["custom_x"]


def test_of_two_definitions_with_one_key_the_last_counts() -> None:
    assert names_of([a_field("X"), a_field("Y")]) == ["custom_y"]


@pytest.mark.parametrize(
    "options",
    [
        [{"id": "36", "label": "New"}, {"id": "37", "label": "Renewal"}],
        [None, "Lost", {"label": "Lost"}, {"id": None}, {"id": []}, *OPTIONS],
    ],
    ids=["ids as text", "broken ones among them"],
)
def test_options_are_read_whatever_they_look_like(options: list[Any]) -> None:
    assert v2("enum", 37, options=options) == {"custom_x": "Renewal", "custom_x_id": 37}
    assert v2("set", [36], options=options)["custom_x"] == ["New"]


@pytest.mark.parametrize("part", ["options", "subfields"])
@pytest.mark.parametrize("listed", [{}, "text", {"36": "New"}, [None], [{"field_code": None}]])
def test_a_definition_with_broken_parts_has_its_main_columns(part: str, listed: Any) -> None:
    broken = a_field("X", "enum" if part == "options" else "address", **{part: listed})

    assert set(names_of([broken])) <= {"custom_x", "custom_x_id"}
    assert list(field_options_rows("deal", [{**broken, "options": listed}])) == []


def test_a_deleted_option_keeps_its_id_without_a_label() -> None:
    assert v2("enum", 99) == {"custom_x": None, "custom_x_id": 99}
    assert v2("set", [36, 99]) == {"custom_x": ["New", None], "custom_x_ids": [36, 99]}
    assert v1("enum", {"": "99"}) == {"custom_x": None, "custom_x_id": 99}
    assert v1("set", {"": "36,99"}) == {"custom_x": ["New", None], "custom_x_ids": [36, 99]}


def test_options_that_come_with_their_labels_are_read_like_ids() -> None:
    renewal, new = {"id": 37, "label": "Renewal"}, {"id": 36, "label": "New"}

    assert v2("enum", renewal) == {"custom_x": "Renewal", "custom_x_id": 37}
    assert v2("set", [renewal, new])["custom_x_ids"] == [37, 36]


def test_each_of_a_thousand_options_finds_its_label() -> None:
    options = [{"id": number, "label": f"Item {number}"} for number in range(1, 1_001)]
    ids = list(range(1, 1_001))

    new = v2("set", ids, options=options)

    assert new == {"custom_x": [f"Item {number}" for number in ids], "custom_x_ids": ids}


def test_an_enum_without_options_has_ids_only() -> None:
    assert v2("enum", 37, options=None) == {"custom_x": None, "custom_x_id": 37}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Contract type", "custom_contract_type"),
        ("  Größe (m²) ", "custom_grosse_m2"),
        ("Größe", "custom_grosse"),
        ("Gro\u0308ße", "custom_grosse"),
        ("顧客番号", "custom_gukefanhao"),
        ("Краи\u0306", "custom_kray"),
        ("🚀🔥", "custom_rocket_fire"),
        ("2nd choice", "custom_2nd_choice"),
        ("select", "custom_select"),
        ("Id", "custom_id"),
        ("Labels", "custom_labels"),
        ("", f"custom_{KEY[:8]}"),
        ("!!!", f"custom_{KEY[:8]}"),
        ("\u200b", f"custom_{KEY[:8]}"),
        ("Long " * 40, "custom_" + "long_" * 11 + "l"),
    ],
)
def test_a_column_is_named_after_its_field(name: str, column: str) -> None:
    assert names_of([a_field(name)]) == [column]


def test_a_field_without_a_name_is_named_after_its_key() -> None:
    assert names_of([a_field(field_name=None)]) == [f"custom_{KEY[:8]}"]


def test_a_part_with_a_long_name_is_cut() -> None:
    subfields = [{"field_code": "x" * 19 + "_y", "field_name": "Y", "field_type": "double"}]

    assert names_of([a_field("X", "address", subfields=subfields)]) == [
        "custom_x",
        "custom_x_" + "x" * 19,
    ]


def test_the_column_of_raw_values_is_not_taken_by_a_field_called_fields() -> None:
    assert names_of([a_field("Fields")]) == [f"custom_fields_{KEY[:8]}"]


def test_fields_whose_names_read_alike_all_carry_digits_of_their_keys() -> None:
    fields = [
        a_field("Größe", code="a" * 40),
        a_field("Grosse", code="b" * 40),
        a_field("GRÖSSE", "enum", "c" * 40),
    ]

    assert names_of(fields) == [
        "custom_grosse_aaaaaaaa",
        "custom_grosse_bbbbbbbb",
        "custom_grosse_cccccccc",
        "custom_grosse_cccccccc_id",
    ]


@pytest.mark.parametrize(
    ("kind", "other"),
    [("monetary", "X currency"), ("enum", "X id"), ("set", "X ids"), ("address", "X route")],
)
def test_a_part_of_a_field_and_a_field_of_that_name_stay_apart(kind: str, other: str) -> None:
    fields = [a_field("X", kind, "a" * 40), a_field(other, "varchar", "b" * 40)]

    names = names_of(fields)

    suffix = other.removeprefix("X ")
    assert {"custom_x_aaaaaaaa", f"custom_x_aaaaaaaa_{suffix}", f"custom_x_{suffix}_bbbbbbbb"} <= {
        *names
    }
    assert all("_aaaaaaaa" in name or "_bbbbbbbb" in name for name in names)


def test_a_field_that_is_called_like_the_way_out_of_a_clash_has_to_step_aside_too() -> None:
    fields = [
        a_field("X", code="a" * 40),
        a_field("x", code="b" * 40),
        a_field("X aaaaaaaa", code="c" * 40),
    ]

    assert names_of(fields) == [
        "custom_x_aaaaaaaa_cccccccc",
        "custom_x_aaaaaaaaaaaaaaaa",
        "custom_x_bbbbbbbb",
    ]


def test_keys_that_begin_alike_are_told_apart_by_more_digits() -> None:
    fields = [a_field("X", code="a" * 8 + "b" * 32), a_field("X", code="a" * 8 + "c" * 32)]

    assert names_of(fields) == ["custom_x_aaaaaaaabbbbbbbb", "custom_x_aaaaaaaacccccccc"]


def test_parts_of_a_field_with_a_long_name_stay_apart() -> None:
    name = "x" * 53 + " id"

    names = names_of([a_field(name, "enum")])

    assert len(names) == 2
    assert all(len(one) <= 63 for one in names)


def test_a_catalog_explains_its_columns() -> None:
    field = a_field("Budget", "monetary", description="What the customer can spend")

    schema = columns_of([field], "v2").schema

    assert schema["custom_budget"]["title"] == "Budget"
    assert schema["custom_budget"]["description"] == (
        "What the customer can spend. Amount in units of `custom_budget_currency`. "
        f"Custom field `{KEY}` of type `monetary`."
    )
    assert schema["custom_budget_currency"]["title"] == "currency of Budget"
    assert "joins `currencies.code`" in schema["custom_budget_currency"]["description"]


@pytest.mark.parametrize(("kind", "stream"), [*REFERENCES.items(), ("lead", "leads")])
def test_a_reference_names_the_stream_that_it_joins(kind: str, stream: str) -> None:
    schema = columns_of([a_field("X", kind)], "v2").schema

    assert f"joins `{stream}.id`" in schema["custom_x"]["description"]


def test_built_in_fields_get_no_column() -> None:
    assert names_of([a_field("Title", code="title", is_custom_field=False)]) == []


def test_leads_have_the_columns_of_deals() -> None:
    fields = [a_field(kind, kind, key(number)) for number, kind in enumerate([*PARTS, "enum"])]

    assert columns_of(fields, "v1").schema == columns_of(fields, "v2").schema


def test_a_value_of_a_field_without_definition_is_reported_and_stays_raw() -> None:
    columns = columns_of([a_field()], "v2")

    assert added(columns, {"custom_fields": {KEY: "a", key(1): "b", key(2): None}}) == {
        "custom_x": "a"
    }
    assert columns.unknown == {key(1)}


def test_a_lead_reports_fields_without_definition_and_nothing_else() -> None:
    columns = columns_of([a_field("X", "address", subfields=None)], "v1")
    row = {"title": "Lead", KEY: "a", f"{KEY}_route": "b", f"{key(1)}_currency": "EUR", key(2): 5}

    assert added(columns, row) == {"custom_x": "a"}
    assert columns.unknown == {key(1), key(2)}


def test_what_changed_since_a_catalog_was_discovered_is_told_by_column() -> None:
    configured = {
        "title": {"type": ["null", "string"]},
        "custom_fields": {"type": ["null", "object"]},
        **columns_of([a_field("Kept"), a_field("Old", code=key(1))], "v2").schema,
        **columns_of([a_field("Retyped", code=key(2))], "v2").schema,
    }
    kept = a_field("Kept", description="explained by now")
    now = [kept, a_field("New", code=key(1)), a_field("Retyped", "double", key(2)), LABEL_FIELD]

    assert columns_of(now, "v2").changes(configured) == [
        "New (`custom_new`) is new or not selected",
        "Old (`custom_old`) is gone",
        "Retyped (`custom_retyped`) has another type",
    ]


@pytest.mark.parametrize(
    ("label_ids", "labels"),
    [([2, 1], ["Cold", "Hot"]), ([], []), ([9], [None]), ([{"id": 1}], [None])],
)
def test_labels_are_named_by_the_definitions(label_ids: Any, labels: Any) -> None:
    columns = columns_of([LABEL_FIELD], "v2")

    assert added(columns, {"label_ids": label_ids}) == {"labels": labels}
    assert list(columns.schema) == ["labels"]


def test_labels_of_leads_are_named_by_the_lead_labels_and_not_by_those_of_deals() -> None:
    row = {"label_ids": [UUID, "gone"]}

    assert added(columns_of([LABEL_FIELD], "v1", {UUID: "Warm"}), row) == {"labels": ["Warm", None]}
    assert added(columns_of([LABEL_FIELD], "v1"), row) == {}


@pytest.mark.parametrize("label_ids", [None, 1, "1", {"id": 1}])
def test_labels_that_are_no_list_add_nothing(label_ids: Any) -> None:
    assert added(columns_of([LABEL_FIELD], "v2"), {"label_ids": label_ids}) == {}


def test_field_options_are_rows_with_ids_as_text() -> None:
    v1_field = {"key": "status", "name": "Status", "options": [{"id": "open", "label": "Open"}]}
    plain = a_field("Plain")

    rows = list(field_options_rows("deal", [a_field("Type", "enum"), plain, v1_field]))

    def row(code: str, name: str, option: str, label: str, color: str | None) -> dict[str, Any]:
        return {
            "entity": "deal",
            "field_code": code,
            "field_name": name,
            "option_id": option,
            "label": label,
            "color": color,
        }

    assert rows == [
        row(KEY, "Type", "36", "New", None),
        row(KEY, "Type", "37", "Renewal", "green"),
        row("status", "Status", "open", "Open", None),
    ]
    schema = Path(source_pipedrive.__file__).parent / "schemas" / "field_options.json"
    assert rows[0].keys() == json.loads(schema.read_text())["properties"].keys()


@pytest.fixture(scope="module")
def world() -> AccountData:
    return AccountData(Sizes.scaled(400, {"leads": 400}, {"deals", "leads"}), 7, 1_770_000_000)


def of_entity(world: AccountData, entity: str) -> list[dict[str, Any]]:
    return [one for one in field_definitions(world) if one["entity"] == entity]


def test_a_whole_account_fits_its_own_catalog(world: AccountData) -> None:
    labels = {str(one["id"]): one["name"] for one in lead_labels(world)}
    definitions = of_entity(world, "deal")
    for columns, rows in (
        (columns_of(definitions, "v2"), deals(world)),
        (columns_of(definitions, "v1", labels), leads(world)),
    ):
        seen: set[str] = set()
        for row in rows:
            seen |= added(columns, orjson.loads(orjson.dumps(row))).keys()

        assert columns.schema.keys() - seen == {"custom_site_address_admin_area_level_2"}
        assert columns.unknown == set()


searched = settings(deadline=None, max_examples=50)
KEYS = st.text("0123456789abcdef", min_size=40, max_size=40)
# few enough prefixes to clash, in names as in keys
CLASHING_KEYS = st.builds(
    lambda head, tail: head * 8 + tail,
    st.sampled_from(["a", "ab", "0"]),
    st.text("01", min_size=40),
).map(lambda text: text[:40])
NAMES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["X", "x", "Größe", "GRÖSSE", "X id", "X currency", "X until", "Fields", "🚀"]),
    st.text("xyz 🚀ä_-", max_size=70),
)
KINDS = st.sampled_from([*PARTS, *REFERENCES, "lead", "varchar", "phone", "double", "int", "date"])
CHOICES = st.sampled_from(["enum", "set"])
FIELDS = st.lists(
    st.builds(a_field, NAMES, KINDS | CHOICES | st.just("hologram"), KEYS | CLASHING_KEYS),
    max_size=12,
    unique_by=lambda field: field["field_code"],
)


@searched
@given(fields=FIELDS, data=st.data())
def test_names_are_short_plain_unique_and_do_not_depend_on_the_order(
    fields: list[dict[str, Any]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(fields))

    schema = columns_of(fields, "v2").schema

    assert all(re.fullmatch("custom_[a-z0-9](_?[a-z0-9])*", name) for name in schema)
    assert all(len(name) <= 63 for name in schema)
    assert "custom_fields" not in schema
    assert json.dumps(columns_of(shuffled, "v2").schema) == json.dumps(schema)
    alone = [name for field in fields for name in columns_of([field], "v2").schema]
    assert len(schema) == len(alone)


@searched
@given(fields=FIELDS, others=FIELDS)
def test_a_name_changes_only_when_another_field_wants_it(
    fields: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    codes = {field["field_code"] for field in fields}
    others = [other for other in others if other["field_code"] not in codes]
    wanted = {name for other in others for name in columns_of([other], "v2").schema}

    before = columns_of(fields, "v2").schema
    after = columns_of([*fields, *others], "v2").schema

    if not any(name.startswith(other) for name in before for other in wanted):
        assert before.keys() <= after.keys()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["37", "36,37", "1.5", "2024-02-29", "NaN", "1_000"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "until", "currency", "id", "label", "timezone_id", "route"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@searched
@given(fields=FIELDS, data=st.data())
def test_any_json_comes_through_and_the_raw_values_stay(
    fields: list[dict[str, Any]], data: st.DataObject
) -> None:
    held = {field["field_code"]: data.draw(JSON) for field in fields}
    fields.append(LABEL_FIELD)
    row = {"label_ids": data.draw(JSON), "custom_fields": held}
    suffix = st.sampled_from(["", "_currency", "_until", "_timezone_id", "_formatted_address"])
    lead = {code + data.draw(suffix): value for code, value in held.items()}

    added(columns_of(fields, "v2"), row)
    added(columns_of(fields, "v1", {UUID: "Warm"}), {"label_ids": row["label_ids"], **lead})


TIMES = st.times().map(lambda time: time.strftime("%H:%M:%S"))
DATES = st.dates().map(str)
AMOUNTS = st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12)
OPTION_IDS = st.sampled_from([36, 37, 99])
ZONES = {"timezone_id": st.just(83), "timezone_name": st.none()}
CONTRACT: dict[str, st.SearchStrategy[Any]] = {
    "varchar": st.text(),
    "text": st.text(),
    "double": AMOUNTS,
    "user": st.integers(1),
    "enum": OPTION_IDS,
    "set": st.lists(OPTION_IDS, min_size=1, unique=True),
    "date": DATES,
    "monetary": st.fixed_dictionaries(
        {"value": AMOUNTS, "currency": st.sampled_from(["EUR", "USD"])}
    ),
    "daterange": st.fixed_dictionaries({"value": DATES, "until": st.none() | DATES}),
    "time": st.fixed_dictionaries({"value": TIMES, **ZONES}),
    "timerange": st.fixed_dictionaries({"value": TIMES, "until": TIMES, **ZONES}),
    "address": st.fixed_dictionaries({part: st.none() | st.text() for part in ADDRESS}),
}


@searched
@given(data=st.data())
def test_both_forms_of_a_value_give_the_same_columns(data: st.DataObject) -> None:
    kinds = dict(zip(map(key, range(len(CONTRACT))), CONTRACT, strict=True))
    values = {code: data.draw(st.none() | CONTRACT[kind]) for code, kind in kinds.items()}
    fields = [a_field(kind, kind, code) for code, kind in kinds.items()]

    nested = added(columns_of(fields, "v2"), {"custom_fields": values})
    at_root = added(columns_of(fields, "v1"), v1_values(values, kinds))

    assert nested == at_root
    assert None not in (held for name, held in nested.items() if name != "custom_enum")
    assert bool(nested) == any(value is not None for value in values.values())
