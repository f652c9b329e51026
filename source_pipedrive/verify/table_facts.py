"""What a table says about itself: how many rows it has, and up to when it is synced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select, tuple_

from source_pipedrive import timestamps
from source_pipedrive.verify.database import named
from source_pipedrive.verify.stream_table import StreamTable
from source_pipedrive.verify.values import as_json

# Without a saved state, nobody knows when the last sync began. No sync takes longer than that.
_LONGEST_SYNC = timedelta(hours=1)


@dataclass(frozen=True)
class Facts:
    """What a table says about itself.

    `keys` counts distinct keys, `duplicates` those whose newest version is there more than once.
    `listed` counts the rows that Pipedrive should list, by whether they are archived. Keys lie
    between `lowest` and `highest` where they are integers.
    """

    keys: int
    duplicates: int
    listed: Mapping[bool, int]
    lowest: int | None
    highest: int | None


def facts_of(table: StreamTable) -> Facts:
    """Count the rows."""
    key = table.keys[0] if len(table.keys) == 1 else tuple_(*table.keys)
    counts = [func.count().label("n"), func.count(func.distinct(key)).label("keys")]
    is_integer = len(table.keys) == 1 and table.has_integer_keys
    if is_integer:
        counts += [func.min(key).label("lowest"), func.max(key).label("highest")]
    (row,) = table.database.all(select(*counts).select_from(table.source))
    table.has_versions = row["n"] > row["keys"]
    return Facts(
        keys=row["keys"],
        duplicates=len(table.duplicates()),
        listed=_listed(table),
        lowest=int(row["lowest"]) if is_integer and row["keys"] else None,
        highest=int(row["highest"]) if is_integer and row["keys"] else None,
    )


def synced_until(table: StreamTable) -> Mapping[str, str]:
    """Return up to when the table has every change, by list: `live`, `archived`.

    That is the bookmark of the last sync, where PyAirbyte saved it. Elsewhere it is the newest
    change in the table, but an hour before the last row was read at most: rows may have changed
    behind the back of a sync.
    """
    incremental = table.spec.incremental
    if not incremental or incremental.cursor_field not in table.columns:
        return {}
    if bookmarks := _bookmarks(table.state, incremental.cursor_field):
        return bookmarks
    moments = [table.highest(table.columns[incremental.cursor_field]).label("newest")]
    if table.extracted is not None:
        moments.append(table.highest(table.extracted.name).label("extracted"))
    is_archived = table.flag("is_archived")
    query = select(is_archived.label("_archived"), *moments).select_from(table.source)
    found: dict[str, str] = {}
    for row in table.database.all(query.group_by("_archived")):
        newest_change = as_json(row["newest"])
        if not isinstance(newest_change, str):
            continue
        until = timestamps.sortable(newest_change)
        if isinstance(read_at := row.get("extracted"), datetime):
            began = read_at.replace(tzinfo=read_at.tzinfo or UTC) - _LONGEST_SYNC
            until = min(until, timestamps.format_utc(began))
        found["archived" if row["_archived"] else "live"] = until
    return found


def _listed(table: StreamTable) -> Mapping[bool, int]:
    """Count the rows that Pipedrive should list, by whether they are archived."""
    newest = table.newest().subquery()
    is_archived = table.flag("is_archived")
    query = select(is_archived.label("_archived"), func.count().label("n")).select_from(newest)
    if "is_deleted" in table.columns:
        query = query.where(or_(~table.flag("is_deleted"), _was_deleted_lately(table)))
    return {
        bool(row["_archived"]): row["n"] for row in table.database.all(query.group_by("_archived"))
    }


def _was_deleted_lately(table: StreamTable) -> ColumnElement[bool]:
    """Pipedrive lists deleted deals and projects for thirty days."""
    name = table.columns.get("update_time")
    if not (name and "deleted" in str(table.spec.parameters)):
        return false()
    since = datetime.now(UTC) - timedelta(days=30)
    has_zone = table.types[name].endswith("WITH TIME ZONE")
    return named(name) > (since if has_zone else since.replace(tzinfo=None))


def _bookmarks(state: Mapping[str, Any], field: str) -> Mapping[str, str]:
    """Return the bookmarks of a saved state, by list."""
    found: dict[str, Any] = {"live": state.get(field)}
    found |= {name: one.get(field) for name, one in state.items() if isinstance(one, dict)}
    return {name: timestamps.sortable(one) for name, one in found.items() if isinstance(one, str)}
