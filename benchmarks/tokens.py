# ruff: noqa: INP001 - a script
"""Shows what syncs cost in requests and tokens: `python -m benchmarks.tokens`.

One account, with the suggested streams: a first sync, then syncs that each follow an hour of work,
then a sync without any changes. The minimum that the API allows stands beside each figure: at least
one page of each list, and pages of the maximum size for the rows that arrived. For products of
deals, it is one request for each 100 deals. The figures come from the connector's own report; their
sum must be what the sandbox counted.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from benchmarks.report import show, show_environment
from benchmarks.runs import OURS, Run, read, running_account
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.api.rate_limits import TokenBudget
from source_pipedrive.protocol.manifest import (
    SUGGESTED_STREAMS,
    packaged_manifest,
    packaged_streams,
)

_STREAM_COST = re.compile(r"(.+): \d+ rows, (\d+) requests, (\d+) tokens, ")
_SIZES = {
    "deals": 20_000,
    "persons": 50_000,
    "organizations": 10_000,
    "activities": 100_000,
    "products": 5_000,
    "leads": 10_000,
    "notes": 30_000,
    "files": 10_000,
    "deal_products": 40_000,
}
# what a sales team of fifty changes in an hour, in an account of this size
_HOUR_OF_WORK = {
    "create": {"deals": 20, "persons": 30, "activities": 150, "notes": 40, "leads": 15},
    "edit": {
        "deals": 120,
        "persons": 60,
        "organizations": 25,
        "activities": 200,
        "products": 2,
        "leads": 20,
        "notes": 10,
    },
    "archive": {"deals": 10, "leads": 5},
    "delete": {"deals": 3, "activities": 10, "notes": 2},
    "merge": {"persons": 3, "organizations": 1},
}
_COLUMNS = [
    "stream",
    "rows",
    "requests",
    "tokens",
    "minimum requests",
    "minimum tokens",
    "above minimum",
]


@dataclass(frozen=True)
class Cost:
    """A number of requests, and the tokens they cost."""

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.requests + other.requests, self.tokens + other.tokens)


def reported_costs(run: Run) -> dict[str, Cost]:
    """Return stream -> cost from the connector's report; check its sum with the sandbox's."""
    costs = {
        stream: Cost(int(requests), int(tokens))
        for line in run.output.logs("INFO")
        for stream, requests, tokens in _STREAM_COST.findall(line)
        if stream != "Total"
    }
    reported, counted = total(costs.values()), Cost(run.requests, run.tokens)
    if reported != counted:
        raise RuntimeError(f"the connector reports {reported}, but the sandbox counted {counted}")
    return costs


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs."""
    return sum(costs, Cost())


def minimum_cost(run: Run, stream: str) -> Cost:
    """Return the minimum cost of reading the rows of a stream."""
    spec = packaged_streams()[stream]
    batch = spec.parents if spec.parents and spec.parents.group_size > 1 else None
    page_size = batch.group_size if batch else spec.page_size
    counted_stream = batch.parent if batch else stream
    cost = Cost()
    for one in ("active", "archived") if _is_archivable(counted_stream) else ("active",):
        requests = 1
        if spec.paging != "none":
            pages = ceil(run.row_counts[counted_stream, one] / page_size)
            requests = max(0 if batch else 1, pages)
        partition = {"list": one, "deal_id": "1"}
        path = spec.path_for({}, partition)
        cost += Cost(requests, requests * _token_cost(path))
    return cost


def _is_archivable(stream: str) -> bool:
    router = packaged_streams()[stream].router
    return bool(router and router["cursor_field"] == "list")


def _token_cost(path: str) -> int:
    costs = packaged_manifest()["definitions"]["token_costs"]
    return TokenBudget(costs, reserve_percent=0).cost_of(f"/{path}")


def simulate_hour(sandbox: RunningSandbox, seed: int, share: float) -> None:
    """Change rows as in an hour of work, and set the clock an hour ahead."""
    for action, tables in _HOUR_OF_WORK.items():
        for table, count in tables.items():
            change: dict[str, Any] = {"table": table, "action": action, "seed": seed}
            sandbox.control("mutate", "POST", count=max(1, int(count * share)), **change)
    sandbox.control("clock", "POST", advance=3_600, settle=True)


def show_costs(title: str, runs: Sequence[Run], streams: Sequence[str]) -> None:
    """Print the sum of several runs by stream; reference data is read in addition to `streams`."""
    costs = [reported_costs(run) for run in runs]
    reference_data = sorted({name for cost in costs for name in cost} - {*streams})
    rows = sum((run.rows_by_stream for run in runs), Counter[str]())
    lines = []
    for name in [*streams, *reference_data, "Total"]:
        names = [*streams, *reference_data] if name == "Total" else [name]
        cost = total(run_costs.get(each, Cost()) for run_costs in costs for each in names)
        minimum = total(
            minimum_cost(run, each) for run in runs for each in names if each in streams
        )
        row_count = sum(rows[each] for each in names)
        numbers = [row_count, cost.requests, cost.tokens, minimum.requests, minimum.tokens]
        above = f"{cost.tokens / minimum.tokens - 1:+.1%}" if minimum.tokens else ""
        lines.append([name, *(f"{number:,}" for number in numbers), above])
    show(title, _COLUMNS, lines)


def main() -> None:
    """Sync once, then after each of several hours, then once more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--share", type=float, default=1.0, help="fraction of the account's size and of the changes"
    )
    parser.add_argument("--syncs", type=int, default=10)
    options = parser.parse_args()
    streams = list(SUGGESTED_STREAMS)
    # start in the past: the state never passes the machine's own clock, and each sync needs an hour
    now = datetime.now(UTC) - timedelta(hours=options.syncs + 24)
    sizes = {name: int(size * options.share) for name, size in _SIZES.items()}
    account: dict[str, int | str] = {**sizes, "now": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    show_environment()
    with running_account(None, account, gzip=False) as sandbox:
        runs = [read(OURS, sandbox, streams)]
        show_costs("First sync", runs, streams)
        sandbox.control("clock", "POST", advance=3_600)
        for seed in range(options.syncs):
            simulate_hour(sandbox, seed, options.share)
            runs.append(read(OURS, sandbox, streams, runs[-1].output.state_messages))
        show_costs(f"{options.syncs} syncs, each after an hour of work", runs[1:], streams)
        sandbox.control("clock", "POST", advance=3_600)
        last = read(OURS, sandbox, streams, runs[-1].output.state_messages)
        show_costs("A sync of an account without changes", [last], streams)


if __name__ == "__main__":
    main()
