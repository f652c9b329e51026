"""Conversions of values that only custom fields have."""

from typing import Any

from source_pipedrive.conformance.conformer import type_of
from source_pipedrive.conformance.conversions import misfit, to_integer, to_text

_INTEGERS = type_of({"type": "array", "items": {"type": "integer"}}).convert


def to_integers(value: Any) -> list[int | None] | None:
    """Convert a list, the text `"123,456"` of API v1, or a single option."""
    if isinstance(value, str):
        value = value.split(",") if value else None
    elif not isinstance(value, list):
        value = [to_integer(value)]
    # a copy: the raw value stays as it is
    integers: list[int | None] | None = value and _INTEGERS([*value])
    return integers


def phone_to_text(value: Any) -> str | None:
    """Convert text, a number, `{"value": "…"}`, or a list of these."""
    if isinstance(value, dict) and value.get("value") is not None:
        value = value["value"]
    if isinstance(value, list):
        return ", ".join(text for item in value if (text := phone_to_text(item))) or None
    return None if value is None else to_text(value)


def no_conversion(value: Any) -> Any:
    """Raise `MisfitError`, for columns that only take values of their own type."""
    raise misfit(value)
