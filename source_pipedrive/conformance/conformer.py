"""Makes rows conform to a JSON schema: each declared value has its type, or is null."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from source_pipedrive.conformance.conversions import (
    HIGHEST_INTEGER,
    LOWEST_INTEGER,
    Conversion,
    MisfitError,
    misfit,
    to_boolean,
    to_date,
    to_id_text,
    to_integer,
    to_json_text,
    to_moment,
    to_number,
    to_object,
    to_text,
    to_time_of_day,
    type_name,
    unchanged,
)

Schema = Mapping[str, Any]
Row = dict[str, Any]

_OF_TYPE: Mapping[str, Conversion] = {
    "boolean": to_boolean,
    "integer": to_integer,
    "number": to_number,
    "object": to_object,
    "string": to_text,
}
_OF_FORMAT: Mapping[str, Conversion] = {
    "date": to_date,
    "date-time": to_moment,
    "time": to_time_of_day,
}
# what a value must be to stay as it is
_PLAIN: Mapping[Conversion, type] = {
    to_boolean: bool,
    to_id_text: str,
    to_integer: int,
    to_json_text: str,
    to_object: dict,
    to_text: str,
}


_NONE: Mapping[str, str] = {}


class NulledRow(Row):
    """A row with values that did not fit their columns and are null now; `parts` says where."""

    parts: Mapping[str, str]


class Conformer:
    """The declared properties of an object, compiled from its schema: of a row, or inside of one.

    Properties that are not declared pass as they are. One instance serves all threads.
    """

    def __init__(self, schema: Schema) -> None:
        conversions = {
            name: conversion_of(one, name) for name, one in schema.get("properties", {}).items()
        }
        plain = {name: _PLAIN[one] for name, one in conversions.items() if one in _PLAIN}
        # bound once: these are called for each value
        self._conversion, self._plain_type = conversions.get, plain.get

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows with conforming values; those that lost a value are `NulledRow`."""
        conform = self.conform
        return [nulled(row, parts) if (parts := conform(row)) else row for row in rows]

    def conform(self, row: Row) -> Mapping[str, str]:
        """Convert the values of an object in place; return what was where it is null now.

        Every value of every row passes here: the ones that fit cost a comparison of types.
        """
        plain_type, parts = self._plain_type, _NONE
        for name, value in row.items():
            if value is None:
                continue
            kind = type(value)
            if kind is plain_type(name) and (
                kind is not int or LOWEST_INTEGER <= value <= HIGHEST_INTEGER
            ):
                continue
            convert = self._conversion(name)
            if convert is not None:
                try:
                    row[name] = convert(value)
                except MisfitError as error:
                    row[name] = error.rest
                    parts = {**parts, **_below(name, error.parts)}
        return parts

    def convert(self, value: Any) -> Any:
        """Convert a value that should be such an object."""
        value = to_object(value)
        if parts := self.conform(value):
            raise MisfitError(value, _below(".", parts))
        return value

    def convert_list(self, value: Any) -> list[Any]:
        """Convert a value that should be a list of such objects."""
        if type(value) is not list:
            raise misfit(value)
        parts = _NONE
        for number, item in enumerate(value):
            if type(item) is dict:
                if inner := self.conform(item):
                    parts = {**parts, **_below(f"[{number}].", inner)}
            elif item is not None:
                value[number] = None
                parts = {**parts, f"[{number}]": type_name(item)}
        if parts:
            raise MisfitError(value, parts)
        return value


def nulled(row: Row, parts: Mapping[str, str]) -> NulledRow:
    """Return a row of which these parts, besides earlier ones, are null now."""
    changed = NulledRow(row)
    changed.parts = {**(row.parts if isinstance(row, NulledRow) else {}), **parts}
    return changed


def conversion_of(schema: Schema, name: str = "") -> Conversion:
    """Return the conversion to the type of a schema; of text that is named as an id, its id."""
    if (convert := _OF_FORMAT.get(schema.get("format", ""))) is not None:
        return convert
    kind = next((one for one in _types(schema) if one != "null"), "")
    if kind == "array":
        return _list_conversion(schema.get("items", {}), name)
    if kind == "object" and "properties" in schema:
        return Conformer(schema).convert
    if schema.get("contentMediaType") == "application/json":
        return to_json_text
    if kind == "string" and (name == "id" or name.endswith("_id")):
        return to_id_text
    return _OF_TYPE.get(kind, unchanged)


def _types(schema: Schema) -> Sequence[str]:
    declared = schema.get("type", ())
    return [declared] if isinstance(declared, str) else declared


def _list_conversion(items: Schema, name: str) -> Conversion:
    if "properties" in items:
        return Conformer(items).convert_list
    convert = conversion_of(items, name.removesuffix("s"))

    def to_list(value: Any) -> list[Any]:
        if type(value) is not list:
            raise misfit(value)
        parts = _NONE
        for number, item in enumerate(value):
            if item is not None:
                try:
                    value[number] = convert(item)
                except MisfitError as error:
                    value[number] = error.rest
                    parts = {**parts, **_below(f"[{number}]", error.parts)}
        if parts:
            raise MisfitError(value, parts)
        return value

    return to_list


def _below(place: str, parts: Mapping[str, str]) -> Mapping[str, str]:
    return {f"{place}{path}": kind for path, kind in parts.items()}
