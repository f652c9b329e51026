"""Query parameters: how a text is validated, and which rows it selects.

v2 answers 400 to a parameter that it does not know; v1 ignores one.
https://pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import DAY
from pipedrive_sandbox.endpoints.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipedrive_sandbox.tables import Table

MAX_IDS: Final = 100
#: `status=deleted` lists deals and projects for this long after their deletion.
RETENTION: Final = 30 * DAY
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def integer(name: str, text: str) -> int:
    """Accept a decimal integer."""
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise bad_request(f"validation failed: {name}: should be an integer")
    return int(text)


def boolean(name: str, text: str) -> int:
    """Accept `true` and `false`, nothing else."""
    if text not in {"true", "false"}:
        raise bad_request(f"validation failed: {name}: should be true or false")
    return int(text == "true")


def plain(name: str, text: str) -> str:
    """Accept any text except the empty one."""
    if not text:
        raise bad_request(f"validation failed: {name}: should not be empty")
    return text


def instant(name: str, text: str) -> int:
    """Accept RFC 3339 with seconds and a zone, without fractions; return epoch seconds."""
    try:
        if _RFC3339.fullmatch(text):
            return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
    except ValueError:
        pass
    raise bad_request(f"validation failed: {name}: should be in RFC3339 format")


def words(*allowed: str) -> Callable[[str, str], list[str]]:
    """Return a parser of a comma-separated list of some of `allowed`."""

    def parse(name: str, text: str) -> list[str]:
        chosen = text.split(",")
        for word in chosen:
            if word not in allowed:
                raise bad_request(f"validation failed: {name}: unsupported value '{word}'")
        return chosen

    return parse


def word(*allowed: str) -> Callable[[str, str], str]:
    """Return a parser of one of `allowed`."""

    def parse(name: str, text: str) -> str:
        if text not in allowed:
            raise bad_request(f"validation failed: {name}: unsupported value '{text}'")
        return text

    return parse


def ids(name: str, text: str) -> list[int]:
    """Accept up to 100 comma-separated ids."""
    chosen = [integer(name, part) for part in text.split(",")]
    if len(chosen) > MAX_IDS:
        raise bad_request(f"validation failed: {name}: a maximum of {MAX_IDS} ids is allowed")
    return chosen


#: A condition in SQL, and the values of its placeholders.
Clause = tuple[str, list[object]]


@dataclass(frozen=True)
class Filter:
    """A query parameter that selects rows: its parser, and the condition in SQL.

    `clause` takes the parsed value, the table, and the current epoch.
    """

    parse: Callable[[str, str], object]
    clause: Callable[[Any, Table, int], Clause]
    required: bool = False


def equals(
    column: str,
    parse: Callable[[str, str], object] = integer,
    *,
    required: bool = False,
) -> Filter:
    """Select rows whose `column` has the value."""
    return Filter(parse, lambda value, _table, _now: (f"{column} = ?", [value]), required)


def among(column: str, *, required: bool = False) -> Filter:
    """Select rows whose `column` is one of up to 100 ids."""
    return Filter(ids, lambda value, _table, _now: one_of(column, value), required)


def one_of(column: str, values: Sequence[object]) -> Clause:
    """Return the condition that `column` is one of `values`."""
    return f"{column} IN ({', '.join('?' * len(values))})", list(values)


#: `updated_since` is inclusive; rows without an `update_time` never match.
SINCE: Final = Filter(
    instant,
    lambda value, table, _now: ("update_time >= ?", [table.stamp.text(value)]),
)
#: `updated_until` is exclusive.
UNTIL: Final = Filter(
    instant,
    lambda value, table, _now: (
        "(update_time < ? AND update_time <> '')",
        [table.stamp.text(value)],
    ),
)


def status(*present: str) -> Filter:
    """Select rows by status; `deleted` selects those deleted less than 30 days ago."""

    def clause(value: list[str], table: Table, now: int) -> Clause:
        chosen = [each for each in value if each != "deleted"]
        parts: list[str] = []
        values: list[object] = []
        if chosen:
            condition, values = one_of("status", chosen)
            parts.append(f"(deleted_at = '' AND {condition})")
        if "deleted" in value:
            parts.append("deleted_at > ?")
            values.append(table.stamp.text(now - RETENTION))
        return f"({' OR '.join(parts)})", values

    return Filter(words(*present, "deleted"), clause)
