"""Brings the values of a warehouse and those of the account into one form, so that they compare."""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from source_pipedrive.conformance.conformer import type_of
from source_pipedrive.conformance.conversions import MisfitError

Row = dict[str, Any]
Schema = Mapping[str, Any]

# DECIMAL(38, 9) keeps nine decimals, a floating-point number fifteen digits
_SMALLEST_DIFFERENCE = {"rel_tol": 1e-14, "abs_tol": 1e-9}


def as_json(value: Any) -> Any:
    """Return a value of a database as JSON has it. Moments without a zone are UTC."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value) if isinstance(value, UUID) else value


class Reader:
    """Makes rows of a warehouse what `read` emitted: JSON values of the declared types."""

    def __init__(self, properties: Mapping[str, Schema], columns: Mapping[str, str]) -> None:
        self._columns = [
            (name, one, _type_as_stored(properties[name]), _reader_of(name, properties[name]))
            for name, one in columns.items()
        ]

    def row(self, stored: Mapping[str, Any]) -> Row:
        """Return the row; columns that were not read are left out."""
        row: Row = {}
        for name, column, as_is, read in self._columns:
            try:
                value = stored[column]
            except KeyError:
                continue
            row[name] = value if value is None or type(value) is as_is else read(value)
        return row


def _type_as_stored(schema: Schema) -> type | None:
    """Return the type of values that are the same in a warehouse and in JSON."""
    if "format" in schema or "contentMediaType" in schema:
        return None
    kinds = {"integer": int, "boolean": bool, "string": str}
    return next((kinds[one] for one in schema.get("type", ()) if one in kinds), None)


def _reader_of(name: str, schema: Schema) -> Callable[[Any], Any]:
    convert, holds_json = type_of(schema, name).convert, _holds_json(schema)

    def read(value: Any) -> Any:
        value = as_json(value)
        try:
            if holds_json and isinstance(value, str):
                value = json.loads(value)
            return None if value is None else convert(value)
        except (MisfitError, ValueError):
            return value

    return read


def differs(schema: Schema) -> Callable[[Any, Any], bool]:
    """Return what tells whether two values of a column mean different things."""
    if _holds_json(schema):
        return lambda one, other: _without_nulls(one) != _without_nulls(other)
    if schema.get("format") == "date-time":
        return lambda one, other: _moment(one) != _moment(other)
    if "number" in schema.get("type", ()):
        return _numbers_differ
    return lambda one, other: bool(one != other)


def _holds_json(schema: Schema) -> bool:
    kinds = schema.get("type", ())
    return "object" in kinds or "array" in kinds


def _without_nulls(value: Any) -> Any:
    """Leave out keys without a value; an object without any is no value."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None} or None
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value


def _numbers_differ(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return not math.isclose(one, other, **_SMALLEST_DIFFERENCE)
    return bool(one != other)
