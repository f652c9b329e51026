"""Draws what is compared: ids, keys, or parents, each equally likely."""

import hashlib
from collections.abc import Sequence
from random import Random


def draw_ids(lowest: int, highest: int, count: int, seed: str) -> Sequence[int]:
    """Draw ids without replacement, in random order; the same seed draws the same."""
    every = range(lowest, highest + 1)
    # how the sample is drawn need not be secret
    return Random(seed).sample(every, min(count, len(every)))  # noqa: S311


def shares(least: Sequence[int], most: Sequence[int], tokens: int) -> list[int]:
    """Divide tokens: to each the least that it needs, in order, and equal parts of the rest.

    None gets more than its `most`. Those that too few tokens were left for get nothing.
    """
    parts = [0] * len(least)
    for number, needed in enumerate(least):
        if needed <= tokens:
            parts[number] = needed
            tokens -= needed
    waiting = sorted(
        (number for number, part in enumerate(parts) if part or not least[number]),
        key=lambda number: most[number] - parts[number],
    )
    for position, number in enumerate(waiting):
        more = min(most[number] - parts[number], tokens // (len(waiting) - position))
        parts[number] += more
        tokens -= more
    return parts


def seed_of(*parts: object) -> str:
    """Return a seed of its own for each stream."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
