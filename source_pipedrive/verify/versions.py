"""Selects the newest version of each row of a table, in the columns that its stream has."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, false, func, select, table

from source_pipedrive.streams.stream_spec import StreamSpec
from source_pipedrive.verify.database import Database, WarehouseError, named

_RAW_ID, _EXTRACTED = "_airbyte_raw_id", "_airbyte_extracted_at"
_TRUE = ("true", "1")
# PostgreSQL cuts longer names off
_LONGEST_NAME = 63


def folded(name: str) -> str:
    """Fold a name as destinations do: lower case, underscores for all other characters."""
    name = re.sub(r"[^a-z0-9]", "_", name.lower())
    return (f"_{name}" if name[:1].isdigit() else name)[:_LONGEST_NAME]


class Versions:
    """The rows of a table; where versions were appended, those of the newest.

    `columns` has the table's name of each property of the stream, `absent` those it does not have.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a table is made of
        self,
        database: Database,
        schema: str,
        name: str,
        types: Mapping[str, str],
        spec: StreamSpec,
        properties: Mapping[str, Any],
        state: Mapping[str, Any],
    ) -> None:
        self.database = database
        self.spec = spec
        self.properties = properties
        self.state = state
        own = {folded(one): one for one in types}
        # property -> column
        self.columns = {one: own[folded(one)] for one in properties if folded(one) in own}
        self.absent = [one for one in properties if one not in self.columns]
        if lacking := [one for one in spec.primary_key if one not in self.columns]:
            raise WarehouseError(
                f"The table {name} has no column {', '.join(lacking)}, which is the key of its "
                "rows. It is not a table of this connector; correct --schema."
            )
        self.types = types
        self.keys: list[ColumnElement[Any]] = [named(self.columns[one]) for one in spec.primary_key]
        self.extracted = named(own[_EXTRACTED]) if _EXTRACTED in own else None
        self.raw_id = named(own[_RAW_ID]) if _RAW_ID in own else None
        self.source = table(name, schema=schema or None)
        self.has_versions: bool | None = None

    @property
    def has_integer_keys(self) -> bool:
        """Whether the key is one integer."""
        return len(self.keys) == 1 and "INT" in self.types[self.keys[0].name]

    def flag(self, name: str) -> ColumnElement[bool]:
        """Return whether a column is true; where the table does not have it, it is not."""
        if name not in self.columns:
            return false()
        return func.coalesce(cast(named(self.columns[name]), String).in_(_TRUE), false())

    def highest(self, name: str) -> ColumnElement[Any]:
        """Return the highest value of a column."""
        return func.max(self.database.value(name, self.types[name]))

    def newest(self, *where: ColumnElement[bool]) -> Select[Any]:
        """Select the newest version of rows."""
        names = list(self.columns.values())
        if self.has_versions is False:
            selected = [self.database.value(name, self.types[name]) for name in names]
            return select(*selected).select_from(self.source).where(*where)
        order = [one.desc().nulls_last() for one in self._version_columns()]
        place = func.row_number().over(partition_by=self.keys, order_by=order or self.keys)
        ranked = (
            select(*map(named, names), place.label("_place"))
            .select_from(self.source)
            .where(*where)
            .subquery()
        )
        selected = [self.database.value(name, self.types[name]) for name in names]
        return select(*selected).select_from(ranked).where(named("_place") == 1)

    def _version_columns(self) -> Sequence[ColumnElement[Any]]:
        cursor = self.spec.incremental.cursor_field if self.spec.incremental else "update_time"
        found = [named(self.columns[cursor])] if cursor in self.columns else []
        return [*found, *([] if self.extracted is None else [self.extracted])]
