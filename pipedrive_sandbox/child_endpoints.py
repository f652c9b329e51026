"""Reads of what hangs on deals, contacts, products and notes: in bulk, and parent by parent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.declarations import V1, V2, Get, one
from pipedrive_sandbox.engine import Extra, Paging, Read
from pipedrive_sandbox.parameters import among, equals
from pipedrive_sandbox.shapes import participant

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_DEALS: Final = {"deal_ids": among("deal_id", required=True)}
_LINE_SORT: Final = ("id", "add_time", "update_time", "order_nr")
_FILE_SORT: Final = (
    "id",
    "user_id",
    "deal_id",
    "person_id",
    "org_id",
    "product_id",
    "add_time",
    "update_time",
    "file_name",
    "file_size",
)
_FILES: Final = Read(table="files", paging=Paging.OFFSET, limit=100, sort=_FILE_SORT)
#: v1 hands out change logs newest first, by cursor.
_CHANGES: Final = Read(table="changes", newest_first=True)
_FOLLOWED: Final = (
    ("deal", "deals"),
    ("person", "persons"),
    ("organization", "organizations"),
    ("product", "products"),
)
_LINKED: Final = {"deal": "deal_id", "person": "person_id", "organization": "org_id"}


def _per_parent() -> Iterator[Get]:
    for entity, parents in _FOLLOWED:
        of = f"entity = '{entity}' AND parent_id = :id"
        yield Get(
            f"{V2}/{parents}/{{id}}/followers",
            10,
            Read(table="followers", where=of, parent=parents),
        )
        if entity in _LINKED:
            yield Get(
                f"{V1}/{parents}/{{id}}/files",
                20,
                replace(_FILES, where=f"{_LINKED[entity]} = :id", flat=True, parent=parents),
            )
            yield Get(
                f"{V1}/{parents}/{{id}}/changelog",
                20,
                replace(_CHANGES, where=of, parent=parents),
            )


CHILDREN: Final = (
    *_per_parent(),
    Get(
        f"{V2}/deals/products",
        10,
        Read(table="deal_products", filters=_OF_DEALS, sort=("id", "deal_id", *_LINE_SORT[1:])),
    ),
    Get(
        f"{V2}/deals/{{id}}/products",
        10,
        Read(table="deal_products", where="deal_id = :id", sort=_LINE_SORT, parent="deals"),
    ),
    Get(
        f"{V2}/deals/installments",
        10,
        Read(
            table="installments",
            filters=_OF_DEALS,
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
            filters={"org_id": replace(equals("org_id"), required=True)},
        ),
    ),
    Get(f"{V1}/files", 20, _FILES),
    Get(f"{V1}/files/{{id}}", 2, one("files")),
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
