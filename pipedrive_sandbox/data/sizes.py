"""How many rows of each kind an account has: realistic ratios to the number of deals."""

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
    "note_comments": 0.2,
    "files": 0.5,
    "deal_products": 2.0,
    "installments": 0.2,
    "discounts": 0.1,
    "participants": 0.5,
    "followers": 0.5,
    "changes": 2.0,
    "variations": 0.1,
    "relationships": 0.1,
    "projects": 0.05,
    "project_changes": 0.1,
    "tasks": 0.2,
    "mail_threads": 0.25,
    "mail_messages": 0.5,
    "call_logs": 0.25,
}


#: Kinds of rows that cannot exist without rows of others.
_NEEDS: Final = {
    "note_comments": ("notes",),
    "deal_products": ("deals", "products"),
    "installments": ("deals",),
    "discounts": ("deals",),
    "participants": ("deals", "persons"),
    "followers": ("deals",),
    "changes": ("deals",),
    "files": ("deals",),
    "variations": ("products",),
    "relationships": ("organizations",),
    "project_changes": ("projects",),
    "tasks": ("projects",),
    "mail_messages": ("mail_threads",),
}


@dataclass(frozen=True)
class Sizes:
    """Row counts. Archived: a tenth of the deals, half of the leads. Deleted: 3 % of the deals.

    The change logs follow from the lives of the rows: `changes` and `project_changes` only say
    whether there are any (0: none).
    `custom_fields` is the number of custom fields of an entity, `custom_values` how many of them a
    row has set, on average.
    """

    deals: int
    persons: int
    organizations: int
    activities: int
    products: int
    leads: int
    notes: int
    note_comments: int
    files: int
    deal_products: int
    installments: int
    discounts: int
    participants: int
    followers: int
    changes: int
    variations: int
    relationships: int
    projects: int
    project_changes: int
    tasks: int
    mail_threads: int
    mail_messages: int
    call_logs: int
    users: int
    custom_fields: int | None = None
    custom_values: int | None = None

    @classmethod
    def scaled(cls, deals: int, given: dict[str, int], only: set[str] | None = None) -> Sizes:
        """Derive the sizes that are not `given`; with `only`, all others are 0."""
        sizes: dict[str, int] = {"deals": deals, "users": min(200, 6 + deals // 1_000)}
        sizes |= {name: int(deals * ratio) for name, ratio in RATIOS.items()}
        if only is not None:
            sizes = {
                name: size if name in only or name == "users" else 0 for name, size in sizes.items()
            }
        return cls(**_possible(sizes | given))

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all sizes."""
        return [each.name for each in fields(cls)]


def _possible(sizes: dict[str, int]) -> dict[str, int]:
    return sizes | {
        name: 0 for name, needed in _NEEDS.items() if not all(sizes[each] for each in needed)
    }
