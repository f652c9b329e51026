"""Reads the table of a stream: rows as `read` emitted them, keys, and parents."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, cast, func, literal, select
from sqlalchemy.types import NullType

from source_pipedrive.verify.database import named
from source_pipedrive.verify.values import Reader
from source_pipedrive.verify.versions import Versions

Row = dict[str, Any]

_ROWS_OF_A_PART = 20_000


class StreamTable(Versions):
    """The table of one stream."""

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.properties, self.columns)

    def with_properties(self, properties: Mapping[str, Any]) -> "StreamTable":
        """Return the same table with these columns: those of custom fields are known later."""
        name = self.source.name
        other = StreamTable(
            self.database,
            self.source.schema or "",
            name,
            self.types,
            self.spec,
            properties,
            self.state,
        )
        other.has_versions = self.has_versions
        return other

    def duplicates(self) -> Sequence[Any]:
        """Return the keys whose one version is there more than once, by the row's raw id."""
        same = next((one for one in (self.raw_id, self.extracted) if one is not None), None)
        if not self.has_versions or same is None:
            return []
        query = (
            select(*self.keys)
            .select_from(self.source)
            .group_by(*self.keys, same)
            .having(func.count() > 1)
        )
        return sorted({self._key(row) for row in self.database.all(query)})

    def rows(self, keys: Sequence[Any]) -> Mapping[Any, Row]:
        """Return rows by their key."""
        if not keys:
            return {}
        return {self.spec.key_of(row): row for row in self._read(_among(self.keys[0], keys))}

    def rows_of_parents(self, parent_key: str, ids: Sequence[Any]) -> Iterator[Row]:
        """Yield the rows of some parents."""
        return self._read(_among(named(self.columns[parent_key]), ids))

    def parents(self, parent_key: str, parents: "StreamTable | None") -> Iterator[tuple[Any, int]]:
        """Yield the ids of all parents in their order, each with the number of its rows.

        Parents that are marked as deleted are left out. Without a table of the parents, they are
        those that have rows.
        """
        child = named(self.columns[parent_key])
        counts = select(child.label("id"), func.count().label("rows")).select_from(self.source)
        counted = counts.where(child.is_not(None)).group_by(child).subquery()
        query = select(counted.c.id, counted.c.rows)
        if parents:
            known = parents.select_ids().subquery()
            joined = known.outerjoin(counted, known.c.id == counted.c.id)
            query = select(known.c.id, func.coalesce(counted.c.rows, 0)).select_from(joined)
        first = query.selected_columns[0]
        for row in self.database.rows(query.order_by(first)):
            one, rows = row.values()
            yield one, rows

    def ids(self) -> Iterator[Any]:
        """Yield the ids of the rows that are not marked as deleted."""
        return (row["id"] for row in self.database.rows(self.select_ids()))

    def select_ids(self) -> Select[Any]:
        """Select the ids of the rows that are not marked as deleted."""
        newest = self.newest().subquery()
        key = named(self.columns["id"]).label("id")
        return select(key).select_from(newest).where(~self.flag("is_deleted"))

    def ordered(self) -> Iterator[Row]:
        """Yield all rows in the order of their keys, which for texts is that of their bytes."""
        is_text = [
            "CHAR" in self.types[one.name] or self.types[one.name] == "TEXT" for one in self.keys
        ]
        keys = [
            one.collate("C") if text_key and not self.database.is_duckdb else one
            for one, text_key in zip(self.keys, is_text, strict=True)
        ]
        for part in self._parts():
            for row in self.database.rows(self.newest(*part).order_by(*keys)):
                yield self._reader.row(row)

    def _parts(self) -> Iterator[list[ColumnElement[bool]]]:
        """Yield the conditions of parts of the table, in the order of its first key.

        DuckDB sorts in memory, so it gets one part at a time. PostgreSQL sorts on disk.
        """
        if not self.database.is_duckdb:
            yield []
            return
        key = self.keys[0]
        place = func.row_number().over(order_by=key).label("place")
        numbered = select(key.label("key"), place).select_from(self.source).subquery()
        last_of_parts = (
            select(numbered.c.key)
            .where(numbered.c.place % _ROWS_OF_A_PART == 0)
            .order_by(numbered.c.key)
        )
        ends = list(dict.fromkeys(row["key"] for row in self.database.all(last_of_parts)))
        for low, high in pairwise([None, *ends, None]):
            above = [] if low is None else [key > low]
            yield above if high is None else [*above, key <= high]

    def random_keys(self, count: int, seed: str) -> Sequence[Any]:
        """Draw keys at random, each equally likely; the same seed draws the same."""
        (key,) = self.keys
        distinct = select(key).select_from(self.source).distinct().subquery()
        drawn = distinct.c[key.name]
        shuffled = func.md5(cast(drawn, String) + literal(seed))
        query = select(drawn).order_by(shuffled).limit(count)
        return [self._key(row) for row in self.database.all(query)]

    def _read(self, where: ColumnElement[bool]) -> Iterator[Row]:
        for row in self.database.rows(self.newest(where)):
            yield self._reader.row(row)

    def _key(self, row: Mapping[str, Any]) -> Any:
        return self.spec.key_of(self._reader.row(row))


def _among(key: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Select the rows with one of many keys, which are sent as one array."""
    return key == func.any(bindparam("keys", list(values), type_=NullType(), unique=True))
