"""One story from its seed: sync, fail somewhere, resume until done, and compare."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any

from integration_tests.torture.account import KINDS, SIZES, Account, Story
from integration_tests.torture.connector import Connector, Run
from integration_tests.torture.trouble import Drawer, Trouble, apply
from integration_tests.torture.warehouse import Verdict, Warehouse

_MOST_SYNCS = 12
_TOKENS_OF_A_SYNC = 500


@dataclass
class Score:
    """What a scenario amounted to. `complaints` are broken promises, as text; none: it passed."""

    seed: int
    size: str
    syncs: int = 0
    unfinished: int = 0
    interrupted: int = 0
    faults: int = 0
    changes: int = 0
    rows: int = 0
    lost: int = 0
    stale: int = 0
    invented: int = 0
    megabytes: int = 0
    seconds: float = 0.0
    told: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def size_of(seed: int) -> str:
    """Which account a scenario takes."""
    return ("pages", "pages", "windows", "pages", "children")[seed % 5]


def play(seed: int, account: Account, connector: Connector, *, thorough: bool) -> Score:
    """Play the scenario of a seed. `thorough` takes more syncs and longer waits."""
    began = monotonic()
    scenario = _Scenario(seed, account, connector, thorough=thorough)
    scenario.play()
    scenario.score.seconds = monotonic() - began
    return scenario.score


class _Scenario:
    def __init__(
        self, seed: int, account: Account, connector: Connector, *, thorough: bool
    ) -> None:
        self.score = Score(seed, size_of(seed))
        self._rng = Random(seed)  # noqa: S311 - a seed, not secrecy
        self._account = account
        self._connector = connector
        self._thorough = thorough
        offered = SIZES[size_of(seed)].streams
        most = len(offered) if thorough else 6
        self._streams = self._rng.sample(offered, self._rng.randint(2, min(most, len(offered))))
        self._config = self._settings()
        self._warehouse = Warehouse(durable_only=self._rng.random() < 0.6)
        self._story = Story(account, self._streams, self._rng)
        self._drawer = Drawer(self._rng, self._streams, self._story, exhausting=thorough)

    def _settings(self) -> dict[str, Any]:
        rng = self._rng
        config: dict[str, Any] = {
            **self._account.sandbox.config,
            "custom_fields": rng.choice(("raw", "columns")),
            "daily_token_reserve_percent": rng.choice((0, 2.5, 10, 50)),
            "full_child_refresh_days": rng.choice((0, 7)),
        }
        if all(KINDS[stream].parent is None for stream in self._streams):
            if rng.random() < 0.2:
                days = timedelta(days=rng.randint(1, 600))
                config["start_date"] = (datetime.now(UTC) - days).strftime("%Y-%m-%dT%H:%M:%SZ")
            if rng.random() < 0.2:
                config["include_archived"] = False
        return config

    def play(self) -> None:
        """Sync through trouble twice, then once in peace, and compare."""
        self._sync_through(chances=(0.95, 0.6, 0.4))
        if self._thorough or self._rng.random() < 0.3:
            for changes in self._story.changes(self._rng.randint(1, 6)):
                for change in changes:
                    self._account.control("mutate", **change)
                    self.score.changes += 1
            self._sync_through(chances=(0.9, 0.4))
        self._account.let_settle()
        self._sync(Trouble(settings=self._drawer.limits()))
        for stream in self._streams:
            truth = self._account.rows(stream)
            self._judge(self._warehouse.compare(stream, truth, self._story, self._config))

    def _sync_through(self, chances: tuple[float, ...]) -> None:
        """Sync until a sync finishes; the n-th one meets trouble with the n-th chance."""
        for number in range(_MOST_SYNCS):
            troubled = number < len(chances) and self._rng.random() < chances[number]
            trouble = self._drawer.draw(_TOKENS_OF_A_SYNC, self._reserve) if troubled else None
            if self._sync(trouble or Trouble(settings=self._drawer.limits())):
                return
        self._complain(f"not done after {_MOST_SYNCS} syncs")

    @property
    def _reserve(self) -> float:
        return float(self._config["daily_token_reserve_percent"])

    def _sync(self, trouble: Trouble) -> bool:
        """Sync once; tell whether it finished."""
        score = self.score
        apply(trouble, self._account)
        cold = self._rng.random() < (0.1 if self._thorough else 0.02)
        run = self._connector.read(
            self._config, self._streams, self._warehouse.state, trouble.interruption, cold=cold
        )
        finished = run.exit_code == 0 and run.interrupted != "reader gone"
        self._tell(trouble, run)
        for complaint in run.complaints(self._account.sandbox.token):
            self._complain(complaint)
        if not finished and trouble.survivable and not run.interrupted:
            self._complain(f"ended by {trouble.names}: {[one['message'] for one in run.errors]}")
        for complaint in self._complaints_of_tokens(trouble):
            self._complain(complaint)
        self._warehouse.take(run)
        score.syncs += 1
        score.unfinished += not finished
        score.interrupted += bool(run.interrupted)
        score.megabytes = max(score.megabytes, run.megabytes)
        for rule in self._account.sandbox.control("faults"):
            if "mutate" in rule["action"]:
                score.changes += rule["hit"]
            else:
                score.faults += rule["hit"]
        score.faults += bool(run.interrupted) + ("budget" in trouble.names and not finished)
        return finished

    def _complaints_of_tokens(self, trouble: Trouble) -> Iterator[str]:
        if not trouble.settings["daily_headers"]:
            return
        left = self._account.sandbox.control("counters")["daily_remaining"]
        budget = self._account.sandbox.control("settings")["daily_budget"]
        if left < budget * self._reserve / 100:
            yield f"{left} of {budget} tokens are left, the reserve is {self._reserve} %"

    def _judge(self, verdict: Verdict) -> None:
        self.score.rows += verdict.rows
        for kind in ("lost", "stale", "invented"):
            found: list[str] = getattr(verdict, kind)
            setattr(self.score, kind, getattr(self.score, kind) + len(found))
            if found:
                self._complain(f"{kind} {len(found)}: {' | '.join(found[:3])}")

    def _tell(self, trouble: Trouble, run: Run) -> None:
        rules = [
            f"{rule['action']} at {rule['match']['from']} of {rule['match']['path']}"
            for rule in trouble.rules
        ]
        self.score.told.append(
            f"sync {self.score.syncs + 1}: exit {run.exit_code}, {len(run.lines)} lines, "
            f"{trouble.interruption or 'not interrupted'}; {rules}; "
            f"{trouble.settings}; {[one['message'][:200] for one in run.errors]}"
        )

    def _complain(self, complaint: str) -> None:
        self.score.complaints.append(f"sync {self.score.syncs}: {complaint}")
