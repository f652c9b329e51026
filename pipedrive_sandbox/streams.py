"""The truth per stream: the rows that a connector must have read, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.endpoints import RETENTION
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.store import Row


@dataclass(frozen=True)
class Stream:
    """A stream's rows: those of `table` that satisfy `where`, in the API's form by `shape`."""

    table: str
    where: str = "1"
    shape: Callable[[Sandbox, Row], Row] | None = None
    keeps: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()


STREAMS: Final[dict[str, Stream]] = {
    "deals": Stream("deals", "(deleted_at = '' OR deleted_at > :retained)"),
    "persons": Stream("persons"),
    "organizations": Stream("organizations"),
    "activities": Stream("activities"),
    "products": Stream("products"),
    "pipelines": Stream("pipelines"),
    "stages": Stream("stages"),
    "users": Stream("users"),
    "currencies": Stream("currencies"),
    "notes": Stream("notes"),
    "leads": Stream("leads"),
    "deal_fields": Stream("fields", "entity = 'deal'"),
    "person_fields": Stream("fields", "entity = 'person'"),
    "organization_fields": Stream("fields", "entity = 'organization'"),
    "product_fields": Stream("fields", "entity = 'product'", drops=("important_fields",)),
}


def rows_of(sandbox: Sandbox, name: str) -> Iterator[Row]:
    """Yield what a correct connector has read of a stream by now, every optional field included."""
    stream = STREAMS[name]
    table = TABLES[stream.table]
    retained = table.stamp.text(sandbox.clock.now() - RETENTION)
    where, values = stream.where, []
    if ":retained" in where:
        where, values = where.replace(":retained", "?"), [retained]
    gone = (table.hidden - set(stream.keeps)) | set(stream.drops)
    for row in sandbox.store.find(stream.table, where, values):
        shaped = stream.shape(sandbox, row) if stream.shape else row
        yield {key: value for key, value in shaped.items() if key not in gone}
