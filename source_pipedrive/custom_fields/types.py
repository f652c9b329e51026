"""The columns of each type of custom field: their JSON schemas, conversions, and descriptions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from source_pipedrive.conformance.conversions import (
    Conversion,
    to_boolean,
    to_date,
    to_integer,
    to_json_text,
    to_number,
    to_text,
    to_time_of_day,
)
from source_pipedrive.custom_fields.conversions import no_conversion, phone_to_text, to_integers


class ColumnType(NamedTuple):
    """A type of column. Values of the Python type `accepts` need no conversion."""

    schema: Mapping[str, Any]
    accepts: type | None
    convert: Conversion


class FieldColumn(NamedTuple):
    """One column of a field: its type, and the subfields that its value is taken from.

    If several subfields have a value, the last one in `sources` counts. A plain value counts as
    the subfield `value`. In `description`, `{}` is the name of the field's main column, and
    `{until}` the name of its column with the suffix `until`.
    """

    type: ColumnType
    sources: tuple[str, ...] = ("value",)
    description: str = ""


TEXT = ColumnType({"type": ["null", "string"]}, str, to_text)
NUMBER = ColumnType({"type": ["null", "number"]}, None, to_number)
INTEGER = ColumnType({"type": ["null", "integer"]}, None, to_integer)
BOOLEAN = ColumnType({"type": ["null", "boolean"]}, bool, to_boolean)
DATE = ColumnType({"type": ["null", "string"], "format": "date"}, None, to_date)
JSON = ColumnType({**TEXT.schema, "contentMediaType": "application/json"}, str, to_json_text)
TIME = ColumnType(
    {
        "type": ["null", "string"],
        "format": "time",
        "airbyte_type": "time_without_timezone",
    },
    None,
    to_time_of_day,
)
PHONE = ColumnType(TEXT.schema, str, phone_to_text)
TEXTS = ColumnType({"type": ["null", "array"], "items": TEXT.schema}, None, no_conversion)
INTEGERS = ColumnType({"type": ["null", "array"], "items": INTEGER.schema}, None, to_integers)

SIMPLE_TYPES = {
    "boolean": BOOLEAN,
    "date": DATE,
    "double": NUMBER,
    "int": INTEGER,
    "phone": PHONE,
    "text": TEXT,
    "varchar": TEXT,
    "varchar_auto": TEXT,
}
"""Pipedrive's types of fields and subfields that have one value."""

_REFERENCED_STREAMS = {
    "activity": "activities",
    "deal": "deals",
    "org": "organizations",
    "people": "persons",
    "pipeline": "pipelines",
    "product": "products",
    "project": "projects",
    "projects_board": "project_boards",
    "projects_phase": "project_phases",
    "stage": "stages",
    "user": "users",
}
ZONE_NAME = "timezone"
"""The suffix of the column that rows of API v1 have no value for: they have the number only."""

_TIME_ZONE = {
    ZONE_NAME: FieldColumn(
        TEXT, ("timezone_name",), "IANA name of the time zone of `{}`, where Pipedrive gives it."
    ),
    "timezone_id": FieldColumn(
        INTEGER, ("timezone_id",), "Pipedrive's number of the time zone of `{}`."
    ),
}
_COLUMNS: Mapping[str, Mapping[str, FieldColumn]] = {
    **{field_type: {"": FieldColumn(type_)} for field_type, type_ in SIMPLE_TYPES.items()},
    **{
        field_type: {"": FieldColumn(INTEGER, description=f"Id; joins `{stream}.id`.")}
        for field_type, stream in _REFERENCED_STREAMS.items()
    },
    "lead": {"": FieldColumn(TEXT, description="UUID; joins `leads.id`.")},
    "monetary": {
        "": FieldColumn(NUMBER, description="Amount in units of `{currency}`."),
        "currency": FieldColumn(
            TEXT, ("currency",), "Currency code of `{}`; joins `currencies.code`."
        ),
    },
    "daterange": {
        "": FieldColumn(DATE, description="Start of the range."),
        "until": FieldColumn(DATE, ("until",), "End of the range that starts at `{}`."),
    },
    "time": {
        "": FieldColumn(TIME, description="Time of day, in the time zone `{timezone_id}`."),
        **_TIME_ZONE,
    },
    "timerange": {
        "": FieldColumn(TIME, description="Start, in the time zone `{timezone_id}`."),
        "until": FieldColumn(TIME, ("until",), "End, in the time zone `{timezone_id}`."),
        **_TIME_ZONE,
    },
    "address": {
        "": FieldColumn(
            TEXT,
            ("value", "formatted_address"),
            "Whole address in one line: as Pipedrive formats it, or else as typed.",
        ),
    },
    "enum": {
        "": FieldColumn(
            TEXT, description="Label of the chosen option; null if the option was deleted."
        ),
        "id": FieldColumn(
            INTEGER, (), "Id of the option; as text it joins `field_options.option_id`."
        ),
    },
    "set": {
        "": FieldColumn(
            TEXTS, description="Labels of the chosen options, in the order of `{ids}`."
        ),
        "ids": FieldColumn(
            INTEGERS, (), "Ids of the options; as text they join `field_options.option_id`."
        ),
    },
}
_COLUMNS_OF_UNKNOWN_TYPE = {
    "": FieldColumn(JSON, description="The value as Pipedrive delivers it; JSON if it is no text.")
}


def columns_of_type(field_type: str) -> dict[str, FieldColumn]:
    """Return the columns of a field of this type, by the suffix of the column's name."""
    return dict(_COLUMNS.get(field_type, _COLUMNS_OF_UNKNOWN_TYPE))
