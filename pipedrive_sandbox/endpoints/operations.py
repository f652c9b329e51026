"""Every operation of the API that the sandbox serves.

Paths, token costs, parameters and limits are those of the vendor's contract (OpenAPI files of
2026-08-18). Reports, searches, flows, `recents` and all writes but those of webhooks are not
served. The v1 endpoints that v2 replaced do not exist.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.endpoints.children import CHILDREN
from pipedrive_sandbox.endpoints.core import CORE
from pipedrive_sandbox.endpoints.custom_handlers import CUSTOM_HANDLERS
from pipedrive_sandbox.endpoints.declarations import V2, Call, Get, Operation
from pipedrive_sandbox.endpoints.pages import answer
from pipedrive_sandbox.endpoints.projects_and_mail import MAIL, PROJECTS
from pipedrive_sandbox.endpoints.setup import SETUP
from pipedrive_sandbox.endpoints.webhooks import WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.account import Account

READS: Final = (*CORE, *CHILDREN, *SETUP, *PROJECTS, *MAIL)


def operations() -> Iterator[Operation]:
    """Yield every operation."""
    yield from CUSTOM_HANDLERS
    yield from (_operation(get) for get in READS)
    yield from WEBHOOKS


@cache
def by_path() -> dict[str, dict[str, Operation]]:
    """Return the operations by path and method; fixed paths come before those with parameters."""
    found: dict[str, dict[str, Operation]] = {}
    for operation in operations():
        found.setdefault(operation.path, {})[operation.method] = operation
    fixed_first = sorted(found, key=lambda path: [part[:1] == "{" for part in path.split("/")])
    return {path: found[path] for path in fixed_first}


def _operation(get: Get) -> Operation:
    def run(account: Account, call: Call) -> bytes:
        return answer(account, get.read, call, strict=get.path.startswith(V2))

    return Operation("GET", get.path, get.cost, run, get.needs)
