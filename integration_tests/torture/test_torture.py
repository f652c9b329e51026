"""The short form of `python -m integration_tests.torture`."""

from collections.abc import Mapping

import pytest

from integration_tests.torture.match import play_all
from integration_tests.torture.scenario import Score
from integration_tests.torture.scoreboard import describe

SEEDS = range(1, 21)


@pytest.fixture(scope="module")
def scores() -> Mapping[int, Score]:
    """All scenarios, two at a time: alone, each would wait for the connector's back-off."""
    return {score.seed: score for score in play_all(SEEDS, workers=2, thorough=False)}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_whatever_goes_wrong(seed: int, scores: Mapping[int, Score]) -> None:
    assert not scores[seed].complaints, describe(scores[seed])


def test_the_scenarios_are_hard_enough_to_mean_something(scores: Mapping[int, Score]) -> None:
    played = scores.values()

    assert sum(score.rows for score in played) > 50_000
    assert sum(score.unfinished for score in played) > len(SEEDS) / 2
    assert sum(score.faults for score in played) > len(SEEDS)
    assert sum(score.changes for score in played) > len(SEEDS)
