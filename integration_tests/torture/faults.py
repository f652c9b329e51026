"""What goes wrong during a sync: errors, interruptions, and changes of the account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from integration_tests.torture.account import Account
from integration_tests.torture.changes import ChangeGenerator
from integration_tests.torture.run import Interruption
from integration_tests.torture.streams import STREAMS

Rule = dict[str, Any]
Action = Mapping[str, Any]

# a repeated request succeeds, so the sync must not fail
TRANSIENT_ERRORS: Mapping[str, Action] = {
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
    "array instead of object": {"body": ["an", "array"]},
    "object instead of rows": {"body": "object instead of rows"},
    "null among rows": {"body": "null among rows"},
    "row without id": {"body": "row without id"},
    "connection reset": {"reset": True},
    "connection closed in the body": {"cut": True},
    "body in small parts": {"drip": 0.6},
    "slow response": {"delay": 0.4},
    "byte order mark": {"body": "marked"},
    "wrong content type": {"media_type": "text/plain"},
    "429 without headers": {"status": 429, "bare": True},
    "429": {"status": 429, "headers": {"x-ratelimit-remaining": 0, "x-ratelimit-reset": 1}},
}
# the sync fails with an error message
PERMANENT_ERRORS: Mapping[str, Action] = {
    "400": {"status": 400},
    "401": {"status": 401},
    "402": {"status": 402},
    "403": {"status": 403},
    "403 for a missing scope": {
        "status": 403,
        "body": {"success": False, "error": "Scope and URL mismatch"},
    },
    "403 by Cloudflare": {"status": 403, "body": "html"},
    "404": {"status": 404},
    "405": {"status": 405},
    "410": {"status": 410},
    "415": {"status": 415},
    "422": {"status": 422},
    "429 for the daily budget": {"status": 429},
}
# in a request for one parent, these mean that the parent is gone, so the connector skips it
_PARENT_IS_GONE = ("403", "403 for a missing scope", "404", "410")

_FIELD_DEFINITIONS = r"^/(api/v2/\w+Fields|v1/leadLabels)"
_PAGES = 5
_LARGE_BUDGET = 1_500_000


@dataclass
class SyncFaults:
    """Everything that goes wrong in one sync. If `must_succeed`, nothing of it may end the sync."""

    rules: list[Rule] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    interruption: Interruption | None = None
    must_succeed: bool = True
    names: list[str] = field(default_factory=list)

    def apply(self, account: Account) -> None:
        """Give them to the sandbox, with a new day and counters at zero."""
        account.sandbox.control("faults", "DELETE")
        account.sandbox.control("counters", "DELETE")
        account.control("clock", freeze=False, advance=1)
        account.control("settings", **self.settings)
        for rule in self.rules:
            account.control("faults", **rule)


class FaultGenerator:
    """Generates faults for the streams of a scenario, from a random source.

    With `allow_long_waits`, some faults make the connector wait for minutes.
    """

    def __init__(
        self,
        rng: Random,
        streams: Sequence[str],
        changes: ChangeGenerator,
        *,
        allow_long_waits: bool,
    ) -> None:
        self._rng = rng
        self._streams = streams
        self._changes = changes
        self._allow_long_waits = allow_long_waits

    def faults(self, tokens: int, reserve_percent: float) -> SyncFaults:
        """Generate the faults of one sync that costs about so many tokens."""
        rng = self._rng
        faults = SyncFaults(settings=self.settings())
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            self._add_transient_error(faults)
        if rng.random() < 0.3:
            self._add_permanent_error(faults)
        if rng.random() < 0.15:
            self._add_small_budget(faults, tokens, reserve_percent)
        if self._allow_long_waits and rng.random() < 0.03:
            # more than the retries of an error that is not a temporary one
            self._add_rule(faults, {"status": 500}, rng.choice(self._streams), times=8)
            faults.must_succeed = False
        if rng.random() < 0.45:
            faults.interruption = self._interruption()
        self._add_events(faults)
        for changes in self._changes.changes(rng.choice((0, 1, 2, 4, 8))):
            self._add_changes(faults, changes)
        return faults

    def settings(self) -> dict[str, Any]:
        """Generate settings of the sandbox that no sync may fail with."""
        rng = self._rng
        return {
            "latency": rng.choice((0.0, 0.0, 0.01, 0.05)),
            "daily_headers": rng.random() < 0.8,
            "daily_budget": _LARGE_BUDGET,
            "burst": 10_000,
            "update_time_delay": rng.choice((0.0, 2.0, 60.0)),
            "flat_v1_pagination": rng.random() < 0.5,
            "empty_v1_lists_are_null": rng.random() < 0.5,
        }

    def _add_transient_error(self, faults: SyncFaults) -> None:
        name = self._rng.choice(list(TRANSIENT_ERRORS))
        faults.names.append(name)
        stream = self._rng.choice(self._streams)
        times = self._rng.choice((1, 1, 1, 2))
        self._add_rule(faults, TRANSIENT_ERRORS[name], stream, times)

    def _add_permanent_error(self, faults: SyncFaults) -> None:
        stream = self._rng.choice(self._streams)
        skipped = _PARENT_IS_GONE if STREAMS[stream].has_request_per_parent else ()
        name = self._rng.choice([name for name in PERMANENT_ERRORS if name not in skipped])
        faults.names.append(name)
        faults.must_succeed = False
        self._add_rule(faults, PERMANENT_ERRORS[name], stream)

    def _add_rule(self, faults: SyncFaults, action: Action, stream: str, times: int = 1) -> None:
        match = {**self._match(stream), "times": times}
        faults.rules.append({"match": match, "action": dict(action)})

    def _match(self, stream: str) -> Rule:
        """Match a request of the stream, or sometimes one of its field definitions."""
        path = _FIELD_DEFINITIONS if self._rng.random() < 0.05 else STREAMS[stream].path
        return {"path": path, "from": self._rng.randint(1, _PAGES)}

    def _add_small_budget(self, faults: SyncFaults, tokens: int, reserve_percent: float) -> None:
        """Leave fewer tokens for the day than the sync needs."""
        usable = self._rng.randint(0, tokens)
        share = 1 - reserve_percent / 100
        faults.settings["daily_budget"] = max(1, int(usable / share)) if share else 10
        faults.must_succeed = False
        faults.names.append("small budget")

    def _add_events(self, faults: SyncFaults) -> None:
        """Add what can happen to an account during a sync, besides changes of rows."""
        rng = self._rng
        field = {
            "entity": "deal",
            "field_name": f"Torture {rng.randrange(10**6)}",
            "field_type": "varchar",
        }
        events: Mapping[str, tuple[float, Action]] = {
            "clock goes back": (0.1, {"clock": {"advance": -rng.randint(1, 120)}}),
            "clock goes ahead": (0.1, {"clock": {"advance": rng.randint(1, 7_200)}}),
            "clock stops": (0.1, {"clock": {"freeze": True}}),
            "new field": (
                0.1,
                {"mutate": {"table": "fields", "action": "create", "set": field}},
            ),
            "other plan": (0.1, {"settings": {"burst": 40, "daily_budget": 2 * _LARGE_BUDGET}}),
        }
        for name, (probability, action) in events.items():
            is_excluded = name == "other plan" and "small budget" in faults.names
            if rng.random() < probability and not is_excluded:
                faults.names.append(name)
                self._add_rule(faults, action, rng.choice(self._streams))

    def _add_changes(self, faults: SyncFaults, changes: list[Rule]) -> None:
        when = self._rng.choice(("before", "after"))
        match = self._match(self._rng.choice(self._streams))
        faults.rules += [
            {"match": match, "action": {"mutate": change, "when": when}} for change in changes
        ]

    def _interruption(self) -> Interruption:
        rng = self._rng
        how: Literal["SIGKILL", "SIGTERM", "pipe closed"] = rng.choice(
            ("SIGKILL", "SIGKILL", "SIGTERM", "SIGTERM", "pipe closed")
        )
        lines = int(rng.random() ** 3 * 9_000) if rng.random() < 0.85 else 0
        return Interruption(how, lines, seconds=rng.uniform(0, 1.5))
