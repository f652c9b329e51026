"""Values of a page replaced by any other JSON value, as no contract allows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import ZERO_TIME
from pipedrive_sandbox.gateway.page_body import with_rows

if TYPE_CHECKING:
    from collections.abc import Collection

VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 0.1, 1e29, 1e308, 2**63),
    *("", "x", "12.5", "true", ZERO_TIME, "0000-00-00", "2024-05-01", "2024-05-01 10:00:00"),
    *("2024-05-01T10:00:00Z", "9999-12-31", "\u0000", "a\u0000b", "\ud83d", "a\udc00b"),
    *("long " * 200, "東" * 70_000),
    *([], {}, [None], [[1]], {"id": 7}, {"value": 7}, {"": None}),
)


@dataclass(frozen=True, kw_only=True)
class ValueMutation:
    """Replaces a `share` of the values of each row, at any depth, but not in the columns `spare`.

    The same seed and request target give the same answer, as long as the rows do not change.
    """

    seed: int = 0
    share: float = 0.01
    spare: Collection[str] = ("id",)

    def mutate(self, body: bytes, target: str) -> bytes:
        """Return the body that is sent instead."""
        rng = Random(zlib.crc32(f"{self.seed} {target}".encode()))
        return with_rows(body, lambda rows: [self._row(rng, row) for row in rows])

    def _row(self, rng: Random, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        return {
            name: value if name in self.spare else self._value(rng, value)
            for name, value in row.items()
        }

    def _value(self, rng: Random, value: Any) -> Any:
        if rng.random() < self.share:
            return rng.choice(VALUES)
        if isinstance(value, dict):
            return {name: self._value(rng, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(rng, inner) for inner in value]
        return value
