"""Reads of the rows that belong to deals, contacts, products and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.endpoints.declarations import V1, V2, Extra, Get, Paging, Read
from pipedrive_sandbox.endpoints.parameters import among, equals
from pipedrive_sandbox.endpoints.v1_shapes import participant

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLLOWED: Final = {
    "deal": "deals",
    "person": "persons",
    "organization": "organizations",
    "product": "products",
}
#: The entities of `_FOLLOWED` that have a change log.
_LOGGED: Final = ("deal", "person", "organization")


def _per_parent() -> Iterator[Get]:
    for entity, parents in _FOLLOWED.items():
        where = f"entity = '{entity}' AND parent_id = :id"
        yield Get(
            f"{V2}/{parents}/{{id}}/followers",
            10,
            Read(table="followers", where=where, parent=parents),
        )
        if entity in _LOGGED:
            yield Get(
                f"{V1}/{parents}/{{id}}/changelog",
                20,
                Read(table="changes", where=where, newest_first=True, parent=parents),
            )


CHILDREN: Final = (
    *_per_parent(),
    Get(
        f"{V2}/deals/products",
        10,
        Read(
            table="deal_products",
            filters={"deal_ids": among("deal_id", required=True)},
            sort=("id", "deal_id", "add_time", "update_time", "order_nr"),
        ),
    ),
    Get(
        f"{V2}/deals/installments",
        10,
        Read(
            table="installments",
            filters={"deal_ids": among("deal_id", required=True)},
            sort=("id", "billing_date", "deal_id"),
            extra=Extra.IF_MORE,
        ),
        needs="growth",
    ),
    Get(
        f"{V2}/deals/{{id}}/discounts",
        10,
        Read(
            table="discounts",
            paging=Paging.NONE,
            where="deal_id = :id",
            extra=Extra.ABSENT,
            parent="deals",
        ),
    ),
    Get(
        f"{V1}/deals/{{id}}/participants",
        10,
        Read(
            table="participants",
            paging=Paging.OFFSET,
            where="deal_id = :id",
            shape=participant,
            flat=True,
            parent="deals",
        ),
    ),
    Get(
        f"{V2}/products/{{id}}/variations",
        10,
        Read(table="variations", where="product_id = :id", parent="products"),
    ),
    Get(
        f"{V1}/organizationRelationships",
        20,
        Read(
            table="relationships",
            paging=Paging.NONE,
            extra=Extra.ABSENT,
            filters={"org_id": equals("org_id", required=True)},
        ),
    ),
    Get(
        f"{V1}/notes/{{id}}/comments",
        20,
        Read(
            table="note_comments",
            paging=Paging.OFFSET,
            where="object_id = CAST(:id AS TEXT)",
            parent="notes",
        ),
    ),
)
