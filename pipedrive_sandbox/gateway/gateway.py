"""What stands in front of every operation, in the order of the real gateway.

Token, limits, faults, permission, operation.
"""

from __future__ import annotations

import asyncio
import gzip
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from pipedrive_sandbox.endpoints.declarations import Call, Operation
from pipedrive_sandbox.endpoints.errors import (
    ApiError,
    bad_request,
    envelope,
    forbidden,
    not_found,
)
from pipedrive_sandbox.gateway.answers import Answer
from pipedrive_sandbox.gateway.authentication import caller_of
from pipedrive_sandbox.gateway.errors import wrong_scope
from pipedrive_sandbox.gateway.faults import Fault, Faults
from pipedrive_sandbox.gateway.limits import Limits
from pipedrive_sandbox.gateway.oauth import OAuth
from pipedrive_sandbox.gateway.page_cache import PageCache
from pipedrive_sandbox.gateway.request_log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.settings import Profile

Endpoint = Callable[[Request], Awaitable[Response]]

_JSON: Final = "application/json; charset=utf-8"
_WORTH_ZIPPING: Final = 1_000
_TOO_MANY: Final = 429
#: On the shared host these paths exist under `/v1` only, by the notes of Airbyte's connector 3.0.0.
_NOT_UNDER_API: Final = ("leads", "leadLabels", "leadSources", "goals/find", "mailbox")


@dataclass
class Gateway:
    """Answers the requests to one account.

    `catch_up` does what is due by the account's clock; it is called before each operation.
    """

    account: Account
    catch_up: Callable[[], None]
    limits: Limits = field(init=False)
    oauth: OAuth = field(init=False)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    cache: PageCache = field(default_factory=lambda: PageCache(0))

    def __post_init__(self) -> None:
        """Begin with full limits."""
        self.limits = Limits(self.account)
        self.oauth = OAuth(self.account.clock, self.account.settings)

    def endpoint(self, by_method: Mapping[str, Operation]) -> Endpoint:
        """Return the endpoint of a path; without operations, the one of unknown paths."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            await asyncio.sleep(self.account.settings.latency)
            return await self._respond(request, by_method, body)

        return endpoint

    async def token_endpoint(self, request: Request) -> Response:
        """Answer `POST /oauth/token`, which has no limits and costs no tokens."""
        sent = await request.body()
        self.log.counter("POST", request.url.path).requests += 1
        faults = self.faults.due("POST", request.url.path, "")
        for fault in faults:
            await fault.before()
        try:
            body = self.oauth.issue(request.headers, sent, str(request.base_url).rstrip("/"))
            answer = Answer(200, body, {}, _JSON)
        except ApiError as error:
            answer = Answer(error.status, error.body, {}, error.media_type)
        for fault in faults:
            answer = fault.after(answer)
        self.log.requests.append(("POST", request.url.path, answer.status))
        return answer.response(request)

    async def _respond(
        self,
        request: Request,
        by_method: Mapping[str, Operation],
        sent: bytes,
    ) -> Response:
        operation = by_method.get(request.method) or _not_served(request.method, by_method)
        counter = self.log.counter(request.method, operation.path)
        counter.requests += 1
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = {
            "x-correlation-id": str(uuid.uuid4()),
            "date": formatdate(self.account.clock.now(), usegmt=True),
        }
        faults: list[Fault] = []
        zip_key = ""
        try:
            caller = caller_of(request, self.account.settings, self.oauth)
            profile = caller.profile
            limits, refusal = self.limits.admit(
                caller.token, operation.cost, is_oauth=caller.scopes is not None
            )
            headers |= limits
            if refusal:
                counter.refused += refusal.status == _TOO_MANY
                raise refusal
            counter.tokens += operation.cost
            if not caller.may_call(operation.path):
                raise wrong_scope()
            faults = self.faults.due(request.method, target, profile.name)
            for fault in faults:
                await fault.before()
            query: Mapping[str, str] = dict(request.query_params)
            for fault in faults:
                query = fault.query_of_endpoint(query)
            body = self._run(request, operation, profile, sent, query)
            for fault in faults:
                body = fault.change_rows(body, request.query_params, target)
            answer = Answer(operation.status, body, headers, _JSON)
            zip_key = "" if faults else f"gzip {profile.name} {target}"
        except ApiError as error:
            headers |= error.headers
            answer = Answer(error.status, error.body, headers, error.media_type)
        for fault in faults:
            answer = fault.after(answer)
        self.log.requests.append((request.method, target, answer.status))
        self._compress(request, answer, zip_key)
        return answer.response(request)

    def _run(
        self,
        request: Request,
        operation: Operation,
        profile: Profile,
        sent: bytes,
        query: Mapping[str, str],
    ) -> bytes:
        settings = self.account.settings
        if request.url.path.startswith("/api/v1/") and not settings.company_host:
            rest = request.url.path.removeprefix("/api/v1/")
            if rest.startswith(_NOT_UNDER_API):
                raise not_found("Unknown method .")
        lacks = profile.lacks | ({"growth"} if settings.plan == "lite" else set())
        if operation.needs in lacks:
            raise forbidden()
        self.catch_up()
        path = {name: _path_value(text) for name, text in request.path_params.items()}
        if request.method != "GET":
            return operation.run(self.account, Call(path, query, profile, _json(sent)))
        key = f"{profile.name} {request.url.path} {query}"
        body = self.cache.get(key, self.account.store.version)
        if body is None:
            body = operation.run(self.account, Call(path, query, profile))
            self.cache.put(key, body)
        return body

    def _compress(self, request: Request, answer: Answer, key: str) -> None:
        is_accepted = "gzip" in request.headers.get("accept-encoding", "")
        is_worth_it = self.account.settings.gzip and len(answer.body) > _WORTH_ZIPPING
        if not (is_accepted and is_worth_it):
            return
        zipped = self.cache.get(key, self.account.store.version) if key else None
        if zipped is None:
            zipped = gzip.compress(answer.body, 1)
            if key:
                self.cache.put(key, zipped)
        answer.body = zipped
        answer.headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}


def _not_served(method: str, by_method: Mapping[str, Operation]) -> Operation:
    """Return an operation for a path that does not exist, or not with this method."""

    def run(_account: Account, _call: Call) -> bytes:
        if by_method:
            raise ApiError(405, envelope("Method not allowed"), {"allow": ", ".join(by_method)})
        raise not_found("Unknown method .")

    return Operation(method, "unknown", 0, run)


def _path_value(text: str) -> object:
    """Return a part of a path as the key that it is: a number, or text."""
    return int(text) if text.isdecimal() else text


def _json(sent: bytes) -> object:
    try:
        return orjson.loads(sent or b"{}")
    except orjson.JSONDecodeError:
        raise bad_request("Malformed JSON in the request body") from None
