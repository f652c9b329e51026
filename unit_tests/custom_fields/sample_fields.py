"""Field definitions for tests, and the columns that values of such fields add."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

from source_pipedrive.custom_fields.columns import Columns, columns_of

FIELD_CODE = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12"

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

SUBFIELDS = {
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

REFERENCED_STREAMS = {
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


def a_field_code(number: int) -> str:
    return f"{number:040x}"


def a_field(
    name: str = "X", kind: str = "varchar", code: str = FIELD_CODE, **more: Any
) -> dict[str, Any]:
    subfields = [
        {"field_code": part, "field_name": f"{part} of {name}", "field_type": part_kind}
        for part, part_kind in SUBFIELDS.get(kind, {}).items()
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


def added_columns(columns: Columns, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that `filled` adds to a row; check that it changes nothing else."""
    (filled,) = columns.filled([deepcopy(dict(row))])
    assert {name: filled[name] for name in row} == row
    new = {name: value for name, value in filled.items() if name not in row}
    assert new.keys() <= columns.schema.keys()
    schema = {"type": "object", "properties": columns.schema}
    Draft7Validator(schema, format_checker=FormatChecker()).validate(new)
    return new


def columns_in_v2(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return the columns that a value of a field called X adds to a row of API v2."""
    return added_columns(
        columns_of([a_field("X", kind, **more)], "v2"), {"custom_fields": {FIELD_CODE: value}}
    )


def columns_in_v1(kind: str, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the columns that values add to a lead; their keys follow the field code."""
    custom = {FIELD_CODE + suffix: value for suffix, value in values.items()}
    row = {"title": "Lead", "custom_fields": custom}
    return added_columns(columns_of([a_field("X", kind, **more)], "v1"), row)


def column_names(field_definitions: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(columns_of(field_definitions, "v2").schema)
