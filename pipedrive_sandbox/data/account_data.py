"""What the generators of one account share: its size, its clock, its words, its custom values."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.clock import DAY, MINUTE, YEAR, Stamp
from pipedrive_sandbox.data.custom_fields import (
    ENTITIES,
    CustomField,
    ValueDrawer,
    custom_fields,
    v1_values,
)
from pipedrive_sandbox.data.random_source import RandomSource
from pipedrive_sandbox.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.sizes import Sizes
    from pipedrive_sandbox.store import Row

AGE: Final = 3 * YEAR
#: Values of custom fields are drawn this often per entity, then shared by its rows.
_VARIANTS: Final = 256
_UNSET: Final = 0.55
#: Every so many rows share one second with hundreds of others, as after an import.
_ROWS_PER_IMPORT: Final = 12_000
_IMPORTED: Final = 0.05
_NEVER_CHANGED: Final = 0.005
#: One id in so many is missing, because its row was deleted for good.
_GAP: Final = 97


class AccountData:
    """A seeded account as of the instant `now`: the same seed and instant give the same rows."""

    def __init__(self, sizes: Sizes, seed: int, now: int) -> None:
        """Draw what many rows share: words, addresses, custom values."""
        self.sizes = sizes
        self.seed = seed
        self.now = now
        self.opened = now - AGE - 30 * DAY
        # the purpose is part of the seed: another text would change every account
        rng = self.random_source("world")
        self.words = Vocabulary(rng)
        self.custom_fields = {
            entity: custom_fields(entity, sizes.custom_fields, seed) for entity in ENTITIES
        }
        self._field_types = {
            field.code: field.field_type
            for fields in self.custom_fields.values()
            for field in fields
        }
        self._variants = {
            entity: self._draw_variants(fields, rng)
            for entity, fields in self.custom_fields.items()
        }
        self.addresses = [
            orjson.Fragment(orjson.dumps(self.words.address(rng))) for _ in range(200)
        ]

    def random_source(self, purpose: str) -> RandomSource:
        """Return the random numbers of one purpose; those of other purposes are independent."""
        return RandomSource(zlib.crc32(f"{self.seed}/{purpose}".encode()))

    def ids(self, count: int) -> Iterator[int]:
        """Yield `count` ascending ids with the gaps that deletions leave."""
        key = 0
        for _ in range(count):
            key += 2 if key % _GAP == _GAP - 1 else 1
            yield key

    def some_id(self, rng: RandomSource, count: int) -> int:
        """Draw one of `ids(count)`."""
        position = rng.up_to(count) - 1
        return position + 1 + position // (_GAP - 1)

    def last_id(self, count: int) -> int:
        """Return the last of `ids(count)`."""
        return max(1, count + (count - 1) // (_GAP - 1))

    def user(self, rng: RandomSource) -> int:
        """Draw the id of a user."""
        return rng.up_to(self.sizes.users)

    def activity_links(self, rng: RandomSource) -> dict[str, Any]:
        """Draw the next and the last activity of a row, either of which may be missing."""
        highest = self.last_id(self.sizes.activities)
        return {
            "next_activity_id": rng.up_to(highest) if rng.chance(0.4) else None,
            "last_activity_id": rng.up_to(highest) if rng.chance(0.6) else None,
        }

    def _draw_variants(
        self, fields: list[CustomField], rng: RandomSource
    ) -> list[dict[str, Any] | None]:
        if not fields:
            return [None]
        drawer = ValueDrawer(rng, self.words, self.now, highest_id=min(5, self.sizes.users))
        values = self.sizes.custom_values
        unset = _UNSET if values is None else 1 - values / len(fields)
        drawn = [
            {field.code: None if rng.chance(unset) else drawer.value(field) for field in fields}
            for _ in range(_VARIANTS - 1)
        ]
        return [dict.fromkeys(drawn[0]), *drawn]

    def custom_values(self, entity: str) -> list[orjson.Fragment]:
        """Return the rendered `custom_fields` of an entity, to pick from."""
        return [orjson.Fragment(orjson.dumps(drawn)) for drawn in self._variants[entity]]

    def v1_custom_values(self, entity: str) -> list[Row]:
        """Return the custom values in the form of v1, to pick from."""
        return [v1_values(drawn, self._field_types) for drawn in self._variants[entity]]

    def imports(self, rng: RandomSource, count: int) -> list[int]:
        """Draw the instants at which many of `count` rows were changed at once."""
        return [
            self.now - DAY - rng.randrange(AGE - 2 * DAY)
            for _ in range(1 + count // _ROWS_PER_IMPORT)
        ]

    def instants(
        self, rng: RandomSource, count: int, *, with_null: bool = True
    ) -> Iterator[tuple[int, int | None]]:
        """Yield per row the epochs of its creation and of its last change.

        With `with_null`, a few rows were never changed. Many rows share one second.
        """
        imports = self.imports(rng, count)
        for _ in range(count):
            chance = rng.random()
            added = self.now - MINUTE - int(AGE * rng.random())
            if chance < _IMPORTED:
                changed = rng.pick(imports)
                added = min(added, changed)
            else:
                changed = added + int((self.now - MINUTE - added) * rng.random() ** 2)
            yield added, None if with_null and chance > 1 - _NEVER_CHANGED else changed

    def times(
        self,
        rng: RandomSource,
        count: int,
        stamp: Stamp = Stamp.V2,
        *,
        with_null: bool = True,
    ) -> Iterator[tuple[int, str, str | None]]:
        """Yield per row: epoch of its creation, `add_time`, `update_time`; see `instants`."""
        for added, changed in self.instants(rng, count, with_null=with_null):
            yield added, stamp.text(added), None if changed is None else stamp.text(changed)
