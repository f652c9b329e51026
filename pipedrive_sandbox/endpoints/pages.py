"""Answers a declared read: SQLite filters, sorts and pages the rows, and they are rendered.

A page is put together from stored bytes. Rows are parsed only where the query, the plan or the
API version asks for another form, so that a request needs memory for one page only.
"""

from __future__ import annotations

import base64
import binascii
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.data.company import COMPANY_ID
from pipedrive_sandbox.endpoints.declarations import Extra, Paging
from pipedrive_sandbox.endpoints.errors import bad_request, not_found
from pipedrive_sandbox.endpoints.query import parse_query
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.endpoints.declarations import Call, Read
    from pipedrive_sandbox.endpoints.query import Query
    from pipedrive_sandbox.store import Row

#: A time window with at most so many rows is read through its own index.
SMALL_WINDOW: Final = 20_000
_WINDOW: Final = frozenset({"updated_since", "updated_until"})
#: Filters that most rows satisfy, so that no index helps.
_WIDE: Final = _WINDOW | {"status"}
_GROWTH_ONLY: Final = (
    "acv",
    "arr",
    "mrr",
    "billing_frequency",
    "billing_frequency_cycles",
    "billing_start_date",
)
_WITH_GROWTH: Final = frozenset({"deals", "products", "deal_products"})

#: `body`, `extra`, and the values that a cursor consists of.
Stored = tuple[Any, ...]


class _Plan(Enum):
    """How SQLite finds the rows of a page.

    IDS: in the order of ids, skipping the rows that do not match. WINDOW: the few ids of a time
    window are found and sorted in the index first. OWN: SQLite chooses.
    """

    IDS = auto()
    WINDOW = auto()
    OWN = auto()


def answer(account: Account, read: Read, call: Call, *, strict: bool) -> bytes:
    """Answer a GET whose permissions were checked; raise `ApiError` for an invalid query.

    With `strict`, the rules of v2 apply.
    """
    query = parse_query(account, read, call, strict=strict)
    if read.parent and account.store.get(read.parent, call.path["id"]) is None:
        raise read.missing or not_found()
    if read.paging is Paging.ONE:
        rows = _select(account, read, query, "LIMIT 1")
        if not rows:
            raise not_found()
        tail = b',"additional_data":null}' if read.extra is Extra.NULL else b"}"
        return b'{"success":true,"data":' + _render(account, read, call, query, rows)[0] + tail
    additional: Row | None = {}
    if read.paging is Paging.CURSOR:
        rows, additional = _cursor_page(account, read, query)
    elif read.paging is Paging.OFFSET:
        rows, additional = _offset_page(account, read, query)
    else:
        rows = _select(account, read, query, "ORDER BY rowid")
    if not (rows or strict) and account.settings.empty_v1_lists_are_null:
        data = b"null"
    else:
        data = b"[" + b",".join(_render(account, read, call, query, rows)) + b"]"
    return b'{"success":true,"data":' + data + _tail(read, additional) + b"}"


def _tail(read: Read, additional: Row | None) -> bytes:
    if read.extra is Extra.ABSENT:
        return b""
    if read.extra is Extra.IF_MORE and not (additional or {}).get("next_cursor"):
        return b""
    if read.extra is Extra.COMPANY:
        additional = {"company_id": COMPANY_ID}
    if read.extra is Extra.NULL:
        additional = None
    return b',"additional_data":' + orjson.dumps(additional)


def _select(account: Account, read: Read, query: Query, order: str) -> list[Stored]:
    return account.store.select(
        f"SELECT body, extra FROM {read.table} WHERE {query.where} {order}",
        query.values,
    )


def _cursor_page(account: Account, read: Read, query: Query) -> tuple[list[Stored], Row]:
    chosen = query.parameters
    name = chosen.get("sort_by", "id")
    direction = chosen.get("sort_direction", "desc" if read.newest_first else "asc")
    after = "<" if direction == "desc" else ">"
    column = "rowid" if name == "id" else name
    plan = _choose_plan(account, read, query) if name == "id" else _Plan.OWN
    where, values = query.where, list(query.values)
    if "cursor" in chosen:
        value, last = _decode_cursor(chosen["cursor"], name, direction)
        if name == "id":
            # the plus sign keeps SQLite from using the ids as its index
            where += f" AND {'' if plan is _Plan.IDS else '+'}rowid {after} ?"
            values.append(last)
        else:
            where += f" AND ({column}, rowid) {after} (?, ?)"
            values += [value, last]
    order = f"{column} {direction}" + ("" if name == "id" else f", rowid {direction}")
    if plan is _Plan.WINDOW:
        where = (
            f"rowid IN (SELECT rowid FROM {read.table} WHERE {where}"
            f" ORDER BY +rowid {direction} LIMIT {query.limit + 1})"
        )
    hint = "NOT INDEXED" if plan is _Plan.IDS else ""
    rows = account.store.select(
        f"SELECT body, extra, {column}, rowid FROM {read.table} {hint}"
        f" WHERE {where} ORDER BY {order} LIMIT {query.limit + 1}",
        values,
    )
    cursor = None
    if len(rows) > query.limit:
        rows.pop()
        *_, value, last = rows[-1]
        cursor = _encode_cursor(name, value, direction, last)
    return rows, {"next_cursor": cursor}


def _choose_plan(account: Account, read: Read, query: Query) -> _Plan:
    """Choose how a page in the order of ids is found; SQLite's own plan often sorts too much."""
    filters = query.parameters.keys() & read.filters.keys()
    if filters - _WIDE or ":" in read.where:
        return _Plan.OWN
    if not filters & _WINDOW:
        return _Plan.IDS
    counted = (
        f"SELECT count(*) FROM"
        f" (SELECT 1 FROM {read.table} WHERE {query.where} LIMIT {SMALL_WINDOW + 1})"
    )
    found = account.store.remembered(counted, query.values)
    return _Plan.WINDOW if found <= SMALL_WINDOW else _Plan.IDS


def _offset_page(account: Account, read: Read, query: Query) -> tuple[list[Stored], Row]:
    start, limit = max(0, query.parameters.get("start", 0)), query.limit
    order = _v1_order(read, query.parameters.get("sort", ""))
    rows = account.store.select(
        f"SELECT body, extra FROM {read.table} WHERE rowid IN"
        f" (SELECT rowid FROM {read.table} WHERE {query.where}"
        f" ORDER BY {order} LIMIT {limit + 1} OFFSET {start}) ORDER BY {order}",
        query.values,
    )
    more = len(rows) > limit
    pagination: Row = {"start": start, "limit": limit, "more_items_in_collection": more}
    if read.flat and account.settings.flat_v1_pagination:
        return rows[:limit], pagination
    if more:
        pagination["next_start"] = start + limit
    return rows[:limit], {"pagination": pagination}


def _v1_order(read: Read, sort: str) -> str:
    terms = []
    for term in sort.split(",") if sort else ():
        name, _, direction = term.strip().partition(" ")
        if name not in read.sort or direction.upper() not in {"", "ASC", "DESC"}:
            raise bad_request(f"validation failed: sort: unsupported value '{term}'")
        terms.append(f"{name} {direction.upper() or 'ASC'}")
    is_descending = bool(terms) and terms[-1].endswith("DESC")
    return ", ".join([*terms, "rowid DESC" if is_descending else "rowid"])


def _render(
    account: Account, read: Read, call: Call, query: Query, rows: list[Stored]
) -> list[bytes]:
    include: Collection[str] = query.parameters.get(read.include_by, ())
    if read.always_include:
        include = read.include
    is_lite = "growth" in call.profile.lacks or account.settings.plan == "lite"
    is_lite = is_lite and read.table in _WITH_GROWTH
    includes_some = bool(include) and set(include) != set(TABLES[read.table].optional)
    if not (is_lite or includes_some or read.shape):
        return [_whole(*row[:2]) for row in rows] if include else [row[0] for row in rows]
    rendered = []
    for body, extra, *_ in rows:
        row: Row = orjson.loads(body)
        optional = orjson.loads(extra) if include and extra else {}
        row |= {name: optional[name] for name in include if name in optional}
        if is_lite:
            row = {name: value for name, value in row.items() if name not in _GROWTH_ONLY}
        rendered.append(orjson.dumps(read.shape(account, row) if read.shape else row))
    return rendered


def _whole(body: bytes, extra: bytes | None) -> bytes:
    """Return a row with all its optional properties."""
    return body[:-1] + b"," + extra[1:] if extra and extra != b"{}" else body


def _encode_cursor(name: str, value: object, direction: str, last: int) -> str:
    position = {"field": name, "fieldValue": value, "sortDirection": direction, "id": last}
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def _decode_cursor(text: str, name: str, direction: str) -> tuple[object, int]:
    try:
        position = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if (position["field"], position["sortDirection"]) == (name, direction):
            return position["fieldValue"], int(position["id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        pass
    raise bad_request("validation failed: cursor: invalid value")
