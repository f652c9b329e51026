"""The control routes: no token, no limits, not counted."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pipedrive_sandbox.changes.mutations import MisuseError, mutate
from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.control.expected_rows import DERIVED, STREAMS, expected_rows
from pipedrive_sandbox.gateway.faults import BadRuleError
from pipedrive_sandbox.gateway.scopes import ALL_SCOPES
from pipedrive_sandbox.settings import PLANS, PROFILES, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.store import Row

ROOT: Final = "/__sandbox"
_CHUNK: Final = 500
_CREDENTIALS: Final = ("client_id", "client_secret", "refresh_token")
_OAUTH_ACTIONS: Final = ("expire", "revoke")
_MISUSES: Final = (MisuseError, BadRuleError, KeyError, TypeError, ValueError, re.error)


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Return the control routes of a sandbox."""
    control = Control(sandbox)
    names = sorted({*STREAMS, *DERIVED})

    def route(path: str, method: str, answer: Callable[[Any], object]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                given = orjson.loads(await request.body() or b"{}")
                return Response(orjson.dumps(answer(given)), media_type="application/json")
            except _MISUSES as error:
                body = orjson.dumps({"error": f"{type(error).__name__}: {error}"})
                return Response(body, 400, media_type="application/json")

        return Route(ROOT + path, endpoint, methods=[method])

    async def dump(request: Request) -> Response:
        name = request.path_params["stream"]
        if name not in names:
            return Response(orjson.dumps(names), 404, media_type="application/json")
        sandbox.catch_up()
        return StreamingResponse(_lines(sandbox.account, name), media_type="application/x-ndjson")

    return [
        route("/health", "GET", lambda _: {"status": "ok"}),
        route("/clock", "GET", lambda _: control.clock()),
        route("/clock", "POST", control.set_clock),
        route("/settings", "GET", lambda _: asdict(sandbox.settings)),
        route("/settings", "POST", control.set_settings),
        route("/tokens", "POST", control.set_token),
        route("/oauth", "POST", control.oauth),
        route("/counters", "GET", lambda _: control.counters()),
        route("/counters", "DELETE", lambda _: control.reset()),
        route("/log", "GET", lambda _: list(sandbox.gateway.log.requests)),
        route("/streams", "GET", lambda _: names),
        route("/mutate", "POST", lambda given: mutate(sandbox.editor, given)),
        route("/faults", "GET", lambda _: sandbox.gateway.faults.report()),
        route("/faults", "POST", control.add_faults),
        route("/faults", "DELETE", lambda _: control.clear_faults()),
        route("/webhooks", "GET", lambda _: sandbox.deliveries.report()),
        Route(f"{ROOT}/dump/{{stream}}", dump),
    ]


async def _lines(account: Account, name: str) -> AsyncIterator[bytes]:
    chunk: list[bytes] = []
    for row in expected_rows(account, name):
        chunk.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        if len(chunk) == _CHUNK:
            yield b"".join(chunk)
            chunk.clear()
    yield b"".join(chunk)


class Control:
    """The actions of the control routes; faults can trigger some of them, too."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Control `sandbox`."""
        self._sandbox = sandbox

    def clock(self) -> Row:
        """Return the time."""
        clock = self._sandbox.clock
        now = clock.now()
        return {"now": Stamp.V2.text(now), "epoch": now, "frozen": clock.is_frozen}

    def set_clock(self, given: Row) -> Row:
        """Freeze, release or move the clock; set the `update_time` of new rows."""
        clock = self._sandbox.clock
        at = given.get("freeze")
        if at is False:
            clock.run()
        elif at is not None:
            clock.freeze(None if at is True else _instant(at))
        clock.advance(given.get("advance", 0))
        self._sandbox.editor.stamp_new_rows(everything=bool(given.get("settle")))
        return self.clock()

    def set_settings(self, given: Row) -> Row:
        """Change settings: all that are given, or none if one of them is not valid."""
        settings = self._sandbox.settings
        types = {each.name: type(getattr(settings, each.name)) for each in fields(Settings)}
        for name, value in given.items():
            if name not in types or not isinstance(value, (types[name], int)):
                raise MisuseError(f"no setting {name}, or not of type {types.get(name)}")
        if given.get("plan", "premium") not in PLANS:
            raise MisuseError(f"plans: {', '.join(PLANS)}")
        for name, value in given.items():
            setattr(settings, name, value)
        self._sandbox.store.version += 1
        return asdict(settings)

    def set_token(self, given: Row) -> Row:
        """Give a token a profile."""
        if given["profile"] not in PROFILES:
            raise MisuseError(f"profiles: {', '.join(PROFILES)}")
        self._sandbox.settings.tokens[given["token"]] = given["profile"]
        return dict(self._sandbox.settings.tokens)

    def oauth(self, given: Row) -> Row:
        """Authorize an app and return its credentials; or expire or revoke all tokens."""
        oauth = self._sandbox.gateway.oauth
        action = given.get("action", "authorize")
        if action == "authorize":
            profile, scopes = given.get("profile", "admin"), given.get("scopes")
            if profile not in PROFILES:
                raise MisuseError(f"profiles: {', '.join(PROFILES)}")
            grant = oauth.authorize(profile, ALL_SCOPES if scopes is None else frozenset(scopes))
            return {name: getattr(grant, name) for name in _CREDENTIALS}
        if action not in _OAUTH_ACTIONS:
            raise MisuseError(f"actions: authorize, {', '.join(_OAUTH_ACTIONS)}")
        getattr(oauth, action)()
        return {}

    def counters(self) -> Row:
        """Return the requests and their tokens, by operation."""
        gateway = self._sandbox.gateway
        return gateway.log.report() | {"daily_remaining": gateway.limits.remaining}

    def reset(self) -> Row:
        """Forget all requests: counters, log, and limits begin anew."""
        self._sandbox.gateway.log.clear()
        self._sandbox.gateway.limits.reset()
        return self.counters()

    def add_faults(self, given: Row | list[Row]) -> list[Row]:
        """Put one or several rules into force."""
        rules = given if isinstance(given, list) else [given]
        self._sandbox.gateway.faults.add(rules, self._change_sandbox)
        return self._sandbox.gateway.faults.report()

    def clear_faults(self) -> list[Row]:
        """End all rules."""
        self._sandbox.gateway.faults.rules.clear()
        return []

    def _change_sandbox(self, name: str, given: Row) -> None:
        if name == "settings":
            self.set_settings(given)
        elif name == "token":
            self.set_token(given)
        elif name == "clock":
            self.set_clock(given)
        elif name == "oauth":
            self.oauth(given)
        else:
            mutate(self._sandbox.editor, given)


def _instant(at: object) -> float:
    return float(at) if isinstance(at, (int, float)) else float(Stamp.V2.epoch(str(at)))
