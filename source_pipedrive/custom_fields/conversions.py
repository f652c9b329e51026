"""Conversions of JSON values to the type of their column; None where a value does not fit.

Pipedrive does not document every form of a value, and API v1 and v2 use different ones, so each
conversion accepts all forms that have been seen.
"""

from datetime import date
from functools import lru_cache
from typing import Any

import orjson

# up to here, a floating-point number represents every integer exactly
_MAX_EXACT_INTEGER = 2**53


def to_number(value: Any) -> float | None:
    """Convert a number, or text that is a JSON number."""
    if type(value) is int:
        return value
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value if type(value) in {int, float} else None


def to_integer(value: Any) -> int | None:
    """Convert an integer, `{"id": 5}` (an option with its label) or `{"value": 5}` (a contact)."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
    number = to_number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() and abs(number) < _MAX_EXACT_INTEGER else None
    return number


def to_integers(value: Any) -> list[int | None] | None:
    """Convert a list, the text `"123,456"` of API v1, or a single option."""
    if isinstance(value, str):
        value = value.split(",") if value else None
    elif not isinstance(value, list):
        single = to_integer(value)
        value = None if single is None else [single]
    return value and [item if type(item) is int else to_integer(item) for item in value]


def number_to_text(value: Any) -> str | None:
    """Convert a number to text."""
    return str(value) if type(value) in {int, float} else None


def phone_to_text(value: Any) -> str | None:
    """Convert text, a number, `{"value": "…"}`, or a list of these."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, list):
        return ", ".join(text for item in value if (text := phone_to_text(item))) or None
    return value if isinstance(value, str) else number_to_text(value)


def to_date(value: Any) -> str | None:
    """Return text that is a date as `YYYY-MM-DD`."""
    return _date_text(value) if isinstance(value, str) else None


@lru_cache(maxsize=10_000)
def _date_text(text: str) -> str | None:
    try:
        return text if date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


def to_null(_: Any) -> None:
    """Convert every value to None, for columns that only take values of their own type."""


def unchanged(value: Any) -> Any:
    """Return the value as it is."""
    return value
