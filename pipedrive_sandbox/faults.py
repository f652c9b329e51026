"""Trouble by script: what goes wrong, at which request, how often.

A rule is JSON: `{"match": {"method", "path", "profile", "from", "times"}, "action": {…}}`. `path`
is a regular expression searched in path and query; of the requests that match, those numbered
`from` (default 1) onwards are hit, `times` of them (default 1; null: all). An action may
- answer otherwise: `status`, `body` (JSON, or one of `BODIES`), `headers` (null takes one away),
  `bare` (no header of the limits), `media_type`;
- answer badly: `delay` before, `drip` over so many seconds, `cut` the connection in the middle of
  the body, `reset` it before the first byte;
- make something happen, `when` "before" the answer is made or "after" (default), that is, while
  pages are being read: `settings`, `token`, `clock`, `mutate` as on the control routes of these
  names, `write` `{"method", "path", "body"}` of the API, run as the administrator.
"""

from __future__ import annotations

import asyncio
import codecs
import re
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.responses import Response, StreamingResponse

from pipedrive_sandbox.errors import CLOUDFLARE_PAGE, envelope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from pipedrive_sandbox.store import Row

#: Key of the connection in an ASGI scope; put there by `server.Protocol`.
TRANSPORT: Final = "sandbox.transport"
_HTML: Final = "text/html; charset=UTF-8"
_DRIPS: Final = 20
_LIMIT_HEADERS: Final = ("x-ratelimit-", "x-daily-")

#: Bodies by name, made of the one that would have been answered.
BODIES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda _body: b"",
    "null": lambda _body: b"null",
    "truncated": lambda body: body[: len(body) // 2],
    # half a character is left where a server cuts a text by UTF-16 units
    "half character": lambda body: body.replace(b'":"', b'":"\\ud83d', 1),
    "marked": lambda body: codecs.BOM_UTF8 + body,
    "html": lambda _body: CLOUDFLARE_PAGE.encode(),
    "unsuccessful": lambda _body: orjson.dumps(envelope("Something went wrong")),
}
_HAPPENINGS: Final = ("settings", "token", "clock", "mutate", "write")
_ACTIONS: Final = frozenset(
    {
        *("status", "body", "headers", "bare", "media_type"),
        *("delay", "drip", "cut", "reset", "when"),
        *_HAPPENINGS,
    },
)


class BadRuleError(ValueError):
    """A rule that makes no sense; its text says why."""


@dataclass
class Answer:
    """What is about to be sent, and how."""

    status: int
    body: bytes
    headers: dict[str, str]
    media_type: str
    drip: float = 0.0
    cut: bool = False
    reset: bool = False

    def response(self, request: Request) -> Response:
        """Return the response that sends it."""
        if self.reset or self.cut:
            return _Broken(self, request.scope)
        if self.drip:
            headers = {**self.headers, "content-length": str(len(self.body))}
            drops = _drops(self.body, self.drip)
            return StreamingResponse(drops, self.status, headers, self.media_type)
        return Response(self.body, self.status, self.headers, self.media_type)


async def _drops(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    size = max(1, -(-len(body) // _DRIPS))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _DRIPS)
        yield body[start : start + size]


class _Broken(Response):
    """A response whose connection ends before it does."""

    def __init__(self, answer: Answer, scope: Scope) -> None:
        super().__init__(answer.body, answer.status, answer.headers, answer.media_type)
        self._reset = answer.reset
        self._transport: asyncio.Transport = scope[TRANSPORT]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        if self._reset:
            # with SO_LINGER at zero, closing is a TCP reset
            held = self._transport.get_extra_info("socket")
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            half = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            self._transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass
class Fault:
    """One rule and its count of requests seen and hit."""

    match: Row
    action: Row
    happen: Callable[[str, Row], None]
    seen: int = 0
    hit: int = 0

    def __post_init__(self) -> None:
        """Refuse a rule with parts that nobody would act on."""
        unknown = (self.match.keys() - {"method", "path", "profile", "from", "times"}) | (
            self.action.keys() - _ACTIONS
        )
        if unknown or not self.action:
            raise BadRuleError(f"unknown: {sorted(unknown)}; actions: {sorted(_ACTIONS)}")

    def is_due(self, method: str, target: str, profile: str) -> bool:
        """Count a request if it matches; whether the rule strikes at it."""
        match = self.match
        if match.get("method", method) != method or match.get("profile", profile) != profile:
            return False
        if not re.search(match.get("path", ""), target):
            return False
        self.seen += 1
        first, times = match.get("from", 1), match.get("times", 1)
        due = self.seen >= first and (times is None or self.seen < first + times)
        self.hit += due
        return bool(due)

    async def before(self) -> None:
        """Do what comes before the answer is made."""
        await asyncio.sleep(self.action.get("delay", 0))
        if self.action.get("when") == "before":
            self._happen()

    def after(self, answer: Answer) -> Answer:
        """Return the answer that is sent instead; then do what comes after."""
        action = self.action
        if "status" in action or "body" in action:
            answer = self._replaced(answer)
        if action.get("bare"):
            answer.headers = {
                name: value
                for name, value in answer.headers.items()
                if not name.startswith(_LIMIT_HEADERS)
            }
        for name, value in action.get("headers", {}).items():
            answer.headers.pop(name, None)
            if value is not None:
                answer.headers[name] = str(value)
        answer.media_type = action.get("media_type", answer.media_type)
        answer.drip = action.get("drip", answer.drip)
        answer.cut = action.get("cut", answer.cut)
        answer.reset = action.get("reset", answer.reset)
        if action.get("when", "after") == "after":
            self._happen()
        return answer

    def _replaced(self, answer: Answer) -> Answer:
        status = self.action.get("status", answer.status)
        wanted = self.action.get("body", _usual(status))
        body, media_type = answer.body, answer.media_type
        if isinstance(wanted, str) and wanted in BODIES:
            body = BODIES[wanted](body)
            media_type = _HTML if wanted == "html" else media_type
        elif wanted is not Ellipsis:
            body = wanted.encode() if isinstance(wanted, str) else orjson.dumps(wanted)
        return Answer(status, body, dict(answer.headers), media_type)

    def _happen(self) -> None:
        for name in _HAPPENINGS:
            if name in self.action:
                self.happen(name, self.action[name])


def _usual(status: int) -> Any:
    """Return the body that usually goes with a status; the ellipsis stands for "as it is"."""
    too_many, ok = 429, 200
    if status == ok:
        return ...
    if status == too_many:
        return {"success": False, "error": "request over limit", "errorCode": status}
    return envelope(f"Sandbox fault {status}")


@dataclass
class Faults:
    """The rules in force, in the order in which they were given."""

    rules: list[Fault] = field(default_factory=list)

    def due(self, method: str, target: str, profile: str) -> list[Fault]:
        """Return the rules that strike at a request."""
        return [rule for rule in self.rules if rule.is_due(method, target, profile)]

    def add(self, given: list[Row], happen: Callable[[str, Row], None]) -> None:
        """Put rules into force."""
        self.rules += [
            Fault(rule.get("match", {}), rule.get("action", {}), happen) for rule in given
        ]

    def told(self) -> list[Row]:
        """Return the rules with their counts."""
        return [
            {"match": rule.match, "action": rule.action, "seen": rule.seen, "hit": rule.hit}
            for rule in self.rules
        ]
