"""One scenario: sync with faults until a sync succeeds, then compare the rows with the account."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any

from integration_tests.torture.account import SIZES, Account
from integration_tests.torture.changes import ChangeGenerator
from integration_tests.torture.connector import Connector
from integration_tests.torture.faults import FaultGenerator, SyncFaults
from integration_tests.torture.run import Run
from integration_tests.torture.streams import STREAMS
from integration_tests.torture.warehouse import Differences, Warehouse

_MAX_SYNCS = 12
_TOKENS_OF_A_SYNC = 500


@dataclass
class Result:
    """The figures of a scenario. It passed if there are no `failures`, which are texts.

    `history` has one line for each sync.
    """

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
    history: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def size_of(seed: int) -> str:
    """Which account size a scenario uses."""
    return ("pages", "pages", "windows", "pages", "children")[seed % 5]


def run_scenario(seed: int, account: Account, connector: Connector, *, thorough: bool) -> Result:
    """Run the scenario of a seed. If `thorough`, it has more syncs and longer waits."""
    start = monotonic()
    scenario = _Scenario(seed, account, connector, thorough=thorough)
    scenario.run()
    scenario.result.seconds = monotonic() - start
    return scenario.result


class _Scenario:
    def __init__(
        self, seed: int, account: Account, connector: Connector, *, thorough: bool
    ) -> None:
        self.result = Result(seed, size_of(seed))
        self._rng = Random(seed)  # noqa: S311 - a seed, not secrecy
        self._account = account
        self._connector = connector
        self._thorough = thorough
        streams = SIZES[size_of(seed)].streams
        most = len(streams) if thorough else 6
        self._streams = self._rng.sample(streams, self._rng.randint(2, min(most, len(streams))))
        self._config = self._random_config()
        self._warehouse = Warehouse(committed_only=self._rng.random() < 0.6)
        self._changes = ChangeGenerator(account, self._streams, self._rng)
        self._faults = FaultGenerator(
            self._rng, self._streams, self._changes, allow_long_waits=thorough
        )

    def _random_config(self) -> dict[str, Any]:
        rng = self._rng
        config: dict[str, Any] = {
            **self._account.sandbox.config,
            "custom_fields": rng.choice(("raw", "columns")),
            "daily_token_reserve_percent": rng.choice((0, 2.5, 10, 50)),
            "full_child_refresh_days": rng.choice((0, 7)),
        }
        if all(STREAMS[stream].parent is None for stream in self._streams):
            if rng.random() < 0.2:
                days = timedelta(days=rng.randint(1, 600))
                config["start_date"] = (datetime.now(UTC) - days).strftime("%Y-%m-%dT%H:%M:%SZ")
            if rng.random() < 0.2:
                config["include_archived"] = False
        return config

    def run(self) -> None:
        """Sync with faults twice, then once without, and compare."""
        self._sync_with_faults(probabilities=(0.95, 0.6, 0.4))
        if self._thorough or self._rng.random() < 0.3:
            for changes in self._changes.changes(self._rng.randint(1, 6)):
                for change in changes:
                    self._account.control("mutate", **change)
                    self.result.changes += 1
            self._sync_with_faults(probabilities=(0.9, 0.4))
        self._account.settle()
        self._sync(SyncFaults(settings=self._faults.settings()))
        for stream in self._streams:
            rows = self._account.rows(stream)
            differences = self._warehouse.compare(stream, rows, self._changes, self._config)
            self._add_differences(differences)

    def _sync_with_faults(self, probabilities: tuple[float, ...]) -> None:
        """Sync until a sync succeeds; the n-th one has faults with the n-th probability."""
        for number in range(_MAX_SYNCS):
            faults = None
            if number < len(probabilities) and self._rng.random() < probabilities[number]:
                faults = self._faults.faults(_TOKENS_OF_A_SYNC, self._reserve_percent)
            if self._sync(faults or SyncFaults(settings=self._faults.settings())):
                return
        self._fail(f"no sync has succeeded after {_MAX_SYNCS} syncs")

    @property
    def _reserve_percent(self) -> float:
        return float(self._config["daily_token_reserve_percent"])

    def _sync(self, faults: SyncFaults) -> bool:
        """Sync once; return whether it succeeded."""
        result = self.result
        faults.apply(self._account)
        use_executable = self._rng.random() < (0.1 if self._thorough else 0.02)
        run = self._connector.read(
            self._config,
            self._streams,
            self._warehouse.state,
            faults.interruption,
            use_executable=use_executable,
        )
        succeeded = run.exit_code == 0 and run.interrupted != "pipe closed"
        self._add_history(faults, run)
        for problem in run.problems(self._account.sandbox.token):
            self._fail(problem)
        if not succeeded and faults.must_succeed and not run.interrupted:
            errors = [error["message"] for error in run.errors]
            self._fail(f"failed because of {faults.names}: {errors}")
        for problem in self._budget_problems(faults):
            self._fail(problem)
        self._warehouse.load(run)
        result.syncs += 1
        result.unfinished += not succeeded
        result.interrupted += bool(run.interrupted)
        result.megabytes = max(result.megabytes, run.megabytes)
        for rule in self._account.sandbox.control("faults"):
            if "mutate" in rule["action"]:
                result.changes += rule["hit"]
            else:
                result.faults += rule["hit"]
        result.faults += bool(run.interrupted)
        result.faults += "small budget" in faults.names and not succeeded
        return succeeded

    def _budget_problems(self, faults: SyncFaults) -> Iterator[str]:
        if not faults.settings["daily_headers"]:
            return
        left = self._account.sandbox.control("counters")["daily_remaining"]
        budget = self._account.sandbox.control("settings")["daily_budget"]
        if left < budget * self._reserve_percent / 100:
            yield f"{left} of {budget} tokens are left, the reserve is {self._reserve_percent} %"

    def _add_differences(self, differences: Differences) -> None:
        self.result.rows += differences.rows
        for kind in ("lost", "stale", "invented"):
            found: list[str] = getattr(differences, kind)
            setattr(self.result, kind, getattr(self.result, kind) + len(found))
            if found:
                self._fail(f"{kind} {len(found)}: {' | '.join(found[:3])}")

    def _add_history(self, faults: SyncFaults, run: Run) -> None:
        rules = [
            f"{rule['action']} at {rule['match']['from']} of {rule['match']['path']}"
            for rule in faults.rules
        ]
        self.result.history.append(
            f"sync {self.result.syncs + 1}: exit {run.exit_code}, {len(run.lines)} lines, "
            f"{faults.interruption or 'not interrupted'}; {rules}; "
            f"{faults.settings}; {[error['message'][:200] for error in run.errors]}"
        )

    def _fail(self, failure: str) -> None:
        self.result.failures.append(f"sync {self.result.syncs}: {failure}")
