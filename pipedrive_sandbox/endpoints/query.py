"""The query of a request: its valid parameters, and the rows that they select."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.endpoints.declarations import known_parameters
from pipedrive_sandbox.endpoints.errors import ApiError, bad_request
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.endpoints.declarations import Call, Read

DEFAULT_LIMIT: Final = 100
_NAME: Final = re.compile(r":(\w+)")


@dataclass(frozen=True)
class Query:
    """The valid parameters of a request, and the condition in SQL that follows from them."""

    parameters: Mapping[str, Any]
    where: str
    values: tuple[object, ...]

    @property
    def limit(self) -> int:
        """The highest number of rows on the page."""
        limit: int = self.parameters["limit"]
        return limit


def parse_query(account: Account, read: Read, call: Call, *, strict: bool) -> Query:
    """Return the query of a request; raise `ApiError` if it is not valid.

    A `strict` query may have known parameters only, as in v2.
    """
    parameters = _parsed(read, call.query, strict=strict)
    path = {**call.path, "user": call.profile.user_id}
    conditions: list[str] = []
    values: list[object] = []
    if read.where:
        conditions.append(_NAME.sub("?", read.where))
        values += [path[name] for name in _NAME.findall(read.where)]
    conditions += [sql for name, sql in read.unless.items() if name not in parameters]
    for name, narrowing in read.filters.items():
        if name in parameters:
            condition, more = narrowing.clause(
                parameters[name], TABLES[read.table], account.clock.now()
            )
            conditions.append(condition)
            values += more
    return Query(parameters, " AND ".join(conditions) or "1", tuple(values))


def _parsed(read: Read, query: Mapping[str, str], *, strict: bool) -> dict[str, Any]:
    known = known_parameters(read)
    parsed = {}
    for name, text in query.items():
        if name in known:
            try:
                parsed[name] = known[name](name, text)
            except ApiError:
                # v1 ignores a page position that is no number
                if strict or name not in {"start", "limit"}:
                    raise
        elif strict and name != "api_token":
            raise bad_request(f"validation failed: unknown parameter '{name}'")
    for name, narrowing in read.filters.items():
        if narrowing.required and name not in parsed:
            raise bad_request(f"validation failed: {name} is required")
    limit = parsed.get("limit", min(DEFAULT_LIMIT, read.limit))
    if strict and not 1 <= limit <= read.limit:
        raise bad_request(f"validation failed: limit: should be between 1 and {read.limit}")
    return parsed | {"limit": min(max(limit, 1), read.limit)}
