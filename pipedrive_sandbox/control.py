"""`/__sandbox/`: what no real API has. No token, no limits, not counted."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.errors import ApiError
from pipedrive_sandbox.faults import BadRuleError
from pipedrive_sandbox.mutations import MisuseError, mutate
from pipedrive_sandbox.operations import perform
from pipedrive_sandbox.settings import PLANS, PROFILES, Settings
from pipedrive_sandbox.streams import DERIVED, STREAMS, rows_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.store import Row

ROOT: Final = "/__sandbox"
_CHUNK: Final = 500
_MISUSES: Final = (MisuseError, BadRuleError, ApiError, KeyError, TypeError, ValueError, re.error)


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
                told = error.body.decode() if isinstance(error, ApiError) else str(error)
                body = orjson.dumps({"error": f"{type(error).__name__}: {told}"})
                return Response(body, 400, media_type="application/json")

        return Route(ROOT + path, endpoint, methods=[method])

    async def dump(request: Request) -> Response:
        name = request.path_params["stream"]
        if name not in names:
            return Response(orjson.dumps(names), 404, media_type="application/json")
        sandbox.edits.settle()
        sandbox.deliveries.settle()
        return StreamingResponse(_lines(sandbox, name), media_type="application/x-ndjson")

    return [
        route("/health", "GET", lambda _: {"status": "ok"}),
        route("/clock", "GET", lambda _: control.clock()),
        route("/clock", "POST", control.set_clock),
        route("/settings", "GET", lambda _: asdict(sandbox.settings)),
        route("/settings", "POST", control.set_settings),
        route("/tokens", "POST", control.set_token),
        route("/counters", "GET", lambda _: control.counters()),
        route("/counters", "DELETE", lambda _: control.reset()),
        route("/log", "GET", lambda _: list(sandbox.log)),
        route("/streams", "GET", lambda _: names),
        route("/mutate", "POST", lambda given: mutate(sandbox, given)),
        route("/faults", "GET", lambda _: sandbox.faults.told()),
        route("/faults", "POST", control.add_faults),
        route("/faults", "DELETE", lambda _: control.clear_faults()),
        route("/webhooks", "GET", lambda _: sandbox.deliveries.told()),
        Route(f"{ROOT}/dump/{{stream}}", dump),
    ]


async def _lines(sandbox: Sandbox, name: str) -> AsyncIterator[bytes]:
    chunk: list[bytes] = []
    for row in rows_of(sandbox, name):
        chunk.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        if len(chunk) == _CHUNK:
            yield b"".join(chunk)
            chunk.clear()
    yield b"".join(chunk)


class Control:
    """What the control routes do, for requests and for faults alike."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Control `sandbox`."""
        self._sandbox = sandbox

    def clock(self) -> Row:
        """Tell the time."""
        clock = self._sandbox.clock
        now = clock.now()
        return {"now": Stamp.V2.text(now), "epoch": now, "frozen": clock.is_frozen}

    def set_clock(self, given: Row) -> Row:
        """Freeze, release, move the clock; give new rows their `update_time`."""
        clock = self._sandbox.clock
        at = given.get("freeze")
        if at is False:
            clock.run()
        elif at is not None:
            clock.freeze(None if at is True else _instant(at))
        clock.advance(given.get("advance", 0))
        self._sandbox.edits.settle(everything=bool(given.get("settle")))
        return self.clock()

    def set_settings(self, given: Row) -> Row:
        """Change settings; all of them, or none."""
        settings = self._sandbox.settings
        kinds = {each.name: type(getattr(settings, each.name)) for each in fields(Settings)}
        for name, content in given.items():
            if name not in kinds or not isinstance(content, (kinds[name], int)):
                raise MisuseError(f"no setting {name}, or not a {kinds.get(name)}")
        if given.get("plan", "premium") not in PLANS:
            raise MisuseError(f"plans: {', '.join(PLANS)}")
        for name, content in given.items():
            setattr(settings, name, content)
        self._sandbox.store.version += 1
        return asdict(settings)

    def set_token(self, given: Row) -> Row:
        """Give a token a profile."""
        if given["profile"] not in PROFILES:
            raise MisuseError(f"profiles: {', '.join(PROFILES)}")
        self._sandbox.settings.tokens[given["token"]] = given["profile"]
        return dict(self._sandbox.settings.tokens)

    def counters(self) -> Row:
        """Tell what was asked for, and what it cost."""
        tallies = self._sandbox.tallies
        return {
            "endpoints": {
                f"{method} {template}": asdict(tally)
                for (method, template), tally in sorted(tallies.items())
            },
            "requests": sum(tally.requests for tally in tallies.values()),
            "tokens": sum(tally.tokens for tally in tallies.values()),
            "refused": sum(tally.refused for tally in tallies.values()),
            "daily_remaining": self._sandbox.limits.remaining,
        }

    def reset(self) -> Row:
        """Begin new books: counters, log, and what the limits remember."""
        self._sandbox.tallies.clear()
        self._sandbox.log.clear()
        self._sandbox.limits.reset()
        return self.counters()

    def add_faults(self, given: Row | list[Row]) -> list[Row]:
        """Put one or several rules into force."""
        self._sandbox.faults.add(given if isinstance(given, list) else [given], self._happen)
        return self._sandbox.faults.told()

    def clear_faults(self) -> list[Row]:
        """End all rules."""
        self._sandbox.faults.rules.clear()
        return []

    def _happen(self, name: str, given: Row) -> None:
        if name == "settings":
            self.set_settings(given)
        elif name == "token":
            self.set_token(given)
        elif name == "clock":
            self.set_clock(given)
        elif name == "mutate":
            mutate(self._sandbox, given)
        else:
            perform(self._sandbox, given["method"], given["path"], given.get("body"))


def _instant(at: object) -> float:
    return float(at) if isinstance(at, (int, float)) else float(Stamp.V2.epoch(str(at)))
