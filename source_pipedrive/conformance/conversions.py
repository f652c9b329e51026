"""Conversions of JSON values to the one declared type of their column.

What loses nothing is converted: Pipedrive does not document every form of a value, and API v1 and
v2 use different ones. Outside of texts, an empty text and a zero date mean that there is no value.
Everything else raises `MisfitError`.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import lru_cache
from math import isfinite
from typing import Any

import orjson

LOWEST_INTEGER, HIGHEST_INTEGER = -(2**63), 2**63 - 1
NUMBER_LIMIT = 1e29
"""No number is this large: BIGINT and DECIMAL(38, 9) are the types that every warehouse has."""

# up to here, a floating-point number represents every integer exactly
_MAX_EXACT_INTEGER = 2**53
_FLAGS = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}
# what `2024-05-01T10:00:00Z` has between its digits; API v1 also writes `2024-05-01 10:00:00` and
# `2024-05-01T10:00:00.000Z`
V2_SEPARATORS = "--T::Z"
_V1_SEPARATORS, _V1_END = {"-- ::", "--T::"}, {"", ".000Z"}
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "text", list: "array"}

Conversion = Callable[[Any], Any]
"""Converts a value that is not null. Raises `MisfitError`."""


class MisfitError(ValueError):
    """A value that its column cannot hold.

    `rest` is what remains of the value: null, or a list or an object with nulls inside. `parts`
    says where they are: path inside the value -> type of what was there, `{"": "text"}` for the
    value itself.
    """

    def __init__(self, rest: Any, parts: Mapping[str, str]) -> None:
        super().__init__("a value does not fit its column")
        self.rest = rest
        self.parts = parts


def misfit(value: Any) -> MisfitError:
    """Return the error for a whole value."""
    return MisfitError(None, {"": type_name(value)})


def type_name(value: Any) -> str:
    """Return what kind of JSON a value is, for messages, which never show values."""
    return _JSON_TYPES.get(type(value), "object")


def to_text(value: Any) -> str:
    """Return text, and numbers and flags as text: `37`, `true`."""
    if type(value) in {dict, list}:
        raise misfit(value)
    return to_json_text(value)


def to_json_text(value: Any) -> str:
    """Return text as it is, and everything else as JSON."""
    if type(value) is str:
        return value
    if type(value) is float and not isfinite(value):
        raise misfit(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        # it is nested deeper than anybody can have meant
        raise misfit(value) from None


def to_id_text(value: Any) -> str:
    """Convert an id, or an object with it: `{"id": "…"}`, `{"value": "…"}`."""
    return str(_from_object(value, to_text)) if type(value) is dict else to_text(value)


def to_integer(value: Any) -> int | None:
    """Convert an integer, or an object with an id: `{"id": 5}`, `{"value": 5}`."""
    if type(value) is int and LOWEST_INTEGER <= value <= HIGHEST_INTEGER:
        return value
    if type(value) is dict:
        integer: int | None = _from_object(value, to_integer)
        return integer
    number = _number(value)
    if type(number) is float and number.is_integer() and abs(number) < _MAX_EXACT_INTEGER:
        number = int(number)
    if number is None or (type(number) is int and LOWEST_INTEGER <= number <= HIGHEST_INTEGER):
        return number
    raise misfit(value)


def to_number(value: Any) -> float | None:
    """Convert a number."""
    if type(value) is float and -NUMBER_LIMIT < value < NUMBER_LIMIT:
        return value
    number = _number(value)
    if number is None or -NUMBER_LIMIT < number < NUMBER_LIMIT:
        return number
    raise misfit(value)


def to_boolean(value: Any) -> bool | None:
    """Convert a flag, which API v1 also writes as 0 and 1, or as text."""
    if type(value) is bool:
        return value
    if _is_nothing(value):
        return None
    word = value.strip().lower() if type(value) is str else value
    flag = _FLAGS.get(word) if type(word) in {str, int, float} else None
    if flag is None:
        raise misfit(value)
    return flag


def to_moment(value: Any) -> str | None:
    """Convert a moment in any of Pipedrive's forms to RFC 3339, in UTC with zone.

    All of them are UTC; those of API v1 do not say so.
    https://pipedrive.readme.io/docs/core-api-concepts-date-format
    """
    if type(value) is not str:
        raise misfit(value)
    try:
        # `fromisoformat` takes other forms as well, but none of them with these separators
        if value[4::3] == V2_SEPARATORS:
            datetime.fromisoformat(value)
            return value
        if value[4:17:3] in _V1_SEPARATORS and value[19:] in _V1_END:
            text = f"{value[:10]}T{value[11:19]}Z"
            datetime.fromisoformat(text)
            return text
        return _moment(value)
    except (OverflowError, ValueError):
        if _is_nothing(value):
            return None
        raise misfit(value) from None


def to_date(value: Any) -> str | None:
    """Convert a date as `YYYY-MM-DD`, or a moment at midnight."""
    day: str | None = _date(value) if type(value) is str else None
    if day or _is_nothing(value):
        return day
    raise misfit(value)


def to_time_of_day(value: Any) -> str | None:
    """Convert a time of day, `HH:MM` or `HH:MM:SS`, to the longer form."""
    of_day: str | None = _time_of_day(value) if type(value) is str else None
    if of_day or _is_nothing(value):
        return of_day
    raise misfit(value)


def to_object(value: Any) -> dict[str, Any]:
    """Return an object as it is. An empty one may arrive as `[]`."""
    if type(value) is dict:
        return value
    if value == []:
        return {}
    raise misfit(value)


def unchanged(value: Any) -> Any:
    """Return the value as it is."""
    return value


def _from_object(value: Mapping[str, Any], convert: Conversion) -> Any:
    """Convert the id in an object."""
    inner = next((value[key] for key in ("value", "id") if value.get(key) is not None), None)
    converted = None
    if type(inner) is not dict:
        with suppress(MisfitError):
            converted = None if inner is None else convert(inner)
    if converted is None:
        raise misfit(value)
    return converted


def _is_nothing(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith("0000-00-00") or not value.strip())


def _number(value: Any) -> float | None:
    """Return a number, None for no value. Raises `MisfitError`."""
    if _is_nothing(value):
        return None
    if type(value) is str:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise misfit(value) from None
    if type(value) not in {int, float}:
        raise misfit(value)
    number: float = value
    return number


def _moment(text: str) -> str:
    if text[4:10:3] != "--":
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    is_in_milliseconds = moment.microsecond and moment.microsecond % 1000 == 0
    text = moment.isoformat(timespec="milliseconds" if is_in_milliseconds else "auto")
    return text.replace("+00:00", "Z")


@lru_cache(maxsize=10_000)
def _date(text: str) -> str | None:
    try:
        day = date.fromisoformat(text[:10]).isoformat()
        is_midnight = len(text) == len(day) or _moment(text)[10:] == "T00:00:00Z"
    except (OverflowError, ValueError):
        return None
    return day if is_midnight and text.startswith(day) else None


@lru_cache(maxsize=10_000)
def _time_of_day(text: str) -> str | None:
    try:
        of_day = time.fromisoformat(text)
    except ValueError:
        return None
    has_form = text[2:3] == ":" and of_day.tzinfo is None
    return of_day.isoformat() if has_form else None
