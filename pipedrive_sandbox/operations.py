"""Every operation of the API that the sandbox serves, and how to find one by its path."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from starlette.routing import compile_path

from pipedrive_sandbox.endpoints import READS
from pipedrive_sandbox.engine import answer
from pipedrive_sandbox.errors import not_found
from pipedrive_sandbox.field_writes import field_operations
from pipedrive_sandbox.sandbox import Call, Operation, Sandbox
from pipedrive_sandbox.settings import PROFILES
from pipedrive_sandbox.special import SPECIAL
from pipedrive_sandbox.webhooks import WEBHOOKS
from pipedrive_sandbox.writes import write_operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.declarations import Get


def operations() -> Iterator[Operation]:
    """Yield every operation."""
    yield from SPECIAL
    for get in READS:
        yield _reading(get)
    yield from write_operations()
    yield from field_operations()
    yield from WEBHOOKS


@cache
def by_path() -> dict[str, dict[str, Operation]]:
    """Return the operations by path and method; fixed paths come before those with parameters."""
    found: dict[str, dict[str, Operation]] = {}
    for operation in operations():
        found.setdefault(operation.path, {})[operation.method] = operation
    fixed_first = sorted(found, key=lambda path: [part[:1] == "{" for part in path.split("/")])
    return {path: found[path] for path in fixed_first}


def perform(sandbox: Sandbox, method: str, path: str, body: object) -> bytes:
    """Run an operation as the administrator, outside of HTTP: no limits, no books."""
    for template, by_method in by_path().items():
        matched = compile_path(template)[0].match(path)
        if matched and method in by_method:
            names = {name: path_value(text) for name, text in matched.groupdict().items()}
            call = Call(names, {}, PROFILES["admin"], body)
            return by_method[method].run(sandbox, call)
    raise not_found("Unknown method .")


def path_value(text: str) -> object:
    """Return a part of a path as the key that it is: a number, or text."""
    return int(text) if text.isdecimal() else text


def _reading(get: Get) -> Operation:
    strict = get.path.startswith("/api/v2")

    def run(sandbox: Sandbox, call: Call) -> bytes:
        return answer(sandbox, get.read, call, strict=strict)

    return Operation("GET", get.path, get.cost, run, get.needs)
