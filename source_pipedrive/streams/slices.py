"""What a stream reads, piece by piece: lists, time windows, groups of parents, deletions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

OlderRows = Literal["filtered", "dropped", "last"]
"""What happens to rows older than a slice: the server filters them, or they are dropped here; in a
list that is sorted newest first, the first older row is the last one that is read."""

Named = Mapping[str, Mapping[str, str]]
"""For each stream, the ids of rows and when they changed; of a child stream, those of parents."""


Sorting = Literal["none", "v1", "v2"]
"""By which parameters a list can be sorted: those of API v1, those of API v2, or none."""


@dataclass(frozen=True)
class Order:
    """The order in which a list is requested."""

    column: str = "id"
    descending: bool = False

    def parameters(self, sorting: Sorting) -> Mapping[str, str]:
        """Return the query parameters of the order; none where the list cannot be sorted."""
        direction = "desc" if self.descending else "asc"
        if sorting == "v1":
            return {"sort": f"{self.column} {direction.upper()}"}
        return {"sort_by": self.column, "sort_direction": direction} if sorting == "v2" else {}


_NEWEST_FIRST = Order("update_time", descending=True)


@dataclass(frozen=True, eq=False)
class SourceList:
    """One of the lists that a stream reads, such as the live or the archived deals.

    `partition` holds the values that the stream's path refers to.
    """

    name: str = ""
    partition: Mapping[str, str] = field(default_factory=dict)
    older_rows: OlderRows = "filtered"

    @property
    def order(self) -> Order:
        """The order in which the list is read: by id, so that no change moves a row."""
        return _NEWEST_FIRST if self.older_rows == "last" else Order()


@dataclass(frozen=True, kw_only=True, eq=False)
class ListSlice:
    """A list, or a part of it: what to request, and where to stop.

    Rows that changed before `since` are older than the slice. The list is requested from `cursor`
    on, or from the `offset`-th row on where it is paged so, up to `max_pages`, up to the row before
    the one with the id `before_id`, and without the rows up to `after_id`. Without an `order`, its
    source has one.
    """

    source: SourceList
    since: str | None = None
    order: Order | None = None
    cursor: str | None = None
    offset: int = 0
    max_pages: int | None = None
    after_id: int | None = None
    before_id: int | None = None

    @property
    def partition(self) -> Mapping[str, str]:
        return self.source.partition

    @property
    def until(self) -> str | None:
        return None

    @property
    def parameters(self) -> Mapping[str, str]:
        """Further query parameters of the requests."""
        return {}

    def keep(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows that belong to the slice, whenever they changed."""
        if self.after_id is not None:
            rows = [row for row in rows if row["id"] > self.after_id]
        if self.before_id is not None:
            rows = [row for row in rows if row["id"] < self.before_id]
        return rows

    def ends_with(self, rows: Sequence[Mapping[str, Any]], number: int) -> bool:
        """Tell whether no page is needed after this one, the `number`-th."""
        if number == self.max_pages:
            return True
        return bool(rows and self.before_id is not None and rows[-1]["id"] >= self.before_id - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class NewestRows(ListSlice):
    """The newest page of a list, without the rows up to `after_id`.

    Rows that come in another order than requested are left to the slice that follows.
    """

    order: Order | None = Order(descending=True)
    max_pages: int | None = 1

    def keep(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ids = [row["id"] for row in rows]
        return super().keep(rows) if len(ids) > 1 and ids == sorted(ids, reverse=True) else []


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeWindow(ListSlice):
    """The rows of a list that changed in `[since, until)`, in the order of their change.

    A row that changes again during the read leaves the window, and moves no other row out of it.
    """

    order: Order | None = Order("update_time")
    end: str | None = None

    @property
    def until(self) -> str | None:
        return self.end


@dataclass(frozen=True, kw_only=True, eq=False)
class NeverChangedRows(ListSlice):
    """The rows of a list whose `update_time` is null: no time window holds them.

    Requested in the order of `update_time`, and read as far as it is null. Whether Pipedrive sorts
    null first or last is not established, so both ends are read.
    """

    order: Order = Order("update_time")

    def keep(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if not row.get(self.order.column)]

    def ends_with(self, rows: Sequence[Mapping[str, Any]], number: int) -> bool:
        return any(row.get(self.order.column) for row in rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class RowsById(ListSlice):
    """The rows of a list with these ids, at most 100; ids that it does not have are left out."""

    ids: Sequence[int | str] = ()

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"ids": ",".join(map(str, self.ids))}


@dataclass(frozen=True, kw_only=True, eq=False)
class SingleRow(ListSlice):
    """One row, which is requested by its id; none, if Pipedrive has no such row for the key."""

    PARTITION: ClassVar[str] = "id"
    id: str = ""

    @property
    def partition(self) -> Mapping[str, str]:
        return {self.PARTITION: self.id}


@dataclass(frozen=True, eq=False)
class ParentGroup:
    """Parents of one list whose children are requested together: id -> when it last changed.

    `ids_parameter` is the query parameter that takes the ids, where the path has no place for them.
    """

    parent_key: str
    list_name: str
    parents: Mapping[Any, str | None]
    ids_parameter: str | None = None

    @property
    def ids(self) -> str:
        return ",".join(map(str, self.parents))

    @property
    def partition(self) -> Mapping[str, str]:
        return {self.parent_key: self.ids}

    @property
    def parameters(self) -> Mapping[str, str]:
        """The query parameters of the request."""
        return {self.ids_parameter: self.ids} if self.ids_parameter else {}

    @property
    def last_id(self) -> Any:
        return next(reversed(self.parents))

    def ends_with(self, rows: Sequence[Mapping[str, Any]], number: int) -> bool:
        """Tell whether no page is needed after this one, the `number`-th: all of them are."""
        return False

    def parent_of(self, row: Mapping[str, Any]) -> Any:
        """Return the id of a row's parent; among several parents, the row names it, if it can."""
        return next(iter(self.parents)) if len(self.parents) == 1 else row.get(self.parent_key)


@dataclass(frozen=True, eq=False)
class NamedRows:
    """Rows that are requested by their ids: one by itself, or up to a hundred together."""

    ids: Sequence[str]

    @property
    def partition(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, eq=False)
class ReferenceRows:
    """The rows of a list of reference data, which a sync reads once for all streams."""

    @property
    def partition(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, eq=False)
class InboxRows:
    """What webhooks reported after a sequence number of the inbox: deletions, or all events."""

    after: int

    @property
    def partition(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class ReadPage:
    """A page as its cursor sees it: the rows that will be emitted, and how many were listed.

    `answered_at` is the moment by Pipedrive's clock, `next_cursor` where the next page begins, and
    `has_more` whether there is one, however the list is paged. `refusal` says why a tolerated
    refusal came instead. `sequence` is the inbox's, up to the last row.
    """

    rows: Sequence[Mapping[str, Any]]
    listed: int = 0
    answered_at: str = ""
    next_cursor: str | None = None
    has_more: bool = False
    status: int = 200
    refusal: str = ""
    sequence: int = 0


RequestSlice = ListSlice | ParentGroup
Slice = RequestSlice | NamedRows | ReferenceRows | InboxRows
