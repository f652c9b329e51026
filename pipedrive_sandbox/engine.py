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
from pipedrive_sandbox.errors import ApiError, bad_request, not_found
from pipedrive_sandbox.parameters import Filter, boolean, integer, keys, plain, word, words
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.sandbox import Call, Sandbox
    from pipedrive_sandbox.store import Row

DEFAULT_LIMIT: Final = 100
#: Up to this many rows, a time window is read through its own index.
NARROW: Final = 20_000
_WINDOW: Final = frozenset({"updated_since", "updated_until"})
#: Filters that leave most rows, so that no index helps.
_WALKED: Final = _WINDOW | {"status"}
_NAME: Final = re.compile(r":(\w+)")
_GROWTH_ONLY: Final = (
    "acv",
    "arr",
    "mrr",
    "billing_frequency",
    "billing_frequency_cycles",
    "billing_start_date",
)
_WITH_GROWTH: Final = frozenset({"deals", "products", "deal_products"})


class Paging(Enum):
    """The ways in which the API hands out rows. Facts §3.0."""

    CURSOR = auto()
    OFFSET = auto()
    NONE = auto()
    ONE = auto()


class Extra(Enum):
    """What an answer carries as `additional_data`."""

    PAGING = auto()
    COMPANY = auto()
    NULL = auto()
    ABSENT = auto()
    IF_MORE = auto()


class _Way(Enum):
    """How SQLite finds the rows of a page.

    WALK: along the ids, past those that do not match. WINDOW: the few ids of a time window are
    found and sorted in the index alone. PLANNED: as SQLite sees fit.
    """

    WALK = auto()
    WINDOW = auto()
    PLANNED = auto()


@dataclass(frozen=True, kw_only=True)
class Read:
    """One way of reading rows of a table.

    `where` is SQL that always holds, with `:name` for a path parameter or `:user` for the caller.
    `unless` maps a query parameter to SQL that holds while it is absent. `sort` names what may be
    sorted by, the default first. `include` are the optional properties on offer. `labels` is the
    entity whose option labels may be asked for. `flat` marks a v1 list that the contract draws
    without a `pagination` object. `shape` turns a stored row into another form. `parent` is the
    table that must have the row named by the path, else the answer is 404, or `missing`.
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
    always_include: bool = False
    custom: bool = False
    labels: str = ""
    flat: bool = False
    newest_first: bool = False
    parent: str = ""
    missing: ApiError | None = None
    shape: Callable[[Sandbox, Row], Any] | None = None


#: Body, extra, and what a cursor is made of.
Stored = tuple[Any, ...]


def answer(sandbox: Sandbox, read: Read, call: Call, *, strict: bool) -> bytes:
    """Answer a GET whose permissions are settled; raise `ApiError` for a bad query."""
    reading = _Reading(sandbox, read, call, strict=strict)
    return reading.one() if read.paging is Paging.ONE else reading.many()


def _validate(read: Read, query: Mapping[str, str], *, strict: bool) -> dict[str, Any]:
    known = known_parameters(read)
    chosen = {}
    for name, text in query.items():
        if name in known:
            try:
                chosen[name] = known[name](name, text)
            except ApiError:
                if strict or name not in {"start", "limit"}:
                    raise
        elif strict and name != "api_token":
            raise bad_request(f"validation failed: unknown parameter '{name}'")
    for name, narrowing in read.filters.items():
        if narrowing.required and name not in chosen:
            raise bad_request(f"validation failed: {name} is required")
    limit = chosen.get("limit", min(DEFAULT_LIMIT, read.limit))
    if strict and not 1 <= limit <= read.limit:
        raise bad_request(f"validation failed: limit: should be between 1 and {read.limit}")
    return chosen | {"limit": min(max(limit, 1), read.limit)}


def known_parameters(read: Read) -> dict[str, Callable[[str, str], Any]]:
    """Return the parameters of a read with their parsers."""
    known: dict[str, Callable[[str, str], Any]] = {
        name: narrowing.parse for name, narrowing in read.filters.items()
    }
    if read.paging is Paging.CURSOR:
        known |= {"cursor": plain, "limit": integer}
        if read.sort:
            known |= {"sort_by": word(*read.sort), "sort_direction": word("asc", "desc")}
    elif read.paging is Paging.OFFSET:
        known |= {"start": integer, "limit": integer}
        if read.sort:
            known["sort"] = plain
    if read.include and not read.always_include:
        known["include_fields"] = words(*read.include)
    if read.custom:
        known["custom_fields"] = keys
    if read.labels:
        known |= {"include_option_labels": boolean, "include_labels": boolean}
    return known


class _Reading:
    """One read with one validated query."""

    def __init__(self, sandbox: Sandbox, read: Read, call: Call, *, strict: bool) -> None:
        self.sandbox = sandbox
        self.read = read
        self.table = TABLES[read.table]
        self.call = call
        self.strict = strict
        self.chosen = _validate(read, call.query, strict=strict)
        self.where, self.values = self._conditions()
        if read.parent and sandbox.store.get(read.parent, call.path["id"]) is None:
            raise read.missing or not_found()

    def one(self) -> bytes:
        rows = self._select("", "LIMIT 1")
        if not rows:
            raise not_found()
        tail = b',"additional_data":null}' if self.read.extra is Extra.NULL else b"}"
        return b'{"success":true,"data":' + self._render(rows)[0] + tail

    def many(self) -> bytes:
        read = self.read
        if read.paging is Paging.CURSOR:
            rows, additional = self._cursor_page()
        elif read.paging is Paging.OFFSET:
            rows, additional = self._offset_page()
        else:
            rows, additional = self._select("ORDER BY rowid"), {}
        if not (rows or self.strict) and self.sandbox.settings.empty_v1_lists_are_null:
            data, start, end = b"", b"null", b""
        else:
            data, start, end = b",".join(self._render(rows)), b"[", b"]"
        tail = self._tail(additional)
        return b"".join((b'{"success":true,"data":', start, data, end, tail, b"}"))

    def _tail(self, additional: dict[str, Any] | None) -> bytes:
        extra = self.read.extra
        if extra is Extra.ABSENT:
            return b""
        if extra is Extra.IF_MORE and not (additional or {}).get("next_cursor"):
            return b""
        if extra in {Extra.COMPANY, Extra.NULL}:
            additional = {"company_id": COMPANY_ID} if extra is Extra.COMPANY else None
        return b',"additional_data":' + orjson.dumps(additional)

    def _select(self, order: str, limit: str = "") -> list[Any]:
        return self.sandbox.store.select(
            f"SELECT body, extra FROM {self.table.name} WHERE {self.where} {order} {limit}",
            self.values,
        )

    def _conditions(self) -> tuple[str, list[object]]:
        now = self.sandbox.clock.now()
        names = {**self.call.path, "user": self.call.profile.user_id}
        saved = self._saved_filter()
        clauses = [saved] if saved else []
        if self.read.where:
            values = [names[name] for name in _NAME.findall(self.read.where)]
            clauses.append((_NAME.sub("?", self.read.where), values))
        clauses += [
            (sql, []) for name, sql in self.read.unless.items() if saved or name not in self.chosen
        ]
        clauses += [
            narrowing.clause(self.chosen[name], self.table, now)
            for name, narrowing in self.read.filters.items()
            if name in self.chosen
            and name != "filter_id"
            and (narrowing.survives_filter_id or not saved)
        ]
        joined = " AND ".join(sql for sql, _ in clauses) or "1"
        return joined, [value for _, values in clauses for value in values]

    def _saved_filter(self) -> tuple[str, list[object]] | None:
        if "filter_id" not in self.chosen:
            return None
        saved = self.sandbox.store.get("filters", self.chosen["filter_id"])
        if saved is None or saved["field"] not in self.table.columns:
            raise bad_request("Filter not found or of another type")
        return f"{saved['field']} = ?", [saved["value"]]

    def _cursor_page(self) -> tuple[list[Stored], dict[str, Any]]:
        name = self.chosen.get("sort_by", "id")
        natural = "desc" if self.read.newest_first else "asc"
        direction = self.chosen.get("sort_direction", natural)
        after = "<" if direction == "desc" else ">"
        column = "rowid" if name == "id" else name
        way = self._way() if name == "id" else _Way.PLANNED
        if "cursor" in self.chosen:
            held, last = _decode_cursor(self.chosen["cursor"], name, direction)
            if name != "id":
                self.where += f" AND ({column}, rowid) {after} (?, ?)"
                self.values += [held, last]
            else:
                self.where += f" AND {'' if way is _Way.WALK else '+'}rowid {after} ?"
                self.values.append(last)
        order = f"{column} {direction}" + ("" if name == "id" else f", rowid {direction}")
        limit = self.chosen["limit"]
        if way is _Way.WINDOW:
            self.where = (
                f"rowid IN (SELECT rowid FROM {self.table.name} WHERE {self.where}"
                f" ORDER BY +rowid {direction} LIMIT {limit + 1})"
            )
        hint = "NOT INDEXED" if way is _Way.WALK else ""
        rows = self.sandbox.store.select(
            f"SELECT body, extra, {column}, rowid FROM {self.table.name} {hint}"
            f" WHERE {self.where} ORDER BY {order} LIMIT {limit + 1}",
            self.values,
        )
        token = None
        if len(rows) > limit:
            rows.pop()
            *_, held, last = rows[-1]
            token = _encode_cursor(name, held, direction, last)
        return rows, {"next_cursor": token}

    def _way(self) -> _Way:
        """Choose SQLite's way to a page in the order of ids; its own would often sort too much."""
        narrowing = self.chosen.keys() & self.read.filters.keys()
        if narrowing - _WALKED or ":" in self.read.where:
            return _Way.PLANNED
        if not narrowing & _WINDOW:
            return _Way.WALK
        counted = (
            f"SELECT count(*) FROM"
            f" (SELECT 1 FROM {self.table.name} WHERE {self.where} LIMIT {NARROW + 1})"
        )
        found = self.sandbox.store.remembered(counted, tuple(self.values))
        return _Way.WINDOW if found <= NARROW else _Way.WALK

    def _offset_page(self) -> tuple[list[Stored], dict[str, Any]]:
        start, limit = max(0, self.chosen.get("start", 0)), self.chosen["limit"]
        order = self._v1_order()
        rows = self.sandbox.store.select(
            f"SELECT body, extra FROM {self.table.name} WHERE rowid IN"
            f" (SELECT rowid FROM {self.table.name} WHERE {self.where}"
            f" ORDER BY {order} LIMIT {limit + 1} OFFSET {start}) ORDER BY {order}",
            self.values,
        )
        more = len(rows) > limit
        pagination: Row = {"start": start, "limit": limit, "more_items_in_collection": more}
        if self.read.flat and self.sandbox.settings.flat_v1_pagination:
            return rows[:limit], pagination
        if more:
            pagination["next_start"] = start + limit
        return rows[:limit], {"pagination": pagination}

    def _v1_order(self) -> str:
        terms = []
        for term in self.chosen["sort"].split(",") if "sort" in self.chosen else ():
            name, _, direction = term.strip().partition(" ")
            if name not in self.read.sort or direction.upper() not in {"", "ASC", "DESC"}:
                raise bad_request(f"validation failed: sort: unsupported value '{term}'")
            terms.append(f"{name} {direction.upper() or 'ASC'}")
        backwards = bool(terms) and terms[-1].endswith("DESC")
        return ", ".join([*terms, "rowid DESC" if backwards else "rowid"])

    def _render(self, rows: list[Stored]) -> list[bytes]:
        read = self.read
        include = read.include if read.always_include else self.chosen.get("include_fields", ())
        lite = (
            "growth" in self.call.profile.lacks or self.sandbox.settings.plan == "lite"
        ) and read.table in _WITH_GROWTH
        reshaped = (
            lite
            or read.shape is not None
            or bool(include and set(include) != set(self.table.optional))
            or bool(
                self.chosen.keys() & {"custom_fields", "include_option_labels", "include_labels"}
            )
        )
        if not reshaped:
            return [_splice(*row[:2]) for row in rows] if include else [row[0] for row in rows]
        out = []
        for body, extra, *_ in rows:
            row: Row = orjson.loads(body)
            optional = orjson.loads(extra) if include and extra else {}
            row |= {name: optional[name] for name in include if name in optional}
            if lite:
                row = {name: value for name, value in row.items() if name not in _GROWTH_ONLY}
            self._narrow_custom(row)
            out.append(orjson.dumps(read.shape(self.sandbox, row) if read.shape else row))
        return out

    def _narrow_custom(self, row: Row) -> None:
        custom = row.get("custom_fields")
        if "custom_fields" in self.chosen and custom is not None:
            wanted = self.chosen["custom_fields"]
            custom = {key: value for key, value in custom.items() if key in wanted}
            row["custom_fields"] = custom
        if self.chosen.get("include_labels"):
            row["labels"] = self._labelled("label_ids", row["label_ids"])
        if self.chosen.get("include_option_labels") and custom:
            for key, value in custom.items():
                custom[key] = self._labelled(key, value)

    def _labelled(self, code: str, value: Any) -> Any:
        labels = self.sandbox.labels(self.read.labels, code)
        if isinstance(value, list):
            return [{"id": each, "label": labels.get(each)} for each in value]
        return {"id": value, "label": labels.get(value)} if labels and value else value


def _splice(body: bytes, extra: bytes | None) -> bytes:
    return body[:-1] + b"," + extra[1:] if extra and extra != b"{}" else body


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
