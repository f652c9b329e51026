"""Query parameters: how a text is validated, and what it means in SQL.

v2 answers 400 to whatever it does not know (facts §7.16); v1 overlooks what it does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipedrive_sandbox.tables import Table

MAX_IDS: Final = 100
MAX_KEYS: Final = 15
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


def flag(name: str, text: str) -> int:
    """Accept `0` and `1`."""
    if text not in {"0", "1"}:
        raise bad_request(f"validation failed: {name}: should be 0 or 1")
    return int(text)


def plain(name: str, text: str) -> str:
    """Accept any text but the empty one."""
    if not text:
        raise bad_request(f"validation failed: {name}: should not be empty")
    return text


def instant(name: str, text: str) -> int:
    """Accept RFC 3339 to the second, with a zone; return epoch seconds. Facts §7.1."""
    try:
        if _RFC3339.fullmatch(text):
            return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
    except ValueError:
        pass
    raise bad_request(f"validation failed: {name}: should be in RFC3339 format")


def calendar_day(name: str, text: str) -> str:
    """Accept `YYYY-MM-DD`."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise bad_request(f"validation failed: {name}: should be a date") from None


def words(*allowed: str) -> Callable[[str, str], list[str]]:
    """Accept a comma-separated list of some of `allowed`."""

    def parse(name: str, text: str) -> list[str]:
        chosen = text.split(",")
        for word in chosen:
            if word not in allowed:
                raise bad_request(f"validation failed: {name}: unsupported value '{word}'")
        return chosen

    return parse


def word(*allowed: str) -> Callable[[str, str], str]:
    """Accept one of `allowed`."""
    parse_all = words(*allowed)

    def parse(name: str, text: str) -> str:
        parse_all(name, text)
        return text

    return parse


def ids(name: str, text: str) -> list[int]:
    """Accept up to 100 comma-separated ids."""
    chosen = [integer(name, part) for part in text.split(",")]
    if len(chosen) > MAX_IDS:
        raise bad_request(f"validation failed: {name}: a maximum of {MAX_IDS} ids is allowed")
    return chosen


def keys(name: str, text: str) -> list[str]:
    """Accept up to 15 comma-separated custom field keys."""
    chosen = text.split(",")
    if len(chosen) > MAX_KEYS:
        raise bad_request(f"validation failed: {name}: a maximum of {MAX_KEYS} keys is allowed")
    return chosen


Clause = tuple[str, list[object]]


@dataclass(frozen=True)
class Filter:
    """A query parameter that narrows a list.

    `survives_filter_id`: the contract says of most of them that `filter_id` overrides them.
    """

    parse: Callable[[str, str], object]
    clause: Callable[[Any, Table, int], Clause]
    survives_filter_id: bool = False
    required: bool = False


def equals(column: str, parse: Callable[[str, str], object] = integer) -> Filter:
    """Keep rows whose `column` has the value."""
    return Filter(parse, lambda value, _table, _now: (f"{column} = ?", [value]))


def among(column: str, *, required: bool = False) -> Filter:
    """Keep rows whose `column` is one of up to 100 ids."""
    return Filter(
        ids,
        lambda value, _table, _now: one_of(column, value),
        required=required,
    )


def linked(column: str) -> Filter:
    """Keep rows whose `column`, written by `work_data.links`, has the id."""
    return Filter(integer, lambda value, _table, _now: (f"{column} LIKE ?", [f"%,{value},%"]))


def one_of(column: str, values: Sequence[object]) -> Clause:
    """Write the SQL for a membership."""
    return f"{column} IN ({', '.join('?' * len(values))})", list(values)


#: `updated_since` is inclusive, and drops rows that have no `update_time`.
SINCE: Final = Filter(
    instant,
    lambda value, table, _now: ("update_time >= ?", [table.stamp.text(value)]),
    survives_filter_id=True,
)
#: `updated_until` is exclusive.
UNTIL: Final = Filter(
    instant,
    lambda value, table, _now: (
        "(update_time < ? AND update_time <> '')",
        [table.stamp.text(value)],
    ),
    survives_filter_id=True,
)


def status_of(*alive: str, retention: int) -> Filter:
    """Keep rows by status; `deleted` brings those deleted less than `retention` seconds ago."""

    def clause(value: list[str], table: Table, now: int) -> Clause:
        live = [status for status in value if status != "deleted"]
        parts: list[str] = []
        values: list[object] = []
        if live:
            sql, values = one_of("status", live)
            parts.append(f"(deleted_at = '' AND {sql})")
        if "deleted" in value:
            parts.append("deleted_at > ?")
            values.append(table.stamp.text(now - retention))
        return f"({' OR '.join(parts)})", values

    return Filter(words(*alive, "deleted"), clause)
