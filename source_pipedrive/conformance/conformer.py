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
# what a value may be to stay as it is, whatever its content
_PLAIN: Mapping[Conversion, type] = {
    to_boolean: bool,
    to_id_text: str,
    to_json_text: str,
    to_object: dict,
    to_text: str,
}


class NulledRow(Row):
    """A row with values that did not fit their columns and are null now; `parts` says where."""

    parts: Mapping[str, str]


class Conformer:
    """The declared properties of an object, compiled from its schema: of a row, or inside of one.

    Properties that are not declared pass as they are. One instance serves all threads.
    """

    def __init__(self, schema: Schema) -> None:
        self._conversions = {
            name: conversion_of(one, name) for name, one in schema.get("properties", {}).items()
        }
        conversions = self._conversions.items()
        self._plain = {name: _PLAIN[one] for name, one in conversions if one in _PLAIN}
        self._integers = frozenset(name for name, one in conversions if one is to_integer)

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows with conforming values; those that lost a value are `NulledRow`."""
        conformed = []
        for row in rows:
            parts = self.conform(row)
            conformed.append(nulled(row, parts) if parts else row)
        return conformed

    def conform(self, row: Row) -> dict[str, str]:
        """Convert the values of an object in place; return what was where it is null now.

        Every value of every row passes here: the ones that fit cost a comparison of types.
        """
        plain, integers = self._plain.get, self._integers
        parts: dict[str, str] = {}
        for name, value in row.items():
            if value is None:
                continue
            kind = type(value)
            if kind is plain(name):
                continue
            if kind is int and name in integers and LOWEST_INTEGER <= value <= HIGHEST_INTEGER:
                continue
            convert = self._conversions.get(name)
            if convert is not None:
                try:
                    row[name] = convert(value)
                except MisfitError as error:
                    row[name] = error.rest
                    parts |= _below(name, error)
        return parts

    def convert(self, value: Any) -> Any:
        """Convert a value that should be such an object."""
        value = to_object(value)
        if parts := self.conform(value):
            raise MisfitError(value, {f".{path}": kind for path, kind in parts.items()})
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
        return _list_of(conversion_of(schema.get("items", {}), name.removesuffix("s")))
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


def _list_of(convert: Conversion) -> Conversion:
    def to_list(value: Any) -> list[Any]:
        if type(value) is not list:
            raise misfit(value)
        parts: dict[str, str] = {}
        for number, item in enumerate(value):
            if item is not None:
                try:
                    value[number] = convert(item)
                except MisfitError as error:
                    value[number] = error.rest
                    parts |= _below(f"[{number}]", error)
        if parts:
            raise MisfitError(value, parts)
        return value

    return to_list


def _below(name: str, error: MisfitError) -> Mapping[str, str]:
    return {f"{name}{path}": kind for path, kind in error.parts.items()}
