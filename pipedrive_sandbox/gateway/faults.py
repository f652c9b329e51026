"""Faults by rule: what goes wrong, at which request, and how often.

A rule is JSON: `{"match": {"method", "path", "profile", "from", "times"}, "action": {…}}`. `path`
is a regular expression that is searched in path and query. Of the requests that match, the rule
applies to those numbered `from` (default 1) onwards, `times` of them (default 1; null: all).
An action may
- change the answer: `status`, `body` (JSON, or one of `BODIES`), `headers` (null removes one),
  `bare` (removes the headers of the limits), `media_type`;
- change the rows of the answer: `mutate_values` of `ValueMutation`, `pages` of `UndocumentedPages`;
- disturb the answer: `delay` it, `drip` it over so many seconds, `cut` the connection in the middle
  of the body, `reset` the connection before the first byte;
- change the sandbox, `when` "before" the answer is made or "after" (default), that is, while a
  client reads pages: `settings`, `token`, `clock`, `oauth`, `mutate`, as on the control routes.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from pipedrive_sandbox.endpoints.errors import envelope
from pipedrive_sandbox.gateway.answers import Answer
from pipedrive_sandbox.gateway.bodies import BODIES
from pipedrive_sandbox.gateway.mutated_values import ValueMutation
from pipedrive_sandbox.gateway.undocumented_pages import PAGE_PARAMETERS, UndocumentedPages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.store import Row

_HTML: Final = "text/html; charset=UTF-8"
_LIMIT_HEADERS: Final = ("x-ratelimit-", "x-daily-")
_OK: Final = 200
_TOO_MANY: Final = 429

_SANDBOX_CHANGES: Final = ("settings", "token", "clock", "oauth", "mutate")
_ACTIONS: Final = frozenset(
    {
        *("status", "body", "headers", "bare", "media_type"),
        *("mutate_values", "pages"),
        *("delay", "drip", "cut", "reset", "when"),
        *_SANDBOX_CHANGES,
    },
)


class BadRuleError(ValueError):
    """A rule that cannot be applied; the text says why."""


@dataclass
class Fault:
    """One rule; `seen` counts the requests that match, `hit` those that it applied to.

    `change_sandbox` takes the name of a change and its content.
    """

    match: Row
    action: Row
    change_sandbox: Callable[[str, Row], None]
    seen: int = 0
    hit: int = 0
    _mutation: ValueMutation | None = field(default=None, init=False)
    _pages: UndocumentedPages | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Reject a rule with unknown parts."""
        unknown = (self.match.keys() - {"method", "path", "profile", "from", "times"}) | (
            self.action.keys() - _ACTIONS
        )
        if unknown or not self.action:
            raise BadRuleError(f"unknown: {sorted(unknown)}; actions: {sorted(_ACTIONS)}")
        if "mutate_values" in self.action:
            self._mutation = ValueMutation(**self.action["mutate_values"])
        if "pages" in self.action:
            self._pages = UndocumentedPages(**self.action["pages"])

    def applies_to(self, method: str, target: str, profile: str) -> bool:
        """Count a request that matches, and return whether the rule applies to it."""
        match = self.match
        if match.get("method", method) != method or match.get("profile", profile) != profile:
            return False
        if not re.search(match.get("path", ""), target):
            return False
        self.seen += 1
        first, times = match.get("from", 1), match.get("times", 1)
        applies = self.seen >= first and (times is None or self.seen < first + times)
        self.hit += applies
        return bool(applies)

    async def before(self) -> None:
        """Do what comes before the answer is made."""
        await asyncio.sleep(self.action.get("delay", 0))
        if self.action.get("when") == "before":
            self._change_sandbox()

    def query_of_endpoint(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """Return the part of a query that the endpoint sees."""
        if self._pages is None:
            return query
        return {name: text for name, text in query.items() if name not in PAGE_PARAMETERS}

    def change_rows(self, body: bytes, query: Mapping[str, str], target: str) -> bytes:
        """Return the body with other rows; raise `ApiError` for an invalid page."""
        if self._pages is not None:
            body = self._pages.page(body, query)
        if self._mutation is not None:
            body = self._mutation.mutate(body, target)
        return body

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
            self._change_sandbox()
        return answer

    def _replaced(self, answer: Answer) -> Answer:
        status = self.action.get("status", answer.status)
        headers = dict(answer.headers)
        if "body" not in self.action:
            body = answer.body if status == _OK else orjson.dumps(_usual_body(status))
            return Answer(status, body, headers, answer.media_type)
        given = self.action["body"]
        if isinstance(given, str) and given in BODIES:
            media_type = _HTML if given == "html" else answer.media_type
            return Answer(status, BODIES[given](answer.body), headers, media_type)
        body = given.encode() if isinstance(given, str) else orjson.dumps(given)
        return Answer(status, body, headers, answer.media_type)

    def _change_sandbox(self) -> None:
        for name in _SANDBOX_CHANGES:
            if name in self.action:
                self.change_sandbox(name, self.action[name])


def _usual_body(status: int) -> Row:
    """Return the body that usually comes with an error status."""
    if status == _TOO_MANY:
        return {"success": False, "error": "request over limit", "errorCode": status}
    return envelope(f"Sandbox fault {status}")


@dataclass
class Faults:
    """The rules in force, in the order in which they were given."""

    rules: list[Fault] = field(default_factory=list)

    def due(self, method: str, target: str, profile: str) -> list[Fault]:
        """Return the rules that apply to a request."""
        return [rule for rule in self.rules if rule.applies_to(method, target, profile)]

    def add(self, given: list[Row], change_sandbox: Callable[[str, Row], None]) -> None:
        """Put rules into force."""
        self.rules += [
            Fault(rule.get("match", {}), rule.get("action", {}), change_sandbox) for rule in given
        ]

    def report(self) -> list[Row]:
        """Return the rules with their counts."""
        return [
            {"match": rule.match, "action": rule.action, "seen": rule.seen, "hit": rule.hit}
            for rule in self.rules
        ]
