"""Plays many scenarios, some at a time; those of one account size share a sandbox."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from random import Random

from integration_tests.torture.account import SIZES, Account
from integration_tests.torture.connector import Connector
from integration_tests.torture.scenario import Score, play, size_of
from pipedrive_sandbox.client import running_sandbox

_PER_ACCOUNT = 10


def play_all(seeds: Sequence[int], workers: int, *, thorough: bool) -> Iterator[Score]:
    """Play the scenarios of all seeds; yield their scores as they come."""
    scores: SimpleQueue[Score | BaseException] = SimpleQueue()

    def play_share(share: list[int]) -> None:
        try:
            for score in _scores_of(share, thorough=thorough):
                scores.put(score)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            scores.put(error)

    with ThreadPoolExecutor(workers) as pool:
        for share in _shares(seeds, workers):
            pool.submit(play_share, share)
        for _ in seeds:
            score = scores.get()
            if isinstance(score, BaseException):
                pool.shutdown(cancel_futures=True)
                raise score
            yield score


def _shares(seeds: Sequence[int], workers: int) -> Iterator[list[int]]:
    """Divide the seeds by account size; no account gets too old, nor a worker too little to do."""
    for size in SIZES:
        fitting = [seed for seed in seeds if size_of(seed) == size]
        each = min(_PER_ACCOUNT, max(1, -(-len(fitting) // workers)))
        yield from (fitting[at : at + each] for at in range(0, len(fitting), each))


def _scores_of(seeds: list[int], *, thorough: bool) -> Iterator[Score]:
    size = SIZES[size_of(seeds[0])]
    # Pipedrive's clock is not this machine's
    skew = timedelta(minutes=Random(seeds[0]).randint(-600, 600))  # noqa: S311 - a seed
    now = (datetime.now(UTC) + skew).strftime("%Y-%m-%dT%H:%M:%SZ")
    options: dict[str, int | str] = {"seed": seeds[0], "now": now, "only": "deals", **size.rows}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(**options) as sandbox,
        Connector(Path(folder)) as connector,
    ):
        account = Account(sandbox, size)
        for seed in seeds:
            yield play(seed, account, connector, thorough=thorough)
