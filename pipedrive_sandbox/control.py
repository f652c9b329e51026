"""`/__sandbox/`: what no real API has. No token, no limits, not counted."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.settings import PLANS, PROFILES, Settings
from pipedrive_sandbox.streams import DERIVED, STREAMS, rows_of
from pipedrive_sandbox.tables import TABLES
from pipedrive_sandbox.writables import BLANKS, fresh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.store import Row

ROOT: Final = "/__sandbox"
_CHUNK: Final = 500


class MisuseError(ValueError):
    """A control request that makes no sense; its text says why."""


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Return the control routes of a sandbox."""
    control = _Control(sandbox)
    names = sorted({*STREAMS, *DERIVED})

    def route(path: str, method: str, answer: Callable[[Any], object]) -> Route:
        async def endpoint(request: Request) -> Response:
            given = orjson.loads(await request.body() or b"{}")
            given |= request.path_params | dict(request.query_params)
            try:
                return Response(orjson.dumps(answer(given)), media_type="application/json")
            except (MisuseError, KeyError, TypeError) as error:
                body = orjson.dumps({"error": f"{type(error).__name__}: {error}"})
                return Response(body, 400, media_type="application/json")

        return Route(ROOT + path, endpoint, methods=[method])

    async def dump(request: Request) -> Response:
        name = request.path_params["stream"]
        if name not in names:
            return Response(orjson.dumps(names), 404, media_type="application/json")
        sandbox.edits.settle()
        return StreamingResponse(_lines(sandbox, name), media_type="application/x-ndjson")

    return [
        route("/health", "GET", lambda _: {"status": "ok"}),
        route("/clock", "GET", control.clock),
        route("/clock", "POST", control.set_clock),
        route("/settings", "GET", lambda _: asdict(sandbox.settings)),
        route("/settings", "POST", control.set_settings),
        route("/tokens", "POST", control.set_token),
        route("/counters", "GET", control.counters),
        route("/counters", "DELETE", control.reset),
        route("/log", "GET", lambda _: list(sandbox.log)),
        route("/streams", "GET", lambda _: names),
        route("/mutate", "POST", control.mutate),
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


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def clock(self, _given: Row) -> object:
        clock = self._sandbox.clock
        now = clock.now()
        return {"now": Stamp.V2.text(now), "epoch": now, "frozen": clock.is_frozen}

    def set_clock(self, given: Row) -> object:
        clock = self._sandbox.clock
        if "freeze" in given:
            at = given["freeze"]
            if at is False:
                clock.run()
            else:
                clock.freeze(None if at is True else _instant(at))
        clock.advance(given.get("advance", 0))
        self._sandbox.edits.settle(everything=bool(given.get("settle")))
        return self.clock(given)

    def set_settings(self, given: Row) -> object:
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

    def set_token(self, given: Row) -> object:
        if given["profile"] not in PROFILES:
            raise MisuseError(f"profiles: {', '.join(PROFILES)}")
        self._sandbox.settings.tokens[given["token"]] = given["profile"]
        return self._sandbox.settings.tokens

    def counters(self, _given: Row) -> object:
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

    def reset(self, given: Row) -> object:
        self._sandbox.tallies.clear()
        self._sandbox.log.clear()
        self._sandbox.limits.reset()
        return self.counters(given)

    def mutate(self, given: Row) -> object:
        sandbox, table = self._sandbox, given["table"]
        if table not in BLANKS:
            raise MisuseError(f"tables: {', '.join(sorted(BLANKS))}")
        sandbox.edits.settle()
        rng = Random(given.get("seed", 0))
        count = int(given.get("count", 1))
        action = given["action"]
        if action == "create":
            rows = [
                sandbox.edits.create(table, fresh(table, given.get("set", {}) | _named(table, rng)))
                for _ in range(count)
            ]
            return {"ids": [row["id"] for row in rows]}
        chosen = given.get("ids") or _sample(sandbox, table, action, rng, count)
        return {"ids": _apply(sandbox, table, action, chosen, given.get("set"))}


def _named(table: str, rng: Random) -> Row:
    name = next(name for name in ("title", "name", "subject", "content") if name in BLANKS[table])
    return {name: f"Sandbox {table} {rng.randrange(10**6)}"}


def _sample(sandbox: Sandbox, table: str, action: str, rng: Random, count: int) -> list[object]:
    columns = TABLES[table].columns
    where = "deleted_at = ''" if "deleted_at" in columns else "1"
    if action in {"archive", "unarchive", "edit"} and "is_archived" in columns:
        where += f" AND is_archived = {int(action == 'unarchive')}"
    found = sandbox.store.select(f"SELECT id FROM {table} WHERE {where} ORDER BY rowid")
    keys = [key for (key,) in found]
    return rng.sample(keys, min(len(keys), count))


def _apply(
    sandbox: Sandbox,
    table: str,
    action: str,
    chosen: list[Any],
    changes: Row | None,
) -> list[Any]:
    edits = sandbox.edits
    if action == "merge":
        pairs = list(zip(chosen[::2], chosen[1::2], strict=False))
        for loser, winner in pairs:
            edits.merge(table, loser, winner)
        return [list(pair) for pair in pairs]
    for number, key in enumerate(chosen):
        if action == "edit":
            edits.change(table, key, changes or _touched(sandbox, table, key, number))
        elif action in {"archive", "unarchive"}:
            edits.archive(table, key, archived=action == "archive")
        elif action == "delete":
            edits.delete(table, key)
        else:
            raise MisuseError("actions: create, edit, archive, unarchive, delete, merge")
    return chosen


def _touched(sandbox: Sandbox, table: str, key: object, number: int) -> Row:
    row = sandbox.store.get(table, key) or {}
    name = next(name for name in ("title", "name", "subject", "content") if name in row)
    plain = re.sub(r" \(edit \d+\)$", "", row[name])
    return {name: f"{plain} (edit {sandbox.store.version + number})"}


def _instant(at: object) -> float:
    return float(at) if isinstance(at, (int, float)) else float(Stamp.V2.epoch(str(at)))
