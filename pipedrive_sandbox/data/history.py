"""Followers, and the change logs of deals, persons and organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

_CHANGED: Final = (
    ("deal", "title", "value", "stage_id", "status"),
    ("person", "name", "phone", "org_id"),
    ("organization", "name", "address", "owner_id"),
)
_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/121.0.0.0 Safari/537.36"


def followers(account: AccountData) -> Iterator[Row]:
    """Yield the followers of deals, persons, organizations and products."""
    rng = account.random_source("followers")
    sizes = account.sizes
    counts = {
        "deal": sizes.deals,
        "person": sizes.persons,
        "organization": sizes.organizations,
        "product": sizes.products,
    }
    entities = [entity for entity, count in counts.items() if count]
    parents = max(1, sizes.followers // 2)
    for number in range(parents if sizes.followers else 0):
        entity = entities[number % len(entities)]
        # spread evenly, so that no parent is drawn twice
        position = (number // len(entities)) * max(1, counts[entity] * len(entities) // parents)
        if position >= counts[entity]:
            continue
        parent = position + 1 + position // 96
        first = rng.up_to(sizes.users)
        for user in {first, 1 + first % sizes.users}:
            yield {
                "user_id": user,
                "add_time": Stamp.V2.text(account.now - rng.up_to(700 * DAY)),
                "entity": entity,
                "parent_id": parent,
            }


def changes(account: AccountData) -> Iterator[Row]:
    """Yield the change logs of deals, persons and organizations, oldest first."""
    rng = account.random_source("changes")
    sizes = account.sizes
    counts = {
        "deal": sizes.deals,
        "person": sizes.persons,
        "organization": sizes.organizations,
    }
    kinds = [kind for kind in _CHANGED if counts[kind[0]]]
    step = 700 * DAY / max(1, sizes.changes)
    for number in range(sizes.changes):
        entity, *keys = rng.pick(kinds)
        by_app = rng.chance(0.8)
        yield {
            "field_key": rng.pick(keys),
            "old_value": rng.pick((None, "", str(rng.up_to(1000)))),
            "new_value": str(rng.up_to(1000)),
            "actor_user_id": rng.up_to(sizes.users),
            "time": Stamp.V1.text(int(account.now - 700 * DAY + number * step)),
            "change_source": "app" if by_app else "api",
            "change_source_user_agent": _AGENT if by_app else None,
            "is_bulk_update_flag": rng.chance(0.1),
            "entity": entity,
            "parent_id": account.some_id(rng, counts[entity]),
        }
