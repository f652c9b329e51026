"""The ASGI application: routes every operation through the gateway's checks.

In the order of the real gateway: token, limits, faults, permission, operation.
"""

from __future__ import annotations

import asyncio
import gzip
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipedrive_sandbox.control import control_routes
from pipedrive_sandbox.endpoints import READS
from pipedrive_sandbox.engine import answer
from pipedrive_sandbox.errors import (
    ApiError,
    bad_request,
    envelope,
    forbidden,
    not_found,
    suspended,
    unauthorized,
)
from pipedrive_sandbox.field_writes import field_operations
from pipedrive_sandbox.sandbox import Call, Operation, Sandbox
from pipedrive_sandbox.settings import PROFILES, Profile
from pipedrive_sandbox.special import SPECIAL
from pipedrive_sandbox.writes import write_operations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipedrive_sandbox.declarations import Get

_JSON: Final = "application/json; charset=utf-8"
_WORTH_ZIPPING: Final = 1_000
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
#: Reachable under `/v1` only on the shared host; under `/api/v1` they are 404. Facts §1.1.
_NOT_UNDER_API: Final = ("leads", "leadLabels", "leadSources", "goals/find", "mailbox")

Endpoint = Callable[[Request], Awaitable[Response]]


def operations() -> Iterable[Operation]:
    """Yield every operation of the API that the sandbox serves."""
    yield from SPECIAL
    for get in READS:
        yield _reading(get)
    yield from write_operations()
    yield from field_operations()


def _reading(get: Get) -> Operation:
    strict = get.path.startswith("/api/v2")

    def run(sandbox: Sandbox, call: Call) -> bytes:
        return answer(sandbox, get.read, call, strict=strict)

    return Operation("GET", get.path, get.cost, run, get.needs)


def build_app(sandbox: Sandbox, cache_bytes: int = 0) -> Starlette:
    """Assemble the application; `cache_bytes` bounds the store of rendered pages."""
    gateway = Gateway(sandbox, cache_bytes)
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations():
        by_path.setdefault(operation.path, {})[operation.method] = operation
    fixed_first = sorted(
        by_path, key=lambda path: [part.startswith("{") for part in path.split("/")]
    )
    routes = control_routes(sandbox)
    for path in fixed_first:
        endpoint = gateway.serve(by_path[path])
        routes.append(Route(path, endpoint, methods=_METHODS))
        if path.startswith("/v1/"):
            routes.append(Route(f"/api{path}", endpoint, methods=_METHODS))
    routes.append(Route("/{rest:path}", gateway.serve({}), methods=_METHODS))
    return Starlette(routes=routes)


class Gateway:
    """What stands in front of every operation."""

    def __init__(self, sandbox: Sandbox, cache_bytes: int) -> None:
        """Begin with an empty cache."""
        self._sandbox = sandbox
        self._cache = _PageCache(cache_bytes)

    def serve(self, by_method: dict[str, Operation]) -> Endpoint:
        """Return the endpoint of one path; without operations, the one of unknown paths."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(request, by_method)

        return endpoint

    async def _answer(self, request: Request, by_method: dict[str, Operation]) -> Response:
        sandbox = self._sandbox
        if sandbox.settings.latency:
            await asyncio.sleep(sandbox.settings.latency)
        operation = by_method.get(request.method)
        template = operation.path if operation else "unknown"
        tally = sandbox.tally(request.method, template)
        tally.requests += 1
        headers = {
            "x-correlation-id": str(uuid.uuid4()),
            "date": formatdate(sandbox.clock.now(), usegmt=True),
        }
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        try:
            token, oauth = _token(request)
            profile = self._profile(token)
            cost = operation.cost if operation else 0
            limits, refusal = sandbox.limits.admit(token, cost, oauth=oauth)
            headers |= limits
            if refusal:
                tally.refused += refusal.status == 429  # noqa: PLR2004 - the status
                raise refusal
            tally.tokens += cost
            body = await self._run(request, operation, by_method, profile, target)
            status = operation.status if operation else 200
            response = self._respond(request, status, body, headers, f"{profile.name} {target}")
        except ApiError as refused:
            headers |= refused.headers
            response = Response(refused.body, refused.status, headers, refused.media_type)
        sandbox.log.append((request.method, target, response.status_code))
        return response

    def _profile(self, token: str) -> Profile:
        profile = PROFILES.get(self._sandbox.settings.tokens.get(token, ""))
        if profile is None or profile.refused == 401:  # noqa: PLR2004 - the status
            raise unauthorized()
        if profile.refused:
            raise suspended()
        return profile

    async def _run(
        self,
        request: Request,
        operation: Operation | None,
        by_method: dict[str, Operation],
        profile: Profile,
        target: str,
    ) -> bytes:
        if operation is None:
            if by_method:
                raise ApiError(405, envelope("Method not allowed"), {"allow": ", ".join(by_method)})
            raise not_found("Unknown method .")
        if request.url.path.startswith("/api/v1/") and not self._sandbox.settings.company_host:
            rest = request.url.path.removeprefix("/api/v1/")
            if rest.startswith(_NOT_UNDER_API) and not rest.startswith("leadFields"):
                raise not_found("Unknown method .")
        if operation.needs in profile.lacks:
            raise forbidden()
        self._sandbox.edits.settle()
        path = {name: _path_value(text) for name, text in request.path_params.items()}
        body = await _json(request) if request.method != "GET" else None
        query = _query(request)
        call = Call(path, query, profile, body)
        key = f"{profile.name} {target}"
        cached = self._cache.get(key, self._sandbox.store.version) if body is None else None
        if cached is not None and request.method == "GET":
            return cached
        answered = operation.run(self._sandbox, call)
        if request.method == "GET":
            self._cache.put(key, answered)
        return answered

    def _respond(
        self,
        request: Request,
        status: int,
        body: bytes,
        headers: dict[str, str],
        key: str,
    ) -> Response:
        accepted = "gzip" in request.headers.get("accept-encoding", "")
        if accepted and self._sandbox.settings.gzip and len(body) > _WORTH_ZIPPING:
            headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
            zipped = self._cache.get(f"gzip {key}", self._sandbox.store.version)
            if zipped is None:
                zipped = gzip.compress(body, 1)
                self._cache.put(f"gzip {key}", zipped)
            body = zipped
        return Response(body, status, headers, _JSON)


class _PageCache:
    """Rendered pages by exact query, least recently used out first; emptied by any change."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._version = -1
        self._pages: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str, version: int) -> bytes | None:
        if version != self._version:
            self._pages.clear()
            self._held, self._version = 0, version
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: str, page: bytes) -> None:
        if not self._capacity:
            return
        self._pages[key] = page
        self._held += len(page)
        while self._held > self._capacity:
            _, dropped = self._pages.popitem(last=False)
            self._held -= len(dropped)


def _token(request: Request) -> tuple[str, bool]:
    """Return the caller's token, and whether it is an OAuth one."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer, True
    token = request.headers.get("x-api-token") or request.query_params.get("api_token", "")
    return token, False


def _path_value(text: str) -> object:
    return int(text) if text.isdecimal() else text


def _query(request: Request) -> dict[str, str]:
    return dict(request.query_params)


async def _json(request: Request) -> object:
    try:
        return orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        raise bad_request("Malformed JSON in the request body") from None
