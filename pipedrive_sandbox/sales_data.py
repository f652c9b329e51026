"""Generators of what hangs on deals, contacts, products and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from pipedrive_sandbox.clock import DAY, Stamp, day
from pipedrive_sandbox.company import COMPANY_ID
from pipedrive_sandbox.core_data import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.dice import Dice
    from pipedrive_sandbox.store import Row
    from pipedrive_sandbox.world import World

#: The first deal has so many product lines that they do not fit on one page.
_WHALE: Final = 640
_FREQUENCIES: Final = ("one-time", "annually", "quarterly", "monthly")
_CHANGED: Final = (
    ("deal", "title", "value", "stage_id", "status"),
    ("person", "name", "phone", "org_id"),
    ("organization", "name", "address", "owner_id"),
)
_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/121.0.0.0 Safari/537.36"


def _uuid(rng: Dice) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def deal_products(world: World) -> Iterator[Row]:
    """Yield the product lines of deals; the product of some was purged."""
    rng = world.dice("deal_products")
    count = world.sizes.deal_products
    whale = min(_WHALE, count // 2)
    for number, (born, added, changed) in enumerate(world.times(rng, count), start=1):
        deal = 1 if number <= whale else world.existing(rng, world.sizes.deals)
        purged = rng.chance(0.02)
        price, quantity = rng.upto(10**6) / 100, rng.upto(20)
        frequency = rng.pick(_FREQUENCIES)
        yield {
            "id": number,
            "sum": round(price * quantity, 2),
            "tax": rng.pick((0, 20, 22.5)),
            "deal_id": deal,
            "name": None if purged else rng.pick(world.words.phrases).title(),
            "product_id": None if purged else rng.upto(world.highest(world.sizes.products)),
            "product_variation_id": None,
            "order_nr": number % 50 + 1,
            "add_time": added,
            "update_time": changed,
            "comments": rng.pick(("", "", rng.pick(world.words.sentences))),
            "currency": rng.pick(CURRENCIES)[0],
            "discount": rng.pick((0, 0, 10, 12.5)),
            "discount_type": rng.pick(("percentage", "amount")),
            "quantity": quantity,
            "item_price": price,
            "tax_method": rng.pick(("exclusive", "inclusive", "none")),
            "is_enabled": rng.chance(0.9),
            "billing_frequency": frequency,
            "billing_frequency_cycles": None if frequency == "one-time" else 12,
            "billing_start_date": None if frequency == "one-time" else day(born),
        }


def installments(world: World) -> Iterator[Row]:
    """Yield the installments of deals."""
    rng = world.dice("installments")
    for key in range(1, world.sizes.installments + 1):
        yield {
            "id": key,
            "amount": rng.upto(10**6) / 100,
            "billing_date": day(world.now + (rng.upto(400) - 200) * DAY),
            "deal_id": world.existing(rng, world.sizes.deals),
            "description": rng.pick(world.words.sentences),
        }


def discounts(world: World) -> Iterator[Row]:
    """Yield the discounts of deals."""
    rng = world.dice("discounts")
    count = world.sizes.discounts
    for _, added, changed in world.times(rng, count, untouched=False):
        yield {
            "id": _uuid(rng),
            "type": rng.pick(("percentage", "amount")),
            "amount": rng.upto(50),
            "description": rng.pick(world.words.sentences),
            "deal_id": world.existing(rng, world.sizes.deals),
            "created_at": added,
            "created_by": 1,
            "updated_at": changed,
            "updated_by": 1,
        }


def participants(world: World) -> Iterator[Row]:
    """Yield the participants of deals, in brief: the API's nested form is made on reading."""
    rng = world.dice("participants")
    count = world.sizes.participants
    for key, (_, added, _) in enumerate(world.times(rng, count, Stamp.V1), start=1):
        yield {
            "id": key,
            "deal_id": world.existing(rng, world.sizes.deals),
            "person_id": world.existing(rng, world.sizes.persons),
            "add_time": added,
        }


def followers(world: World) -> Iterator[Row]:
    """Yield who follows which deal, person, organization or product; each user once."""
    rng = world.dice("followers")
    sizes = world.sizes
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
        # spread evenly, so that no parent comes twice
        position = (number // len(entities)) * max(1, counts[entity] * len(entities) // parents)
        if position >= counts[entity]:
            continue
        parent = position + 1 + position // 96
        first = rng.upto(sizes.users)
        for user in {first, 1 + first % sizes.users}:
            yield {
                "user_id": user,
                "add_time": Stamp.V2.text(world.now - rng.upto(700 * DAY)),
                "entity": entity,
                "parent_id": parent,
            }


def changes(world: World) -> Iterator[Row]:
    """Yield what was changed on deals, persons and organizations, oldest first."""
    rng = world.dice("changes")
    sizes = world.sizes
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
            "old_value": rng.pick((None, "", str(rng.upto(1000)))),
            "new_value": str(rng.upto(1000)),
            "actor_user_id": rng.upto(sizes.users),
            "time": Stamp.V1.text(int(world.now - 700 * DAY + number * step)),
            "change_source": "app" if by_app else "api",
            "change_source_user_agent": _AGENT if by_app else None,
            "is_bulk_update_flag": rng.chance(0.1),
            "entity": entity,
            "parent_id": world.existing(rng, counts[entity]),
        }


def variations(world: World) -> Iterator[Row]:
    """Yield the variations of products."""
    rng = world.dice("variations")
    for key in range(1, world.sizes.variations + 1):
        yield {
            "id": key,
            "name": rng.pick(("Small", "Large", "Größe XL", "")),
            "product_id": world.existing(rng, world.sizes.products),
            "prices": [
                {
                    "product_variation_id": key,
                    "price": rng.upto(10**5) / 100,
                    "currency": rng.pick(CURRENCIES)[0],
                    "cost": rng.upto(10**4) / 100,
                    "direct_cost": None,
                    "notes": "",
                },
            ],
        }


def relationships(world: World) -> Iterator[Row]:
    """Yield each relationship twice: as its one and as its other organization reads it."""
    rng = world.dice("relationships")
    count = world.sizes.organizations
    for key in range(1, world.sizes.relationships + 1):
        owner = world.existing(rng, count)
        linked = world.existing(rng, count)
        if owner == linked:
            continue
        kind = rng.pick(("parent", "related"))
        added = Stamp.V1.text(world.now - rng.upto(700 * DAY))
        ends = {
            "rel_owner_org_id": _organization(owner),
            "rel_linked_org_id": _organization(linked),
        }
        for org, other, role in ((owner, linked, "daughter"), (linked, owner, "parent")):
            yield {
                "id": key,
                "type": kind,
                **ends,
                "add_time": added,
                "update_time": added,
                "active_flag": rng.pick(("true", "true", True)),
                "calculated_type": role if kind == "parent" else "related",
                "calculated_related_org_id": other,
                "related_organization_name": f"Organization {other}",
                "org_id": org,
            }


def _organization(key: int) -> Row:
    return {
        "name": f"Organization {key}",
        "people_count": 0,
        "owner_id": 1,
        "address": None,
        "active_flag": True,
        "cc_email": None,
        "value": key,
    }


def files(world: World) -> Iterator[Row]:
    """Yield the files of deals, persons, organizations and products."""
    rng = world.dice("files")
    count = world.sizes.files
    links = {
        "deal_id": world.sizes.deals,
        "person_id": world.sizes.persons,
        "org_id": world.sizes.organizations,
        "product_id": world.sizes.products,
    }
    present = [link for link, size in links.items() if size]
    times = world.times(rng, count, Stamp.V1, untouched=False)
    for key, (_, added, changed) in zip(world.ids(count), times, strict=True):
        link = rng.pick(present)
        of = dict.fromkeys(links) | {link: world.existing(rng, links[link])}
        name = f"{rng.pick(world.words.last_names)} {key}.pdf"
        yield {
            "id": key,
            "user_id": rng.upto(world.sizes.users),
            **of,
            "activity_id": None,
            "lead_id": None,
            "project_id": None,
            "log_id": None,
            "add_time": added,
            "update_time": changed,
            "file_name": f"{key:032x}.pdf",
            "file_type": "pdf",
            "file_size": rng.upto(10**8),
            "active_flag": True,
            "inline_flag": False,
            "remote_location": "s3",
            "remote_id": f"company/{COMPANY_ID}/{key}",
            "cid": "",
            "s3_bucket": "",
            "mail_message_id": "",
            "mail_template_id": "",
            "deal_name": "",
            "person_name": "",
            "lead_name": None,
            "project_name": None,
            "org_name": "",
            "product_name": "",
            "url": f"https://app.pipedrive.example/api/v1/files/{key}/download",
            "name": name,
            "description": rng.pick(("", None, rng.pick(world.words.sentences))),
        }


def note_comments(world: World) -> Iterator[Row]:
    """Yield the comments on notes."""
    rng = world.dice("note_comments")
    count = world.sizes.note_comments
    for _, added, changed in world.times(rng, count, Stamp.MILLIS, untouched=False):
        user = rng.upto(world.sizes.users)
        yield {
            "uuid": _uuid(rng),
            "active_flag": True,
            "add_time": added,
            "update_time": changed,
            "content": rng.pick(world.words.sentences),
            "object_id": str(world.existing(rng, world.sizes.notes)),
            "object_type": "note",
            "user_id": user,
            "updater_id": user,
            "company_id": COMPANY_ID,
        }
