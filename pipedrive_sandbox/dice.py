"""Seeded chance."""

from __future__ import annotations

from random import Random


class Dice(Random):
    """Random numbers with the two questions that generators ask most."""

    def chance(self, share: float) -> bool:
        """Say yes in `share` of all cases."""
        return self.random() < share

    def upto(self, highest: int) -> int:
        """Return one of 1..`highest`, several times faster than `randrange`."""
        return int(self.random() * highest) + 1
