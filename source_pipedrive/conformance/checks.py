"""Whether all values of a column already have the declared type.

A page is checked column by column, because Python's built-in functions then do the work: this costs
a third of a look at each value. Only columns that fail a check are converted value by value.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from types import NoneType
from typing import Any

from source_pipedrive.conformance.conversions import (
    HIGHEST_INTEGER,
    NUMBER_LIMIT,
    V2_SEPARATORS,
    Conversion,
    MisfitError,
)

Values = Sequence[Any]
Check = Callable[[Values], bool]
"""Tells whether all values, of which some may be null, can stay as they are."""


def are_plain(kind: type) -> Check:
    """Return the check for values of a Python type, whatever their content."""
    return lambda values: _have_types(values, {kind, NoneType})


def are_integers(values: Values) -> bool:
    """Tell whether values are integers of 64 bits."""
    # JSON parsers return no integer below the lowest one
    return _have_types(values, {int, NoneType}) and (
        max(filter(None, values), default=0) <= HIGHEST_INTEGER
    )


def are_numbers(values: Values) -> bool:
    """Tell whether values are numbers that warehouses can hold."""
    return _have_types(values, {float, int, NoneType}) and (
        max(map(abs, filter(None, values)), default=0) < NUMBER_LIMIT
    )


def are_moments(values: Values) -> bool:
    """Tell whether values are moments in the form that records have."""
    if not _have_types(values, {str, NoneType}):
        return False
    present = [value for value in values if value is not None]
    # `fromisoformat` takes other forms as well, but none of them with these separators
    if not {V2_SEPARATORS}.issuperset([value[4::3] for value in present]):
        return False
    try:
        list(map(datetime.fromisoformat, present))
    except ValueError:
        return False
    return True


def stay_the_same(convert: Conversion) -> Check:
    """Return the check for values that repeat a lot: that their conversion changes none."""

    def check(values: Values) -> bool:
        if not _have_types(values, {str, NoneType}):
            return False
        try:
            return all(convert(value) == value for value in {*values} - {None})
        except MisfitError:
            return False

    return check


def are_lists(check_items: Check) -> Check:
    """Return the check for lists whose items pass another check."""

    def check(values: Values) -> bool:
        return _have_types(values, {list, NoneType}) and check_items(
            [item for value in values if value for item in value]
        )

    return check


def _have_types(values: Values, kinds: Collection[type]) -> bool:
    return not set(map(type, values)).difference(kinds)
