"""Runs many scenarios, some at a time; those with the same account size share a sandbox."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from random import Random

from integration_tests.torture.account import SIZES, Account
from integration_tests.torture.connector import Connector
from integration_tests.torture.scenario import Result, run_scenario, size_of
from pipedrive_sandbox.client import running_sandbox

_MAX_SCENARIOS_PER_ACCOUNT = 10


def run_scenarios(seeds: Sequence[int], workers: int, *, thorough: bool) -> Iterator[Result]:
    """Run the scenarios of all seeds; yield each result when it is there."""
    results: SimpleQueue[Result | BaseException] = SimpleQueue()

    def run_batch(batch: list[int]) -> None:
        try:
            for result in _results_of(batch, thorough=thorough):
                results.put(result)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            results.put(error)

    with ThreadPoolExecutor(workers) as pool:
        for batch in _batches(seeds, workers):
            pool.submit(run_batch, batch)
        for _ in seeds:
            result = results.get()
            if isinstance(result, BaseException):
                pool.shutdown(cancel_futures=True)
                raise result
            yield result


def _batches(seeds: Sequence[int], workers: int) -> Iterator[list[int]]:
    """Divide the seeds by account size, and then evenly, so that all workers are busy.

    A batch is limited because each scenario changes the account.
    """
    for size in SIZES:
        fitting = [seed for seed in seeds if size_of(seed) == size]
        length = min(_MAX_SCENARIOS_PER_ACCOUNT, max(1, -(-len(fitting) // workers)))
        yield from (fitting[start : start + length] for start in range(0, len(fitting), length))


def _results_of(seeds: list[int], *, thorough: bool) -> Iterator[Result]:
    size = SIZES[size_of(seeds[0])]
    # Pipedrive's clock differs from this machine's
    difference = timedelta(minutes=Random(seeds[0]).randint(-600, 600))  # noqa: S311 - a seed
    now = (datetime.now(UTC) + difference).strftime("%Y-%m-%dT%H:%M:%SZ")
    options: dict[str, int | str] = {"seed": seeds[0], "now": now, "only": "deals", **size.rows}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(**options) as sandbox,
        Connector(Path(folder)) as connector,
    ):
        account = Account(sandbox, size)
        for seed in seeds:
            yield run_scenario(seed, account, connector, thorough=thorough)
