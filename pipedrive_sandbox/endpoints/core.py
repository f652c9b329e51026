"""Reads of the core objects: deals, contacts, activities, products, notes, leads, users."""

from __future__ import annotations

from typing import Final

from pipedrive_sandbox.endpoints.declarations import V1, V2, Extra, Get, Paging, Read, one
from pipedrive_sandbox.endpoints.parameters import SINCE, UNTIL, among, status
from pipedrive_sandbox.tables import (
    DEAL_OPTIONAL,
    LEAD_SORT,
    ORGANIZATION_OPTIONAL,
    PERSON_OPTIONAL,
)

_TIMES: Final = ("id", "update_time", "add_time")
_LIST_FILTERS: Final = {"ids": among("id"), "updated_since": SINCE, "updated_until": UNTIL}


def _deals(is_archived: int) -> Read:
    return Read(
        table="deals",
        where=f"is_archived = {is_archived}",
        unless={"status": "deleted_at = ''"},
        filters={**_LIST_FILTERS, "status": status("open", "won", "lost")},
        sort=_TIMES,
        include=DEAL_OPTIONAL,
    )


CORE: Final = (
    Get(f"{V2}/deals", 10, _deals(is_archived=0)),
    Get(f"{V2}/deals/archived", 20, _deals(is_archived=1)),
    Get(f"{V2}/deals/{{id}}", 1, one("deals", DEAL_OPTIONAL)),
    Get(
        f"{V2}/persons",
        10,
        Read(table="persons", filters=_LIST_FILTERS, sort=_TIMES, include=PERSON_OPTIONAL),
    ),
    Get(f"{V2}/persons/{{id}}", 1, one("persons", PERSON_OPTIONAL)),
    Get(
        f"{V2}/organizations",
        10,
        Read(
            table="organizations",
            filters=_LIST_FILTERS,
            sort=_TIMES,
            include=ORGANIZATION_OPTIONAL,
        ),
    ),
    Get(f"{V2}/organizations/{{id}}", 1, one("organizations", ORGANIZATION_OPTIONAL)),
    Get(
        f"{V2}/activities",
        10,
        Read(
            table="activities",
            filters=_LIST_FILTERS,
            sort=(*_TIMES, "due_date"),
            include=("attendees",),
        ),
    ),
    Get(f"{V2}/activities/{{id}}", 1, one("activities", ("attendees",))),
    Get(
        f"{V2}/products",
        10,
        Read(
            table="products",
            filters={"ids": among("id"), "updated_since": SINCE},
            sort=("id", "name", "add_time", "update_time"),
        ),
    ),
    Get(f"{V2}/products/{{id}}", 1, one("products")),
    Get(f"{V2}/pipelines", 5, Read(table="pipelines", sort=_TIMES)),
    Get(f"{V2}/pipelines/{{id}}", 1, one("pipelines")),
    Get(f"{V2}/stages", 5, Read(table="stages", sort=(*_TIMES, "order_nr"))),
    Get(f"{V2}/stages/{{id}}", 1, one("stages")),
    Get(f"{V1}/users", 20, Read(table="users", paging=Paging.NONE, extra=Extra.COMPANY)),
    Get(f"{V1}/users/{{id}}", 2, one("users")),
    Get(
        f"{V1}/currencies",
        20,
        Read(table="currencies", paging=Paging.NONE, extra=Extra.ABSENT),
    ),
    Get(
        f"{V1}/notes",
        20,
        Read(
            table="notes",
            paging=Paging.OFFSET,
            filters={"updated_since": SINCE},
            sort=_TIMES,
        ),
    ),
    Get(f"{V1}/notes/{{id}}", 2, one("notes")),
    Get(
        f"{V1}/leads",
        20,
        Read(
            table="leads",
            paging=Paging.OFFSET,
            where="is_archived = 0",
            filters={"updated_since": SINCE},
            sort=("id", *LEAD_SORT),
            flat=True,
        ),
    ),
    Get(
        f"{V1}/leads/archived",
        40,
        Read(
            table="leads",
            paging=Paging.OFFSET,
            where="is_archived = 1",
            sort=("id", *LEAD_SORT),
            flat=True,
        ),
    ),
    Get(f"{V1}/leads/{{id}}", 2, one("leads")),
    Get(
        f"{V1}/files",
        20,
        Read(table="files", paging=Paging.OFFSET, limit=100, sort=_TIMES),
    ),
    Get(f"{V1}/files/{{id}}", 2, one("files")),
)
