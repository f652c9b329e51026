"""Seeded random numbers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class RandomSource(Random):
    """A random source with fast versions of the draws that generators use most."""

    def pick(self, seq: Sequence[T]) -> T:
        """Return one of `seq`. The bias, 2^-50, is negligible."""
        return seq[int(self.random() * len(seq))]

    def chance(self, share: float) -> bool:
        """Return true in `share` of all cases."""
        return self.random() < share

    def up_to(self, highest: int) -> int:
        """Return one of 1..`highest`, several times faster than `randrange`."""
        return int(self.random() * highest) + 1

    def uuid(self) -> str:
        """Return a random UUID."""
        return str(UUID(int=self.getrandbits(128), version=4))

    def counters(self, names: tuple[str, ...]) -> dict[str, int]:
        """Return a small count for each name, most of them zero."""
        return {name: int(self.random() ** 3 * 12) for name in names}
