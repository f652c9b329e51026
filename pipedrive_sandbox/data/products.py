"""Products, their variations, and the product lines of deals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import day
from pipedrive_sandbox.data.setup import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

#: The first deal has so many product lines that they do not fit on one page.
_LINES_OF_FIRST_DEAL: Final = 640
FREQUENCIES: Final = ("one-time", "annually", "quarterly", "monthly")


def products(account: AccountData) -> Iterator[Row]:
    """Yield products with prices in one to three currencies."""
    rng = account.random_source("products")
    custom = account.custom_values("product")
    count = account.sizes.products
    for key, (_, added, changed) in zip(account.ids(count), account.times(rng, count), strict=True):
        frequency = rng.pick(FREQUENCIES)
        yield {
            "id": key,
            "name": rng.pick(account.words.phrases).title(),
            "code": rng.pick((None, "", f"SKU-{key:06d}")),
            "description": rng.pick((None, "", rng.pick(account.words.paragraphs))),
            "unit": rng.pick(("", "pcs", "Stück")),
            "tax": rng.pick((0, 20, 22.5)),
            "category": rng.pick((None, "12", "13")),
            "is_linkable": True,
            "is_deleted": False,
            "visible_to": rng.pick((1, 3, 7)),
            "owner_id": account.user(rng),
            "add_time": added,
            "update_time": changed,
            "billing_frequency": frequency,
            "billing_frequency_cycles": None if frequency == "one-time" else rng.pick((None, 12)),
            "prices": [
                {
                    "product_id": key,
                    "price": rng.randrange(10**6) / 100,
                    "currency": code,
                    "cost": rng.randrange(10**5) / 100,
                    "direct_cost": rng.pick((None, 1)),
                    "notes": "",
                }
                for code, *_ in CURRENCIES[: rng.randrange(1, 4)]
            ],
            "custom_fields": rng.pick(custom),
        }


def deal_products(account: AccountData) -> Iterator[Row]:
    """Yield the product lines of deals; the product of some was deleted for good."""
    rng = account.random_source("deal_products")
    count = account.sizes.deal_products
    of_first_deal = min(_LINES_OF_FIRST_DEAL, count // 2)
    for number, (created, added, changed) in enumerate(account.times(rng, count), start=1):
        deal = 1 if number <= of_first_deal else account.some_id(rng, account.sizes.deals)
        purged = rng.chance(0.02)
        price, quantity = rng.up_to(10**6) / 100, rng.up_to(20)
        frequency = rng.pick(FREQUENCIES)
        yield {
            "id": number,
            "sum": round(price * quantity, 2),
            "tax": rng.pick((0, 20, 22.5)),
            "deal_id": deal,
            "name": None if purged else rng.pick(account.words.phrases).title(),
            "product_id": None if purged else rng.up_to(account.last_id(account.sizes.products)),
            "product_variation_id": None,
            "order_nr": number % 50 + 1,
            "add_time": added,
            "update_time": changed,
            "comments": rng.pick(("", "", rng.pick(account.words.sentences))),
            "currency": rng.pick(CURRENCIES)[0],
            "discount": rng.pick((0, 0, 10, 12.5)),
            "discount_type": rng.pick(("percentage", "amount")),
            "quantity": quantity,
            "item_price": price,
            "tax_method": rng.pick(("exclusive", "inclusive", "none")),
            "is_enabled": rng.chance(0.9),
            "billing_frequency": frequency,
            "billing_frequency_cycles": None if frequency == "one-time" else 12,
            "billing_start_date": None if frequency == "one-time" else day(created),
        }


def variations(account: AccountData) -> Iterator[Row]:
    """Yield the variations of products."""
    rng = account.random_source("variations")
    for key in range(1, account.sizes.variations + 1):
        yield {
            "id": key,
            "name": rng.pick(("Small", "Large", "Größe XL", "")),
            "product_id": account.some_id(rng, account.sizes.products),
            "prices": [
                {
                    "product_variation_id": key,
                    "price": rng.up_to(10**5) / 100,
                    "currency": rng.pick(CURRENCIES)[0],
                    "cost": rng.up_to(10**4) / 100,
                    "direct_cost": None,
                    "notes": "",
                },
            ],
        }
