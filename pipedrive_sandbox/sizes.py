"""How many rows of each kind an account has: believable ratios to the number of deals."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

#: Rows per deal.
RATIOS: Final = {
    "persons": 2.5,
    "organizations": 0.5,
    "activities": 5.0,
    "products": 0.25,
    "leads": 0.5,
    "notes": 1.5,
}


@dataclass(frozen=True)
class Sizes:
    """Row counts. A tenth of the deals is archived and a thirtieth deleted; half of the leads."""

    deals: int
    persons: int
    organizations: int
    activities: int
    products: int
    leads: int
    notes: int
    users: int
    custom_fields: int | None = None

    @classmethod
    def scaled(cls, deals: int, given: dict[str, int], only: set[str] | None = None) -> Sizes:
        """Derive the sizes that are not `given`; with `only`, all others are 0."""
        sizes: dict[str, int] = {"deals": deals, "users": min(200, 6 + deals // 1_000)}
        sizes |= {name: int(deals * ratio) for name, ratio in RATIOS.items()}
        if only is not None:
            sizes = {
                name: size if name in only or name == "users" else 0 for name, size in sizes.items()
            }
        return cls(**(sizes | given))

    @classmethod
    def names(cls) -> list[str]:
        """Return what can be sized."""
        return [each.name for each in fields(cls)]
