"""The names of columns for custom fields."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pipedrive.custom_fields.columns import columns_of
from unit_tests.custom_fields.generated_fields import FIELD_LISTS, property_test
from unit_tests.custom_fields.sample_fields import FIELD_CODE, a_field, column_names


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
        ("", f"custom_{FIELD_CODE[:8]}"),
        ("!!!", f"custom_{FIELD_CODE[:8]}"),
        ("\u200b", f"custom_{FIELD_CODE[:8]}"),
        ("Long " * 40, "custom_" + "long_" * 11 + "l"),
    ],
)
def test_a_column_is_named_after_its_field(name: str, column: str) -> None:
    assert column_names([a_field(name)]) == [column]


def test_a_column_is_named_after_the_field_code_if_the_field_has_no_name() -> None:
    assert column_names([a_field(field_name=None)]) == [f"custom_{FIELD_CODE[:8]}"]


def test_a_long_subfield_code_is_cut() -> None:
    subfields = [{"field_code": "x" * 19 + "_y", "field_name": "Y", "field_type": "double"}]

    assert column_names([a_field("X", "address", subfields=subfields)]) == [
        "custom_x",
        "custom_x_" + "x" * 19,
    ]


def test_a_field_called_fields_does_not_replace_the_column_of_raw_values() -> None:
    assert column_names([a_field("Fields")]) == [f"custom_fields_{FIELD_CODE[:8]}"]


def test_fields_with_clashing_names_all_add_digits_of_their_field_codes() -> None:
    fields = [
        a_field("Größe", code="a" * 40),
        a_field("Grosse", code="b" * 40),
        a_field("GRÖSSE", "enum", "c" * 40),
    ]

    assert column_names(fields) == [
        "custom_grosse_aaaaaaaa",
        "custom_grosse_bbbbbbbb",
        "custom_grosse_cccccccc",
        "custom_grosse_cccccccc_id",
    ]


@pytest.mark.parametrize(
    ("kind", "other"),
    [("monetary", "X currency"), ("enum", "X id"), ("set", "X ids"), ("address", "X route")],
)
def test_a_subfield_and_a_field_of_that_name_get_different_columns(kind: str, other: str) -> None:
    fields = [a_field("X", kind, "a" * 40), a_field(other, "varchar", "b" * 40)]

    names = column_names(fields)

    suffix = other.removeprefix("X ")
    assert {"custom_x_aaaaaaaa", f"custom_x_aaaaaaaa_{suffix}", f"custom_x_{suffix}_bbbbbbbb"} <= {
        *names
    }
    assert all("_aaaaaaaa" in name or "_bbbbbbbb" in name for name in names)


def test_a_field_whose_name_clashes_with_an_added_suffix_gets_a_suffix_too() -> None:
    fields = [
        a_field("X", code="a" * 40),
        a_field("x", code="b" * 40),
        a_field("X aaaaaaaa", code="c" * 40),
    ]

    assert column_names(fields) == [
        "custom_x_aaaaaaaa_cccccccc",
        "custom_x_aaaaaaaaaaaaaaaa",
        "custom_x_bbbbbbbb",
    ]


def test_field_codes_that_begin_alike_add_more_digits() -> None:
    fields = [a_field("X", code="a" * 8 + "b" * 32), a_field("X", code="a" * 8 + "c" * 32)]

    assert column_names(fields) == ["custom_x_aaaaaaaabbbbbbbb", "custom_x_aaaaaaaacccccccc"]


def test_columns_of_a_field_with_a_long_name_get_different_names() -> None:
    name = "x" * 53 + " id"

    names = column_names([a_field(name, "enum")])

    assert len(names) == 2
    assert all(len(one) <= 63 for one in names)


@property_test
@given(fields=FIELD_LISTS, data=st.data())
def test_names_are_short_ascii_unique_and_independent_of_the_order(
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


@property_test
@given(fields=FIELD_LISTS, others=FIELD_LISTS)
def test_a_name_changes_only_if_another_field_needs_it(
    fields: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    codes = {field["field_code"] for field in fields}
    others = [other for other in others if other["field_code"] not in codes]
    names_of_others = {name for other in others for name in columns_of([other], "v2").schema}

    before = columns_of(fields, "v2").schema
    after = columns_of([*fields, *others], "v2").schema

    if not any(name.startswith(other) for name in before for other in names_of_others):
        assert before.keys() <= after.keys()
