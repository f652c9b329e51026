"""What goes wrong during a sync: drawn from tables, given to the sandbox as rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from integration_tests.torture.account import KINDS, Account, Story
from integration_tests.torture.connector import Interruption

Rule = dict[str, Any]
Action = Mapping[str, Any]

# asked again, Pipedrive answers; the sync has to survive
PASSING: Mapping[str, Action] = {
    "500": {"status": 500},
    "502 HTML": {"status": 502, "body": "html"},
    "503": {"status": 503},
    "504 without a body": {"status": 504, "body": "empty"},
    "524 HTML": {"status": 524, "body": "html"},
    "HTML": {"body": "html"},
    "empty body": {"body": "empty"},
    "truncated body": {"body": "truncated"},
    "null": {"body": "null"},
    "success: false": {"body": "unsuccessful"},
    "no envelope": {"body": ["an", "array"]},
    "reset": {"reset": True},
    "cut off": {"cut": True},
    "slow drip": {"drip": 0.6},
    "slow": {"delay": 0.4},
    "byte order mark": {"body": "marked"},
    "wrong content type": {"media_type": "text/plain"},
    "429 without headers": {"status": 429, "bare": True},
    "429": {"status": 429, "headers": {"x-ratelimit-remaining": 0, "x-ratelimit-reset": 1}},
}
# the sync ends, and says why
ENDING: Mapping[str, Action] = {
    "400": {"status": 400},
    "401": {"status": 401},
    "402": {"status": 402},
    "403": {"status": 403},
    "403 of a scope": {
        "status": 403,
        "body": {"success": False, "error": "Scope and URL mismatch"},
    },
    "403 of Cloudflare": {"status": 403, "body": "html"},
    "404": {"status": 404},
    "405": {"status": 405},
    "410": {"status": 410},
    "415": {"status": 415},
    "422": {"status": 422},
    "429 of the day": {"status": 429},
}
# a parent that is denied is left out, so a lie about it would be believed
_BELIEVED = ("403", "403 of a scope", "404", "410")

_DEFINITIONS = r"^/(api/v2/\w+Fields|v1/leadLabels)"
_PAGES = 5
_WHOLE_DAY = 1_500_000


@dataclass
class Trouble:
    """Everything that goes wrong in one sync; `survivable`: nothing of it may end the sync."""

    rules: list[Rule] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    interruption: Interruption | None = None
    survivable: bool = True
    names: list[str] = field(default_factory=list)


class Drawer:
    """Draws trouble for the streams of a scenario. `exhausting` allows for minutes of waiting."""

    def __init__(
        self, rng: Random, streams: Sequence[str], story: Story, *, exhausting: bool
    ) -> None:
        self._rng = rng
        self._streams = streams
        self._story = story
        self._exhausting = exhausting

    def draw(self, tokens: int, reserve_percent: float) -> Trouble:
        """Draw the trouble of one sync that would take about so many tokens."""
        rng = self._rng
        trouble = Trouble(settings=self.limits())
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            self._add_passing(trouble)
        if rng.random() < 0.3:
            self._add_ending(trouble)
        if rng.random() < 0.15:
            self._add_budget(trouble, tokens, reserve_percent)
        if self._exhausting and rng.random() < 0.03:
            self._add_rule(trouble, {"status": 503}, rng.choice(self._streams), times=8)
            trouble.survivable = False
        if rng.random() < 0.45:
            trouble.interruption = self._interruption()
        self._add_happenings(trouble)
        for changes in self._story.changes(rng.choice((0, 1, 2, 4, 8))):
            self._add_changes(trouble, changes)
        return trouble

    def limits(self) -> dict[str, Any]:
        rng = self._rng
        return {
            "latency": rng.choice((0.0, 0.0, 0.01, 0.05)),
            "daily_headers": rng.random() < 0.8,
            "daily_budget": _WHOLE_DAY,
            "burst": 10_000,
            "update_time_delay": rng.choice((0.0, 2.0, 60.0)),
            "flat_v1_pagination": rng.random() < 0.5,
            "empty_v1_lists_are_null": rng.random() < 0.5,
        }

    def _add_passing(self, trouble: Trouble) -> None:
        name = self._rng.choice(list(PASSING))
        trouble.names.append(name)
        stream = self._rng.choice(self._streams)
        times = self._rng.choice((1, 1, 1, 2))
        self._add_rule(trouble, PASSING[name], stream, times)

    def _add_ending(self, trouble: Trouble) -> None:
        stream = self._rng.choice(self._streams)
        names = [name for name in ENDING if not (KINDS[stream].one_by_one and name in _BELIEVED)]
        name = self._rng.choice(names)
        trouble.names.append(name)
        trouble.survivable = False
        self._add_rule(trouble, ENDING[name], stream)

    def _add_rule(self, trouble: Trouble, action: Action, stream: str, times: int = 1) -> None:
        match = {**self._match(stream), "times": times}
        trouble.rules.append({"match": match, "action": dict(action)})

    def _match(self, stream: str) -> Rule:
        """A request of the stream, or now and then of the definitions of its custom fields."""
        path = _DEFINITIONS if self._rng.random() < 0.05 else KINDS[stream].path
        return {"path": path, "from": self._rng.randint(1, _PAGES)}

    def _add_budget(self, trouble: Trouble, tokens: int, reserve_percent: float) -> None:
        """Leave fewer tokens for today than the sync will want."""
        may_be_used = self._rng.randint(0, tokens)
        share = 1 - reserve_percent / 100
        trouble.settings["daily_budget"] = max(1, int(may_be_used / share)) if share else 10
        trouble.survivable = False
        trouble.names.append("budget")

    def _add_happenings(self, trouble: Trouble) -> None:
        rng = self._rng
        field = {
            "entity": "deal",
            "field_name": f"Torture {rng.randrange(10**6)}",
            "field_type": "varchar",
        }
        happenings: Mapping[str, tuple[float, Action]] = {
            "clock goes back": (0.1, {"clock": {"advance": -rng.randint(1, 120)}}),
            "clock goes ahead": (0.1, {"clock": {"advance": rng.randint(1, 7_200)}}),
            "clock stops": (0.1, {"clock": {"freeze": True}}),
            "new field": (
                0.1,
                {"mutate": {"table": "fields", "action": "create", "set": field}},
            ),
            "other plan": (0.1, {"settings": {"burst": 40, "daily_budget": 2 * _WHOLE_DAY}}),
        }
        for name, (chance, action) in happenings.items():
            if rng.random() < chance and not (name == "other plan" and "budget" in trouble.names):
                trouble.names.append(name)
                self._add_rule(trouble, action, rng.choice(self._streams))

    def _add_changes(self, trouble: Trouble, changes: list[Rule]) -> None:
        when = self._rng.choice(("before", "after"))
        match = self._match(self._rng.choice(self._streams))
        trouble.rules += [
            {"match": match, "action": {"mutate": change, "when": when}} for change in changes
        ]

    def _interruption(self) -> Interruption:
        rng = self._rng
        how: Literal["SIGKILL", "SIGTERM", "reader gone"] = rng.choice(
            ("SIGKILL", "SIGKILL", "SIGTERM", "SIGTERM", "reader gone")
        )
        lines = int(rng.random() ** 3 * 9_000) if rng.random() < 0.85 else 0
        return Interruption(how, lines, seconds=rng.uniform(0, 1.5))


def apply(trouble: Trouble, account: Account) -> None:
    """Put the sandbox into the state in which the sync begins, with a new day and new books."""
    account.sandbox.control("faults", "DELETE")
    account.sandbox.control("counters", "DELETE")
    account.control("clock", freeze=False, advance=1)
    account.control("settings", **trouble.settings)
    for rule in trouble.rules:
        account.control("faults", **rule)
