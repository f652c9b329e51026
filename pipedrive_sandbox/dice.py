"""Seeded chance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Dice(Random):
    """Random numbers with the questions that generators ask most, answered fast."""

    def pick(self, seq: Sequence[T]) -> T:
        """Return one of `seq`; a bias of 2^-50 does not matter here."""
        return seq[int(self.random() * len(seq))]

    def chance(self, share: float) -> bool:
        """Say yes in `share` of all cases."""
        return self.random() < share

    def upto(self, highest: int) -> int:
        """Return one of 1..`highest`, several times faster than `randrange`."""
        return int(self.random() * highest) + 1
