# ruff: noqa: INP001 - a script
"""What syncs cost in requests and tokens: `python -m benchmarks.tokens`, from the repository.

One account, the suggested streams: a first sync, then syncs of what an hour of work changed, then
syncs of an idle account. Beside each stream stands the least that the API allows: the rows that
arrived, in pages of the largest size, a page at least of each list; for lines of deals, a request
for each hundred deals that arrived. The figures of the streams are the connector's own report; that
their sum is what the sandbox booked is checked.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from benchmarks.runs import OURS, Run, account, read, show, show_circumstances
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.api.rate_limits import TokenBudget
from unit_tests import catalog

_METADATA = Path(__file__).parent.parent / "metadata.yaml"
_SPENT = re.compile(r"(.+): \d+ rows, (\d+) requests, (\d+) tokens, ")
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
# an hour of a sales team of fifty, in an account of this size
_HOUR = {
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


@dataclass(frozen=True)
class Cost:
    """Requests and their tokens."""

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.requests + other.requests, self.tokens + other.tokens)


def spent(run: Run) -> dict[str, Cost]:
    """Read the connector's report, and hold it against the sandbox's books."""
    costs = {
        stream: Cost(int(requests), int(tokens))
        for line in run.said.logs("INFO")
        for stream, requests, tokens in _SPENT.findall(line)
        if stream != "Total"
    }
    reported, booked = total(costs.values()), Cost(run.requests, run.tokens)
    if reported != booked:
        raise RuntimeError(f"the connector reports {reported}, the sandbox has booked {booked}")
    return costs


def total(costs: Iterable[Cost]) -> Cost:
    """Sum up."""
    return sum(costs, Cost())


def least(run: Run, stream: str) -> Cost:
    """Tell what the rows of a stream cost at least."""
    retriever = catalog.resolved(stream)["retriever"]
    parameters = catalog.resolved(stream)["$parameters"]
    router = retriever.get("partition_router", {})
    if group := router.get("group_size"):
        page, lists, counted = group, catalog.archivable(), router["parent"]
    else:
        page, lists, counted = parameters.get("page_size", 500), catalog.archivable(), stream
    cost = Cost()
    for one in ("live", "archived") if counted in lists else ("live",):
        paged = retriever.get("paging", "none") != "none"
        requests = max(not group, ceil(run.rows[counted, one] / page)) if paged else 1
        path = catalog.path(stream, archived=one == "archived")
        cost += Cost(requests, requests * _price(path))
    return cost


def _price(path: str) -> int:
    return TokenBudget(catalog.MANIFEST["definitions"]["prices"], 0).price_of(f"/{path}")


def work(sandbox: RunningSandbox, seed: int, share: float) -> None:
    """Do an hour's work, and let the hour pass."""
    for action, tables in _HOUR.items():
        for table, count in tables.items():
            changed: dict[str, Any] = {"table": table, "action": action, "seed": seed}
            sandbox.control("mutate", "POST", count=max(1, int(count * share)), **changed)
    sandbox.control("clock", "POST", advance=3_600, settle=True)


def show_costs(title: str, runs: Sequence[Run], streams: Sequence[str]) -> None:
    """Print the sum of several runs, stream by stream; also what was asked for beside them."""
    costs = [spent(run) for run in runs]
    beside = sorted({name for cost in costs for name in cost} - {*streams})
    rows = sum((run.by_stream for run in runs), Counter[str]())
    lines = []
    for name in [*streams, *beside, "Total"]:
        names = [*streams, *beside] if name == "Total" else [name]
        cost = total(one.get(each, Cost()) for one in costs for each in names)
        floor = total(least(run, each) for run in runs for each in names if each in streams)
        arrived = sum(rows[each] for each in names)
        numbers = [arrived, cost.requests, cost.tokens, floor.requests, floor.tokens]
        above = f"{cost.tokens / floor.tokens - 1:+.1%}" if floor.tokens else ""
        lines.append([name, *(f"{number:,}" for number in numbers), above])
    columns = ["stream", "rows", "requests", "tokens", "least requests", "least tokens", "above"]
    show(title, columns, lines)


def main() -> None:
    """Sync again and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the account and of the work")
    parser.add_argument("--syncs", type=int, default=10)
    given = parser.parse_args()
    streams = yaml.safe_load(_METADATA.read_text())["data"]["suggestedStreams"]["streams"]
    # the connector believes its own clock where it is behind Pipedrive's: begin a while ago
    now = datetime.now(UTC) - timedelta(hours=given.syncs + 24)
    sizes = {name: int(size * given.share) for name, size in _SIZES.items()}
    show_circumstances()
    with account(None, {**sizes, "now": f"{now:%Y-%m-%dT%H:%M:%SZ}"}, gzip=False) as sandbox:
        first = read(OURS, sandbox, streams)
        show_costs("First sync", [first], streams)
        sandbox.control("clock", "POST", advance=3_600)
        runs = [first]
        for seed in range(given.syncs):
            work(sandbox, seed, given.share)
            runs.append(read(OURS, sandbox, streams, runs[-1].said.state_messages))
        show_costs(f"{given.syncs} syncs, each after an hour of work", runs[1:], streams)
        sandbox.control("clock", "POST", advance=3_600)
        idle = [read(OURS, sandbox, streams, runs[-1].said.state_messages)]
        show_costs("A sync of an idle account", idle, streams)


if __name__ == "__main__":
    main()
