"""What stands in front of every operation, in the order of the real gateway.

Token, limits, faults, permission, operation.
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
from starlette.requests import Request
from starlette.responses import Response

from pipedrive_sandbox.errors import (
    ApiError,
    bad_request,
    envelope,
    forbidden,
    not_found,
    suspended,
    unauthorized,
)
from pipedrive_sandbox.faults import Answer
from pipedrive_sandbox.operations import path_value
from pipedrive_sandbox.sandbox import Call, Operation, Sandbox
from pipedrive_sandbox.settings import PROFILES, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

Endpoint = Callable[[Request], Awaitable[Response]]

_JSON: Final = "application/json; charset=utf-8"
_WORTH_ZIPPING: Final = 1_000
_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
#: Reachable under `/v1` only on the shared host; under `/api/v1` they are 404. Facts §1.1.
_NOT_UNDER_API: Final = ("leads", "leadLabels", "leadSources", "goals/find", "mailbox")


class Gateway:
    """Answers requests of one sandbox."""

    def __init__(self, sandbox: Sandbox, cache_bytes: int) -> None:
        """Begin with an empty cache of rendered pages."""
        self._sandbox = sandbox
        self._cache = _PageCache(cache_bytes)

    def serve(self, by_method: Mapping[str, Operation]) -> Endpoint:
        """Return the endpoint of one path; without operations, the one of unknown paths."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            await asyncio.sleep(self._sandbox.settings.latency)
            return await self._respond(request, by_method, body)

        return endpoint

    async def _respond(
        self,
        request: Request,
        by_method: Mapping[str, Operation],
        sent: bytes,
    ) -> Response:
        sandbox = self._sandbox
        operation = by_method.get(request.method) or _nothing(request.method, by_method)
        tally = sandbox.tally(request.method, operation.path)
        tally.requests += 1
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = {
            "x-correlation-id": str(uuid.uuid4()),
            "date": formatdate(sandbox.clock.now(), usegmt=True),
        }
        faults = []
        zipped = ""
        try:
            profile = self._profile(request)
            limits, refusal = self._admit(request, operation)
            headers |= limits
            if refusal:
                tally.refused += refusal.status == _TOO_MANY
                raise refusal
            tally.tokens += operation.cost
            faults = sandbox.faults.due(request.method, target, profile.name)
            for fault in faults:
                await fault.before()
            body = self._run(request, operation, profile, sent, target)
            answer = Answer(operation.status, body, headers, _JSON)
            zipped = "" if faults else f"gzip {profile.name} {target}"
        except ApiError as refused:
            headers |= refused.headers
            answer = Answer(refused.status, refused.body, headers, refused.media_type)
        for fault in faults:
            answer = fault.after(answer)
        sandbox.log.append((request.method, target, answer.status))
        self._compress(request, answer, zipped)
        return answer.response(request)

    def _profile(self, request: Request) -> Profile:
        token, _ = _token(request)
        profile = PROFILES.get(self._sandbox.settings.tokens.get(token, ""))
        if profile is None or profile.refused == _UNAUTHORIZED:
            raise unauthorized()
        if profile.refused:
            raise suspended()
        return profile

    def _admit(
        self,
        request: Request,
        operation: Operation,
    ) -> tuple[dict[str, str], ApiError | None]:
        token, oauth = _token(request)
        return self._sandbox.limits.admit(token, operation.cost, oauth=oauth)

    def _run(
        self,
        request: Request,
        operation: Operation,
        profile: Profile,
        sent: bytes,
        target: str,
    ) -> bytes:
        sandbox = self._sandbox
        if request.url.path.startswith("/api/v1/") and not sandbox.settings.company_host:
            rest = request.url.path.removeprefix("/api/v1/")
            if rest.startswith(_NOT_UNDER_API):
                raise not_found("Unknown method .")
        lacks = profile.lacks | ({"growth"} if sandbox.settings.plan == "lite" else set())
        if operation.needs in lacks:
            raise forbidden()
        sandbox.edits.settle()
        key = f"{profile.name} {target}"
        if request.method == "GET":
            cached = self._cache.get(key, sandbox.store.version)
            if cached is not None:
                return cached
        path = {name: path_value(text) for name, text in request.path_params.items()}
        body = None if request.method == "GET" else _json(sent)
        call = Call(path, dict(request.query_params), profile, body)
        answered = operation.run(sandbox, call)
        if request.method == "GET":
            self._cache.put(key, answered)
        return answered

    def _compress(self, request: Request, answer: Answer, key: str) -> None:
        accepted = "gzip" in request.headers.get("accept-encoding", "")
        if not (accepted and self._sandbox.settings.gzip and len(answer.body) > _WORTH_ZIPPING):
            return
        version = self._sandbox.store.version
        zipped = self._cache.get(key, version) if key else None
        if zipped is None:
            zipped = gzip.compress(answer.body, 1)
            if key:
                self._cache.put(key, zipped)
        answer.body = zipped
        answer.headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}


def _nothing(method: str, by_method: Mapping[str, Operation]) -> Operation:
    """Return what stands for a path that does not exist, or not with this method."""

    def run(_sandbox: Sandbox, _call: Call) -> bytes:
        if by_method:
            raise ApiError(405, envelope("Method not allowed"), {"allow": ", ".join(by_method)})
        raise not_found("Unknown method .")

    return Operation(method, "unknown", 0, run)


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


def _json(sent: bytes) -> object:
    try:
        return orjson.loads(sent or b"{}")
    except orjson.JSONDecodeError:
        raise bad_request("Malformed JSON in the request body") from None
