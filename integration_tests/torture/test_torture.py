"""The short form of `python -m integration_tests.torture`."""

import os
from collections.abc import Mapping

import pytest

from integration_tests.torture.report import describe
from integration_tests.torture.runner import run_scenarios
from integration_tests.torture.scenario import Result

SEEDS = range(1, 21)


@pytest.fixture(scope="module")
def results() -> Mapping[int, Result]:
    """All scenarios, two at a time: while one waits to repeat a request, the other can run."""
    with pytest.MonkeyPatch.context() as patch:
        # to measure the coverage of the processes would double their time
        for name in [name for name in os.environ if "COVERAGE" in name]:
            patch.delenv(name)
        return {result.seed: result for result in run_scenarios(SEEDS, workers=2, thorough=False)}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_row_is_lost_stale_or_invented(seed: int, results: Mapping[int, Result]) -> None:
    assert not results[seed].failures, describe(results[seed])


def test_the_scenarios_have_enough_rows_faults_and_changes(results: Mapping[int, Result]) -> None:
    assert sum(result.rows for result in results.values()) > 50_000
    assert sum(result.unfinished for result in results.values()) > len(SEEDS) / 2
    assert sum(result.faults for result in results.values()) > len(SEEDS)
    assert sum(result.changes for result in results.values()) > len(SEEDS)
