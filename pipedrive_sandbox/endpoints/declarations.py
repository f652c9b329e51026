"""How an endpoint is declared: its path, its token cost, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.endpoints.parameters import integer, plain, word, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.endpoints.errors import ApiError
    from pipedrive_sandbox.endpoints.parameters import Filter
    from pipedrive_sandbox.settings import Profile
    from pipedrive_sandbox.store import Row

V2: Final = "/api/v2"
V1: Final = "/v1"


class Paging(Enum):
    """How the rows of an endpoint are paged; `ONE` is a single row."""

    CURSOR = auto()
    OFFSET = auto()
    NONE = auto()
    ONE = auto()


class Extra(Enum):
    """What an answer has as `additional_data`. `IF_MORE`: the cursor, on all but the last page."""

    PAGING = auto()
    COMPANY = auto()
    NULL = auto()
    ABSENT = auto()
    IF_MORE = auto()


@dataclass(frozen=True)
class Call:
    """A request that was admitted."""

    path: Mapping[str, object]
    query: Mapping[str, str]
    profile: Profile
    body: Any = None


@dataclass(frozen=True)
class Operation:
    """A method on a path of the API. Without the feature `needs`, the answer is 403."""

    method: str
    path: str
    cost: int
    run: Callable[[Account, Call], bytes]
    needs: str = ""
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Read:
    """How rows of a table are read.

    `where` is a condition in SQL that always holds: `:name` is a parameter of the path, `:user` the
    caller. `unless` maps a query parameter to a condition that holds while it is absent. `sort`
    names what the rows may be sorted by. `include` are the optional properties on offer: the query
    parameter `include_by` asks for some of them by name or, if it is another one, for all with 1.
    `flat` is set for v1 lists that the contract shows without a `pagination` object. `shape` turns
    a stored row into another form. `parent` is the table of the row that the path names; if that
    row does not exist, the answer is `missing`, or 404.
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
    include_by: str = "include_fields"
    always_include: bool = False
    flat: bool = False
    newest_first: bool = False
    parent: str = ""
    missing: ApiError | None = None
    shape: Callable[[Account, Row], Any] | None = None


@dataclass(frozen=True)
class Get:
    """A GET of stored rows. Without the feature `needs`, the answer is 403."""

    path: str
    cost: int
    read: Read
    needs: str = ""


def one(table: str, include: tuple[str, ...] = ()) -> Read:
    """Declare the read of a single row by its id."""
    return Read(table=table, paging=Paging.ONE, where="id = :id", include=include)


def known_parameters(read: Read) -> dict[str, Callable[[str, str], Any]]:
    """Return the query parameters of a read with their parsers."""
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
        by_name = read.include_by == "include_fields"
        known[read.include_by] = words(*read.include) if by_name else _all_or_none(read.include)
    return known


def _all_or_none(properties: tuple[str, ...]) -> Callable[[str, str], tuple[str, ...]]:
    """Return a parser of 0 and 1: none of the properties, or all of them."""
    flag = word("0", "1")
    return lambda name, text: properties if flag(name, text) == "1" else ()
