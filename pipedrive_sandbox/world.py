"""What the generators of one account share: its clock, its dice, its words, its pools."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.clock import DAY, MINUTE, YEAR, Stamp
from pipedrive_sandbox.dice import Dice
from pipedrive_sandbox.fields import CUSTOMISED, Draw, custom_fields, flat
from pipedrive_sandbox.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.sizes import Sizes
    from pipedrive_sandbox.store import Row

AGE: Final = 3 * YEAR
#: Values of custom fields are drawn this often per entity, then shared by its rows.
_VARIANTS: Final = 256
_UNSET: Final = 0.55
#: Every so many rows share one second with hundreds of others, as after an import.
_ROWS_PER_IMPORT: Final = 12_000
_IMPORTED: Final = 0.05
_UNTOUCHED: Final = 0.005
#: One id in so many is missing, because its row was deleted for good.
_GAP: Final = 97


class World:
    """A seeded account as of the instant `now`."""

    def __init__(self, sizes: Sizes, seed: int, now: int) -> None:
        """Draw the pools."""
        self.sizes = sizes
        self.seed = seed
        self.now = now
        self.born = now - AGE - 30 * DAY
        rng = self.dice("world")
        self.words = Vocabulary(rng)
        self.customs = {
            entity: custom_fields(entity, sizes.custom_fields, seed) for entity in CUSTOMISED
        }
        self.kinds = {
            custom.code: custom.kind for customs in self.customs.values() for custom in customs
        }
        self.variants = {entity: self._variants(entity, rng) for entity in CUSTOMISED}
        self.addresses = [
            orjson.Fragment(orjson.dumps(self.words.address(rng))) for _ in range(200)
        ]

    def dice(self, purpose: str) -> Dice:
        """Return the random numbers of one purpose: other purposes do not disturb them."""
        return Dice(zlib.crc32(f"{self.seed}/{purpose}".encode()))

    def ids(self, count: int) -> Iterator[int]:
        """Yield `count` ascending ids with the gaps that deletions leave."""
        key = 0
        for _ in range(count):
            key += 2 if key % _GAP == _GAP - 1 else 1
            yield key

    def existing(self, rng: Dice, count: int) -> int:
        """Draw one of `ids(count)`."""
        position = rng.upto(count) - 1
        return position + 1 + position // (_GAP - 1)

    def highest(self, count: int) -> int:
        """Return the last of `ids(count)`."""
        return max(1, count + (count - 1) // (_GAP - 1))

    def _variants(self, entity: str, rng: Dice) -> list[dict[str, Any] | None]:
        customs = self.customs[entity]
        if not customs:
            return [None]
        draw = Draw(rng, self.words, self.now, people=min(5, self.sizes.users))
        values = self.sizes.custom_values
        unset = _UNSET if values is None else 1 - values / len(customs)
        drawn = [
            {custom.code: None if rng.chance(unset) else draw.value(custom) for custom in customs}
            for _ in range(_VARIANTS - 1)
        ]
        return [dict.fromkeys(drawn[0]), *drawn]

    def custom(self, entity: str) -> list[orjson.Fragment]:
        """Return the rendered `custom_fields` of an entity, to pick from."""
        return [orjson.Fragment(orjson.dumps(drawn)) for drawn in self.variants[entity]]

    def flat_custom(self, entity: str) -> list[Row]:
        """Return the custom values in the form of v1, to pick from."""
        return [flat(drawn, self.kinds) for drawn in self.variants[entity]]

    def times(
        self,
        rng: Dice,
        count: int,
        stamp: Stamp = Stamp.V2,
        *,
        untouched: bool = True,
    ) -> Iterator[tuple[int, str, str | None]]:
        """Yield per row: epoch of its creation, `add_time`, `update_time`.

        Some rows were never touched and have no `update_time`; many share one second.
        """
        imports = [
            self.now - DAY - rng.randrange(AGE - 2 * DAY)
            for _ in range(1 + count // _ROWS_PER_IMPORT)
        ]
        for _ in range(count):
            chance = rng.random()
            added = self.now - MINUTE - int(AGE * rng.random())
            if chance < _IMPORTED:
                changed = rng.pick(imports)
                added = min(added, changed)
            else:
                changed = added + int((self.now - MINUTE - added) * rng.random() ** 2)
            if untouched and chance > 1 - _UNTOUCHED:
                yield added, stamp.text(added), None
            else:
                yield added, stamp.text(added), stamp.text(changed)
