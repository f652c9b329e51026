"""The options of fields: labels in place of ids, and the rows of `field_options`."""

import json
from pathlib import Path
from typing import Any

import pytest

import source_pipedrive
from source_pipedrive.custom_fields.options import field_options_rows
from unit_tests.custom_fields.sample_fields import (
    FIELD_CODE,
    OPTIONS,
    a_field,
    column_names,
    columns_in_v1,
    columns_in_v2,
)


@pytest.mark.parametrize(
    "options",
    [
        [{"id": "36", "label": "New"}, {"id": "37", "label": "Renewal"}],
        [None, "Lost", {"label": "Lost"}, {"id": None}, {"id": []}, *OPTIONS],
    ],
    ids=["ids as text", "broken ones among them"],
)
def test_options_are_read_if_ids_are_text_or_some_entries_are_broken(options: list[Any]) -> None:
    assert columns_in_v2("enum", 37, options=options) == {"custom_x": "Renewal", "custom_x_id": 37}
    assert columns_in_v2("set", [36], options=options)["custom_x"] == ["New"]


@pytest.mark.parametrize("part", ["options", "subfields"])
@pytest.mark.parametrize("listed", [{}, "text", {"36": "New"}, [None], [{"field_code": None}]])
def test_a_field_with_broken_options_or_subfields_has_its_main_columns(
    part: str, listed: Any
) -> None:
    broken = a_field("X", "enum" if part == "options" else "address", **{part: listed})

    assert set(column_names([broken])) <= {"custom_x", "custom_x_id"}
    assert list(field_options_rows("deal", [{**broken, "options": listed}])) == []


def test_a_deleted_option_has_an_id_and_no_label() -> None:
    assert columns_in_v2("enum", 99) == {"custom_x": None, "custom_x_id": 99}
    assert columns_in_v2("set", [36, 99]) == {"custom_x": ["New", None], "custom_x_ids": [36, 99]}
    assert columns_in_v1("enum", {"": "99"}) == {"custom_x": None, "custom_x_id": 99}
    assert columns_in_v1("set", {"": "36,99"}) == {
        "custom_x": ["New", None],
        "custom_x_ids": [36, 99],
    }


def test_options_that_arrive_as_objects_are_read_by_their_ids() -> None:
    renewal, new = {"id": 37, "label": "Renewal"}, {"id": 36, "label": "New"}

    assert columns_in_v2("enum", renewal) == {"custom_x": "Renewal", "custom_x_id": 37}
    assert columns_in_v2("set", [renewal, new])["custom_x_ids"] == [37, 36]


def test_each_of_a_thousand_options_gets_its_label() -> None:
    options = [{"id": number, "label": f"Item {number}"} for number in range(1, 1_001)]
    ids = list(range(1, 1_001))

    new = columns_in_v2("set", ids, options=options)

    assert new == {"custom_x": [f"Item {number}" for number in ids], "custom_x_ids": ids}


def test_an_enum_without_options_has_an_id_and_no_label() -> None:
    assert columns_in_v2("enum", 37, options=None) == {"custom_x": None, "custom_x_id": 37}


def test_field_options_rows_have_ids_as_text() -> None:
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
        row(FIELD_CODE, "Type", "36", "New", None),
        row(FIELD_CODE, "Type", "37", "Renewal", "green"),
        row("status", "Status", "open", "Open", None),
    ]
    schema = Path(source_pipedrive.__file__).parent / "schemas" / "field_options.json"
    assert rows[0].keys() == json.loads(schema.read_text())["properties"].keys()
