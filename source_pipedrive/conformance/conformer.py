"""Makes rows conform to a JSON schema: each declared value has its type, or is null."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from source_pipedrive.conformance.checks import (
    Check,
    Values,
    are_integers,
    are_lists,
    are_moments,
    are_numbers,
    are_plain,
    stay_the_same,
)
from source_pipedrive.conformance.conversions import (
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


class ValueType(NamedTuple):
    """A declared type: whether values have it already, and how others are converted to it."""

    check: Check
    convert: Conversion


_TEXT = ValueType(are_plain(str), to_text)
_OF_TYPE: Mapping[str, ValueType] = {
    "boolean": ValueType(are_plain(bool), to_boolean),
    "integer": ValueType(are_integers, to_integer),
    "number": ValueType(are_numbers, to_number),
    "object": ValueType(are_plain(dict), to_object),
    "string": _TEXT,
}
_OF_FORMAT: Mapping[str, ValueType] = {
    "date": ValueType(stay_the_same(to_date), to_date),
    "date-time": ValueType(are_moments, to_moment),
    "time": ValueType(stay_the_same(to_time_of_day), to_time_of_day),
}
_ANY = ValueType(lambda _: True, unchanged)
_NONE: Mapping[str, str] = {}


class NulledRow(Row):
    """A row with values that did not fit their columns and are null now; `parts` says where."""

    parts: Mapping[str, str]


class Conformer:
    """The declared properties of an object, compiled from its schema: of a row, or inside of one.

    Properties that are not declared pass as they are. One instance serves all threads.
    """

    def __init__(self, schema: Schema) -> None:
        self._types = {
            name: type_of(one, name) for name, one in schema.get("properties", {}).items()
        }

    def rows(self, rows: list[Row]) -> list[Row]:
        """Convert the values of rows in place; those that lost a value become `NulledRow`."""
        misfits: dict[int, dict[str, str]] = {}
        for name, values in self._columns(rows):
            check, convert = self._types[name]
            if check(values):
                continue
            for number, value in enumerate(values):
                if value is not None:
                    try:
                        rows[number][name] = convert(value)
                    except MisfitError as error:
                        rows[number][name] = error.rest
                        misfits.setdefault(number, {}).update(_below(name, error.parts))
        for number, parts in misfits.items():
            rows[number] = nulled(rows[number], parts)
        return rows

    def conform(self, row: Row) -> Mapping[str, str]:
        """Convert the values of an object in place; return what was where it is null now."""
        parts = _NONE
        for name, declared in self._types.items():
            if (value := row.get(name)) is not None:
                row[name], further = _converted(value, declared.convert, name)
                parts = {**parts, **further}
        return parts

    def check(self, values: Values) -> bool:
        """Tell whether values are such objects, or null, with conforming values."""
        objects = [value for value in values if value is not None]
        return _OF_TYPE["object"].check(objects) and all(
            self._types[name].check(column) for name, column in self._columns(objects)
        )

    def convert(self, value: Any) -> Any:
        """Convert a value that should be such an object."""
        value = to_object(value)
        if parts := self.conform(value):
            raise MisfitError(value, _below(".", parts))
        return value

    def _columns(self, rows: Sequence[Row]) -> Iterator[tuple[str, Values]]:
        """Yield the values of each declared property that any of the rows has."""
        keys = set(map(tuple, rows))
        if len(keys) == 1:
            columns = zip(*map(dict.values, rows), strict=True)
            pairs = zip(keys.pop(), columns, strict=True)
            yield from (pair for pair in pairs if pair[0] in self._types)
        else:
            present = {key for some in keys for key in some}
            for name in filter(present.__contains__, self._types):
                yield name, [row.get(name) for row in rows]


def nulled(row: Row, parts: Mapping[str, str]) -> NulledRow:
    """Return a row of which these parts, besides earlier ones, are null now."""
    changed = NulledRow(row)
    changed.parts = {**(row.parts if isinstance(row, NulledRow) else {}), **parts}
    return changed


def type_of(schema: Schema, name: str = "") -> ValueType:
    """Return the type that a schema declares; `name` tells whether text is an id."""
    if found := _OF_FORMAT.get(schema.get("format", "")):
        return found
    kind = next((one for one in _types(schema) if one != "null"), "")
    if kind == "array":
        items = type_of(schema.get("items", {}), name.removesuffix("s"))
        return ValueType(are_lists(items.check), _list_conversion(items.convert))
    if kind == "object" and "properties" in schema:
        inner = Conformer(schema)
        return ValueType(inner.check, inner.convert)
    if schema.get("contentMediaType") == "application/json":
        return ValueType(_TEXT.check, to_json_text)
    if kind == "string" and (name == "id" or name.endswith("_id")):
        return ValueType(_TEXT.check, to_id_text)
    return _OF_TYPE.get(kind, _ANY)


def _types(schema: Schema) -> Sequence[str]:
    declared = schema.get("type", ())
    return [declared] if isinstance(declared, str) else declared


def _list_conversion(convert: Conversion) -> Conversion:
    def to_list(value: Any) -> list[Any]:
        if type(value) is not list:
            raise misfit(value)
        parts = _NONE
        for number, item in enumerate(value):
            if item is not None:
                value[number], further = _converted(item, convert, f"[{number}]")
                parts = {**parts, **further}
        if parts:
            raise MisfitError(value, parts)
        return value

    return to_list


def _converted(value: Any, convert: Conversion, place: str) -> tuple[Any, Mapping[str, str]]:
    """Convert a value; return it, and what was where it is null now."""
    try:
        return convert(value), _NONE
    except MisfitError as error:
        return error.rest, _below(place, error.parts)


def _below(place: str, parts: Mapping[str, str]) -> Mapping[str, str]:
    return {f"{place}{path}": kind for path, kind in parts.items()}
