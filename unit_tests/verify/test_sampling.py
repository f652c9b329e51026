"""Samples are drawn fairly, and what they say is exact."""

from collections import Counter
from random import Random

import pytest

from source_pipedrive.verify.bounds import upper_bound
from source_pipedrive.verify.comparison import Finding, Judgement
from source_pipedrive.verify.outcome import Outcome, Sample
from source_pipedrive.verify.sampling import draw_ids, seed_of, shares


@pytest.mark.parametrize(
    ("wrong", "drawn", "bound"),
    [
        (0, 600, 0.00498),  # "the rule of three"
        (0, 1, 0.95),
        (0, 0, 1.0),
        (1, 100, 0.0466),
        (10, 10, 1.0),
    ],
)
def test_the_bound_is_that_of_clopper_and_pearson(wrong: int, drawn: int, bound: float) -> None:
    assert upper_bound(wrong, drawn) == pytest.approx(bound, abs=0.00005)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3])
def test_the_bound_covers_the_truth_as_often_as_it_says(share: float) -> None:
    rows, drawn, random = 5000, 200, Random(3)  # noqa: S311 - a sample
    wrong = set(range(round(share * rows)))  # neighbors, as a page that was lost

    def covers() -> bool:
        found = sum(one in wrong for one in random.sample(range(rows), drawn))
        return upper_bound(found, drawn) >= len(wrong) / rows

    runs = 300
    # three standard deviations below
    assert sum(covers() for _ in range(runs)) >= 0.95 * runs - 12


def test_every_id_is_equally_likely_and_none_is_drawn_twice() -> None:
    drawn = [draw_ids(11, 20, 3, seed_of(number)) for number in range(2000)]

    counts = Counter(one for ids in drawn for one in ids)
    assert all(len(set(ids)) == 3 for ids in drawn)
    assert counts.keys() == set(range(11, 21))
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_the_same_seed_draws_the_same_and_streams_draw_differently() -> None:
    assert draw_ids(1, 9999, 5, seed_of(7, "deals")) == draw_ids(1, 9999, 5, seed_of(7, "deals"))
    assert draw_ids(1, 9999, 5, seed_of(7, "deals")) != draw_ids(1, 9999, 5, seed_of(7, "notes"))


@pytest.mark.parametrize(
    ("tokens", "parts"),
    [
        (1000, [60, 100, 20]),  # all rows of all
        (120, [40, 60, 20]),  # equal parts of what the least leaves
        (50, [30, 20, 0]),  # the last one gets nothing
        (10, [0, 0, 0]),
    ],
)
def test_tokens_are_divided_in_order_and_then_equally(tokens: int, parts: list[int]) -> None:
    found = shares([30, 20, 20], [60, 100, 20], tokens)

    assert sum(found) <= tokens
    assert [part > 0 for part in found] == [part > 0 for part in parts]
    assert all(one <= most for one, most in zip(found, [60, 100, 20], strict=True))
    if tokens == 1000:
        assert found == parts


def test_a_row_that_was_set_aside_says_nothing_about_the_others() -> None:
    sample = Sample()
    outcome = Outcome(rows=100, samples=[sample])

    outcome.add(Judgement(1, Finding.SET_ASIDE), sample)
    outcome.add(Judgement(2, Finding.EQUAL), sample)

    assert (sample.drawn, outcome.compared, outcome.wrong) == (1, 1, 0)


def test_what_was_found_beyond_the_sample_raises_the_bound() -> None:
    samples = [Sample(drawn=600, wrong=0)]
    clean = Outcome(rows=1000, samples=samples)
    doubled = Outcome(rows=1000, samples=samples)
    for key in range(10):
        doubled.add(Judgement(key, Finding.DUPLICATE))

    assert doubled.highest_share == pytest.approx(clean.highest_share + 0.01)


def test_two_samples_share_the_risk() -> None:
    one = Outcome(rows=1000, samples=[Sample(drawn=600)])
    two = Outcome(rows=1000, samples=[Sample(drawn=600), Sample(drawn=600)])

    assert two.highest_share == pytest.approx(2 * upper_bound(0, 600, 0.975))
    assert two.highest_share > 2 * one.highest_share


def test_up_to_twenty_examples_are_kept_of_each_kind() -> None:
    outcome = Outcome(rows=100)
    for key in range(30):
        outcome.add(Judgement(key, Finding.GONE))

    assert outcome.counts[Finding.GONE] == 30
    assert len(outcome.examples[Finding.GONE]) == 20
