"""Rows in SQLite. One connection is used from one thread, and each call is a transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Row = dict[str, Any]

_BATCH: Final = 2_000
_REMEMBERED: Final = 1_000
#: Several rows of four kilobytes fit on one page of this size.
_PAGE: Final = 16_384
_NO_CUSTOM: Final = "json_type(CAST(body AS TEXT), '$.custom_fields') = 'null'"


class Store:
    """The tables of `tables.py` in the SQLite file at `path`."""

    def __init__(self, path: Path) -> None:
        """Open the file, and create the tables that it does not have."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        speed = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-65536")
        for pragma in (f"page_size={_PAGE}", *speed):
            self._db.execute(f"PRAGMA {pragma}")
        for table in TABLES.values():
            self._create(table)
        #: The number of changes to all tables.
        self.version = 0
        #: The number of changes to each table.
        self.versions: Counter[str] = Counter()
        self._remembered: dict[tuple[str, tuple[object, ...]], Any] = {}
        self._remembered_version = 0

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _changed(self, name: str) -> None:
        self.version += 1
        self.versions[name] += 1

    def _create(self, table: Table) -> None:
        keys = []
        if table.key is not None:
            # AUTOINCREMENT: the id of a deleted row is not used again
            kind = "INTEGER PRIMARY KEY AUTOINCREMENT" if table.integer_key else "TEXT PRIMARY KEY"
            keys = [f"{table.key} {kind}"]
        columns = ", ".join([*keys, *table.columns, "body BLOB", "extra BLOB"])
        self._db.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns})")

    def fill(self, name: str, rows: Iterable[Row]) -> None:
        """Insert `rows`, lazily and in batches."""
        table = TABLES[name]
        statement = _insert(table)
        pending: Iterator[Row] = iter(rows)
        self._db.execute("BEGIN")
        while batch := [_values(table, row) for row in islice(pending, _BATCH)]:
            self._db.executemany(statement, batch)
        self._db.execute("COMMIT")
        self._changed(name)

    def index(self) -> None:
        """Create the indexes after filling, which is faster, and let SQLite analyze the tables."""
        for table in TABLES.values():
            for columns in table.indexes:
                name = f"{table.name}_{'_'.join(columns)}"
                self._db.execute(
                    f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({', '.join(columns)})",
                )
        self._db.execute("PRAGMA analysis_limit=1000")
        self._db.execute("ANALYZE")

    def put(self, name: str, row: Row) -> Row:
        """Insert the row, or replace the one with its key; return it with its key."""
        table = TABLES[name]
        cursor = self._db.execute(_insert(table), _values(table, row))
        if table.pages_by_key and row.get(table.key or "") is None:
            row[table.key or ""] = cursor.lastrowid
            self._db.execute(_insert(table), _values(table, row))
        self._changed(name)
        return row

    def get(self, name: str, key: object) -> Row | None:
        """Return the whole row with this key, hidden and optional properties included."""
        return next(self.find(name, f"{TABLES[name].key} = ?", [key]), None)

    def find(
        self,
        name: str,
        where: str = "1",
        values: Sequence[object] = (),
        order: str = "rowid",
    ) -> Iterator[Row]:
        """Yield the whole rows that satisfy `where`; read all of them before the next write."""
        table = TABLES[name]
        hidden = sorted(table.hidden & set(table.columns))
        selected = ", ".join(["body", "extra", *hidden])
        cursor = self._db.execute(
            f"SELECT {selected} FROM {name} WHERE {where} ORDER BY {order}",
            values,
        )
        for body, extra, *rest in cursor:
            row: Row = orjson.loads(body)
            if extra:
                row |= orjson.loads(extra)
            row |= {
                name: None if value == "" else value
                for name, value in zip(hidden, rest, strict=True)
            }
            yield row

    def replace(self, name: str, row: Row, where: str, values: Sequence[object]) -> None:
        """Replace the one row of a table without a key."""
        table = TABLES[name]
        columns = ", ".join(f"{column} = ?" for column in (*table.columns, "body", "extra"))
        self._db.execute(
            f"UPDATE {name} SET {columns} WHERE {where}",
            [*_values(table, row), *values],
        )
        self._changed(name)

    def remove(self, name: str, where: str, values: Sequence[object]) -> None:
        """Delete the rows that satisfy `where`."""
        self._db.execute(f"DELETE FROM {name} WHERE {where}", values)
        self._changed(name)

    def add_custom(self, name: str, code: str) -> None:
        """Give every row of a table the unset custom field `code`."""
        self._rewrite(name, "json_set", "'$.custom_fields', json('{}')", _NO_CUSTOM)
        self._rewrite(name, "json_set", f"'$.custom_fields.\"{code}\"', json('null')")

    def drop_custom(self, name: str, code: str) -> None:
        """Take the custom field `code` from every row of a table."""
        self._rewrite(name, "json_remove", f"'$.custom_fields.\"{code}\"'")

    def drop_flat(self, name: str, code: str) -> None:
        """Take a custom field in the form of v1 from every row of a table."""
        self._rewrite(name, "json_remove", f"'$.\"{code}\"'", f"body LIKE '%{code}%'")

    def _rewrite(self, name: str, function: str, arguments: str, where: str = "1") -> None:
        text = "CAST(body AS TEXT)"
        self._db.execute(
            f"UPDATE {name} SET body = CAST({function}({text}, {arguments}) AS BLOB) WHERE {where}",
        )
        self._changed(name)

    def select(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Run a query."""
        return self._db.execute(sql, values).fetchall()

    def remembered(self, sql: str, values: tuple[object, ...]) -> Any:
        """Run a query for one value, and keep the value until a row changes."""
        if self._remembered_version != self.version or len(self._remembered) > _REMEMBERED:
            self._remembered.clear()
            self._remembered_version = self.version
        if (sql, values) not in self._remembered:
            self._remembered[sql, values] = self.select(sql, values)[0][0]
        return self._remembered[sql, values]

    def count(self, name: str, where: str = "1", values: Sequence[object] = ()) -> int:
        """Count the rows that satisfy `where`."""
        return int(self.select(f"SELECT count(*) FROM {name} WHERE {where}", values)[0][0])


def _insert(table: Table) -> str:
    columns = [*([table.key] if table.key else []), *table.columns, "body", "extra"]
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"


def _values(table: Table, row: Row) -> list[object]:
    values: list[object] = [row.get(table.key)] if table.key else []
    for column in table.columns:
        value = row.get(column)
        values.append("" if value is None else value)
    extra = None
    if table.optional:
        extra = orjson.dumps({name: row[name] for name in table.optional if name in row})
    if table.apart:
        row = {name: value for name, value in row.items() if name not in table.apart}
    values += [orjson.dumps(row), extra]
    return values
