"""Answers every declared read: validates the query, lets SQLite filter, sort and page, renders.

A page is put together from stored bytes. Rows are parsed only where the query, the plan or the
API version asks for another form, so that a request costs memory for one page and no more.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.company import COMPANY_ID
from pipedrive_sandbox.errors import bad_request, not_found
from pipedrive_sandbox.parameters import (
    Filter,
    boolean,
    integer,
    keys,
    plain,
    word,
    words,
)
from pipedrive_sandbox.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.settings import Profile
    from pipedrive_sandbox.store import Row

DEFAULT_LIMIT: Final = 100
#: Up to this many rows a time window is read through its own index and sorted.
NARROW: Final = 20_000
_NAME: Final = re.compile(r":(\w+)")
_GROWTH_ONLY: Final = ("acv", "arr", "mrr", "billing_frequency", "billing_frequency_cycles")


class Paging(Enum):
    """The ways in which the API hands out a list. Facts §3.0."""

    CURSOR = auto()
    V1_CURSOR = auto()
    OFFSET = auto()
    NONE = auto()
    ONE = auto()


class Extra(Enum):
    """What a list carries as `additional_data`."""

    PAGING = auto()
    COMPANY = auto()
    NULL = auto()
    ABSENT = auto()


@dataclass(frozen=True, kw_only=True)
class Read:
    """One way of reading rows of a table.

    `where` is SQL that always holds, with `:name` for a path parameter or `:user` for the caller.
    `unless` holds while the query parameter of that name is absent. `sort` are the columns that
    may be sorted by; the first is the default. `shape` turns a stored row into another form.
    """

    table: str
    paging: Paging = Paging.CURSOR
    extra: Extra = Extra.PAGING
    limit: int = 500
    where: str = ""
    unless: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sort: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    custom: bool = False
    labels: str = ""
    flat: bool = False
    shape: Callable[[Sandbox, Row], Any] | None = None
    always_include: bool = False

    @property
    def is_v1(self) -> bool:
        """Whether this is a paged list of v1."""
        return self.paging in {Paging.OFFSET, Paging.V1_CURSOR}


@dataclass(frozen=True)
class _Page:
    rows: list[tuple[bytes, bytes | None]]
    additional: object


def answer(
    sandbox: Sandbox,
    read: Read,
    path: Mapping[str, object],
    query: Mapping[str, str],
    profile: Profile,
    *,
    strict: bool,
) -> bytes:
    """Answer a GET whose path and permissions are settled; raise `Refusal` for a bad query."""
    chosen = _validate(read, query, strict=strict)
    names: dict[str, object] = {**path, "user": profile.user_id}
    where, values = _conditions(sandbox, read, chosen, names)
    if read.paging is Paging.ONE:
        return _one(sandbox, read, chosen, profile, (where, values))
    page = _page(sandbox, read, chosen, where, values)
    data = _render(sandbox, read, chosen, profile, page.rows)
    empty_is_null = read.is_v1 and sandbox.settings.empty_v1_lists_are_null
    body = b'{"success":true,"data":' + (
        b"null" if not data and empty_is_null else b"[" + b",".join(data) + b"]"
    )
    if read.extra is not Extra.ABSENT:
        body += b',"additional_data":' + orjson.dumps(page.additional)
    return body + b"}"


def _validate(read: Read, query: Mapping[str, str], *, strict: bool) -> dict[str, Any]:
    known: dict[str, Callable[[str, str], object]] = {
        name: narrowing.parse for name, narrowing in read.filters.items()
    }
    lenient: set[str] = set()
    if read.paging in {Paging.CURSOR, Paging.V1_CURSOR}:
        known |= {"cursor": plain, "limit": integer}
    elif read.paging is Paging.OFFSET:
        known |= {"start": integer, "limit": integer}
        lenient = {"start", "limit"}
        if read.sort:
            known["sort"] = plain
    if read.paging is Paging.CURSOR and read.sort:
        known |= {"sort_by": word(*read.sort), "sort_direction": word("asc", "desc")}
    if read.include and not read.always_include:
        known["include_fields"] = words(*read.include)
    if read.custom:
        known["custom_fields"] = keys
    if read.labels:
        known |= {"include_option_labels": boolean, "include_labels": boolean}
    chosen = {}
    for name, text in query.items():
        if name == "api_token":
            continue
        if name in known:
            try:
                chosen[name] = known[name](name, text)
            except Exception:
                if name in lenient and not strict:
                    continue
                raise
        elif strict:
            raise bad_request(f"validation failed: unknown parameter '{name}'")
    for name, narrowing in read.filters.items():
        if narrowing.required and name not in chosen:
            raise bad_request(f"validation failed: {name} is required")
    limit = chosen.setdefault("limit", min(DEFAULT_LIMIT, read.limit))
    if strict and not 1 <= limit <= read.limit:
        raise bad_request(f"validation failed: limit: should be between 1 and {read.limit}")
    chosen["limit"] = min(max(limit, 1), read.limit)
    return chosen


def _conditions(
    sandbox: Sandbox,
    read: Read,
    chosen: Mapping[str, Any],
    names: Mapping[str, object],
) -> tuple[str, list[object]]:
    table = TABLES[read.table]
    now = sandbox.clock.now()
    parts: list[str] = []
    values: list[object] = []
    if read.where:
        sql, arguments = _bind(read.where, names)
        parts.append(sql)
        values += arguments
    saved = _saved_filter(sandbox, read, chosen)
    for name, sql in read.unless.items():
        if name not in chosen or saved:
            parts.append(sql)
    for name, narrowing in read.filters.items():
        if name == "filter_id" or name not in chosen:
            continue
        if saved and not narrowing.survives_filter_id:
            continue
        sql, arguments = narrowing.clause(chosen[name], table, now)
        parts.append(sql)
        values += arguments
    if saved:
        parts.append(saved[0])
        values += saved[1]
    return " AND ".join(parts) or "1", values


def _bind(sql: str, names: Mapping[str, object]) -> tuple[str, list[object]]:
    values = [names[name] for name in _NAME.findall(sql)]
    return _NAME.sub("?", sql), values


def _saved_filter(
    sandbox: Sandbox,
    read: Read,
    chosen: Mapping[str, Any],
) -> tuple[str, list[object]] | None:
    if "filter_id" not in chosen:
        return None
    saved = sandbox.store.get("filters", chosen["filter_id"])
    if saved is None or saved["field"] not in TABLES[read.table].columns:
        raise bad_request("Filter not found or of another type")
    return f"{saved['field']} = ?", [saved["value"]]


def _page(
    sandbox: Sandbox,
    read: Read,
    chosen: Mapping[str, Any],
    where: str,
    values: list[object],
) -> _Page:
    table = TABLES[read.table]
    if read.paging is Paging.OFFSET:
        return _offset_page(sandbox, read, table, chosen, where, values)
    if read.paging is Paging.NONE:
        rows = sandbox.store.select(
            f"SELECT body, extra FROM {table.name} WHERE {where} ORDER BY rowid",
            values,
        )
        return _Page(rows, _fixed(read))
    return _cursor_page(sandbox, read, table, chosen, where, values)


def _fixed(read: Read) -> object:
    return {"company_id": COMPANY_ID} if read.extra is Extra.COMPANY else None


def _cursor_page(
    sandbox: Sandbox,
    read: Read,
    table: Table,
    chosen: Mapping[str, Any],
    where: str,
    values: list[object],
) -> _Page:
    name = chosen.get("sort_by", read.sort[0] if read.sort else "id")
    direction = chosen.get("sort_direction", "asc")
    column = "rowid" if name == "id" else name
    limit = chosen["limit"]
    after = "<" if direction == "desc" else ">"
    if name == "id" and ("updated_since" in chosen or "updated_until" in chosen):
        if _is_narrow(sandbox, table, where, values):
            column = "+rowid"
        else:
            where = where.replace("update_time", "+update_time")
    if "cursor" in chosen:
        at, last = _decode_cursor(chosen["cursor"], name, direction)
        if name == "id":
            where += f" AND {column} {after} ?"
            values = [*values, last]
        else:
            where += f" AND ({column}, rowid) {after} (?, ?)"
            values = [*values, at, last]
    order = f"{column} {direction}" + ("" if name == "id" else f", rowid {direction}")
    rows = sandbox.store.select(
        f"SELECT body, extra, rowid, {column} FROM {table.name}"
        f" WHERE {where} ORDER BY {order} LIMIT {limit + 1}",
        values,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    token = _encode_cursor(name, rows[-1][3], direction, rows[-1][2]) if more else None
    additional: object = {"next_cursor": token}
    if read.extra is not Extra.PAGING:
        additional = _fixed(read)
    return _Page([(row[0], row[1]) for row in rows], additional)


def _is_narrow(sandbox: Sandbox, table: Table, where: str, values: list[object]) -> bool:
    found = sandbox.store.select(
        f"SELECT count(*) FROM (SELECT 1 FROM {table.name} WHERE {where} LIMIT {NARROW + 1})",
        values,
    )
    return bool(found[0][0] <= NARROW)


def _encode_cursor(name: str, value: object, direction: str, last: int) -> str:
    keyset = {"field": name, "fieldValue": value, "sortDirection": direction, "id": last}
    return base64.urlsafe_b64encode(orjson.dumps(keyset)).decode().rstrip("=")


def _decode_cursor(text: str, name: str, direction: str) -> tuple[object, int]:
    try:
        keyset = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if (keyset["field"], keyset["sortDirection"]) == (name, direction):
            return keyset["fieldValue"], int(keyset["id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        pass
    raise bad_request("validation failed: cursor: invalid value")


def _offset_page(
    sandbox: Sandbox,
    read: Read,
    table: Table,
    chosen: Mapping[str, Any],
    where: str,
    values: list[object],
) -> _Page:
    start, limit = max(0, chosen.get("start", 0)), chosen["limit"]
    order = _v1_order(read, chosen.get("sort"))
    rows = sandbox.store.select(
        f"SELECT body, extra FROM {table.name} WHERE rowid IN"
        f" (SELECT rowid FROM {table.name} WHERE {where}"
        f" ORDER BY {order} LIMIT {limit + 1} OFFSET {start}) ORDER BY {order}",
        values,
    )
    more = len(rows) > limit
    pagination: Row = {"start": start, "limit": limit, "more_items_in_collection": more}
    if read.flat and sandbox.settings.flat_v1_pagination:
        return _Page(rows[:limit], pagination)
    if more:
        pagination["next_start"] = start + limit
    return _Page(rows[:limit], {"pagination": pagination})


def _v1_order(read: Read, text: str | None) -> str:
    terms = []
    for term in text.split(",") if text else ():
        name, _, direction = term.strip().partition(" ")
        if name not in read.sort or direction.upper() not in {"", "ASC", "DESC"}:
            raise bad_request(f"validation failed: sort: unsupported value '{term}'")
        terms.append(f"{name} {direction.upper() or 'ASC'}")
    backwards = terms and terms[-1].endswith("DESC")
    return ", ".join([*terms, "rowid DESC" if backwards else "rowid"])


def _one(
    sandbox: Sandbox,
    read: Read,
    chosen: Mapping[str, Any],
    profile: Profile,
    condition: tuple[str, list[object]],
) -> bytes:
    where, values = condition
    rows = sandbox.store.select(
        f"SELECT body, extra FROM {read.table} WHERE {where} LIMIT 1",
        values,
    )
    if not rows:
        raise not_found()
    (row,) = _render(sandbox, read, chosen, profile, rows)
    tail = b',"additional_data":null}' if read.extra is Extra.NULL else b"}"
    return b'{"success":true,"data":' + row + tail


def _render(
    sandbox: Sandbox,
    read: Read,
    chosen: Mapping[str, Any],
    profile: Profile,
    rows: list[tuple[bytes, bytes | None]],
) -> list[bytes]:
    include = read.include if read.always_include else chosen.get("include_fields", ())
    lite = "growth" in profile.lacks or sandbox.settings.plan == "lite"
    parsed = (
        read.shape is not None
        or (lite and read.table in {"deals", "products", "deal_products"})
        or bool(chosen.keys() & {"custom_fields", "include_option_labels", "include_labels"})
        or (bool(include) and set(include) != set(TABLES[read.table].optional))
    )
    if not parsed:
        if include:
            return [_splice(body, extra) for body, extra in rows]
        return [body for body, _ in rows]
    out = []
    for body, extra in rows:
        row: Row = orjson.loads(body)
        if include and extra:
            optional = orjson.loads(extra)
            row |= {name: optional[name] for name in include if name in optional}
        if lite:
            for name in _GROWTH_ONLY:
                row.pop(name, None)
        _narrow_custom(sandbox, read, chosen, row)
        out.append(orjson.dumps(read.shape(sandbox, row) if read.shape else row))
    return out


def _splice(body: bytes, extra: bytes | None) -> bytes:
    if not extra or extra == b"{}":
        return body
    return body[:-1] + b"," + extra[1:]


def _narrow_custom(
    sandbox: Sandbox,
    read: Read,
    chosen: Mapping[str, Any],
    row: Row,
) -> None:
    custom = row.get("custom_fields")
    if "custom_fields" in chosen and custom is not None:
        custom = {key: value for key, value in custom.items() if key in chosen["custom_fields"]}
        row["custom_fields"] = custom
    if chosen.get("include_labels"):
        labels = sandbox.labels(read.labels, "label_ids")
        row["labels"] = [
            {"id": key, "label": labels[key]} for key in row["label_ids"] if key in labels
        ]
    if chosen.get("include_option_labels") and custom:
        for key, value in custom.items():
            labels = sandbox.labels(read.labels, key)
            if isinstance(value, list):
                custom[key] = [{"id": each, "label": labels.get(each)} for each in value]
            elif labels and isinstance(value, int):
                custom[key] = {"id": value, "label": labels.get(value)}
