"""Reads of the core objects: deals, contacts, activities, products, notes, leads, users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.declarations import RETENTION, V1, V2, Get, one
from pipedrive_sandbox.engine import Extra, Paging, Read
from pipedrive_sandbox.parameters import (
    SINCE,
    UNTIL,
    Filter,
    among,
    boolean,
    calendar_day,
    equals,
    flag,
    plain,
    status_of,
)
from pipedrive_sandbox.tables import DEAL_OPTIONAL, ORGANIZATION_OPTIONAL, PERSON_OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAMPS: Final = ("id", "update_time", "add_time")
_LIST_FILTERS: Final = {"filter_id": equals("filter_id"), "ids": among("id")}
_WINDOW: Final = {"updated_since": SINCE, "updated_until": UNTIL}
_DEAL_FILTERS: Final[Mapping[str, Filter]] = {
    **_LIST_FILTERS,
    "owner_id": equals("owner_id"),
    "person_id": equals("person_id"),
    "org_id": equals("org_id"),
    "pipeline_id": equals("pipeline_id"),
    "stage_id": equals("stage_id"),
    "status": status_of("open", "won", "lost", retention=RETENTION),
    **_WINDOW,
}
_LEAD_SORT: Final = (
    "id",
    "title",
    "owner_id",
    "creator_id",
    "was_seen",
    "expected_close_date",
    "next_activity_id",
    "add_time",
    "update_time",
)
_LEAD_FILTERS: Final = {
    "owner_id": equals("owner_id"),
    "person_id": equals("person_id"),
    "organization_id": equals("organization_id"),
    "filter_id": equals("filter_id"),
}


def _deals(archived: int) -> Read:
    return Read(
        table="deals",
        where=f"is_archived = {archived}",
        unless={"status": "deleted_at = ''"},
        filters=_DEAL_FILTERS,
        sort=_STAMPS,
        include=DEAL_OPTIONAL,
        custom=True,
        labels="" if archived else "deal",
    )


CORE: Final = (
    Get(f"{V2}/deals", 10, _deals(archived=0)),
    Get(f"{V2}/deals/archived", 20, _deals(archived=1)),
    Get(f"{V2}/deals/{{id}}", 1, one("deals", DEAL_OPTIONAL, "deal")),
    Get(
        f"{V2}/persons",
        10,
        Read(
            table="persons",
            filters={
                **_LIST_FILTERS,
                "owner_id": equals("owner_id"),
                "org_id": equals("org_id"),
                "deal_id": Filter(
                    equals("id").parse,
                    lambda value, _table, _now: (
                        "id IN (SELECT person_id FROM deals WHERE id = ?)",
                        [value],
                    ),
                ),
                **_WINDOW,
            },
            sort=_STAMPS,
            include=PERSON_OPTIONAL,
            custom=True,
            labels="person",
        ),
    ),
    Get(f"{V2}/persons/{{id}}", 1, one("persons", PERSON_OPTIONAL, "person")),
    Get(
        f"{V2}/organizations",
        10,
        Read(
            table="organizations",
            filters={**_LIST_FILTERS, "owner_id": equals("owner_id"), **_WINDOW},
            sort=_STAMPS,
            include=ORGANIZATION_OPTIONAL,
            custom=True,
            labels="organization",
        ),
    ),
    Get(
        f"{V2}/organizations/{{id}}",
        1,
        one("organizations", ORGANIZATION_OPTIONAL, "organization"),
    ),
    Get(
        f"{V2}/activities",
        10,
        Read(
            table="activities",
            filters={
                **_LIST_FILTERS,
                "owner_id": equals("owner_id"),
                "deal_id": equals("deal_id"),
                "lead_id": equals("lead_id", plain),
                "person_id": equals("person_id"),
                "org_id": equals("org_id"),
                "done": equals("done", boolean),
                **_WINDOW,
            },
            sort=(*_STAMPS, "due_date"),
            include=("attendees",),
        ),
    ),
    Get(f"{V2}/activities/{{id}}", 1, one("activities", ("attendees",))),
    Get(
        f"{V2}/products",
        10,
        Read(
            table="products",
            filters={
                **_LIST_FILTERS,
                "owner_id": equals("owner_id"),
                "updated_since": SINCE,
            },
            sort=("id", "name", "add_time", "update_time"),
            custom=True,
        ),
    ),
    Get(f"{V2}/products/{{id}}", 1, one("products")),
    Get(f"{V2}/pipelines", 5, Read(table="pipelines", sort=_STAMPS)),
    Get(f"{V2}/pipelines/{{id}}", 1, one("pipelines")),
    Get(
        f"{V2}/stages",
        5,
        Read(
            table="stages",
            filters={"pipeline_id": equals("pipeline_id")},
            sort=(*_STAMPS, "order_nr"),
        ),
    ),
    Get(f"{V2}/stages/{{id}}", 1, one("stages")),
    Get(f"{V1}/users", 20, Read(table="users", paging=Paging.NONE, extra=Extra.COMPANY)),
    Get(f"{V1}/users/{{id}}", 2, one("users")),
    Get(
        f"{V1}/currencies",
        20,
        Read(
            table="currencies",
            paging=Paging.NONE,
            extra=Extra.ABSENT,
            filters={
                "term": Filter(
                    plain,
                    lambda value, _table, _now: (
                        "(name LIKE ? OR code = ?)",
                        [f"%{value}%", value],
                    ),
                ),
            },
        ),
    ),
    Get(
        f"{V1}/notes",
        20,
        Read(
            table="notes",
            paging=Paging.OFFSET,
            filters={
                **{
                    name: equals(name)
                    for name in ("user_id", "deal_id", "person_id", "org_id", "project_id")
                },
                "task_id": equals("task_id"),
                "lead_id": equals("lead_id", plain),
                "start_date": Filter(
                    calendar_day,
                    lambda value, _table, _now: ("add_time >= ?", [value]),
                ),
                "end_date": Filter(
                    calendar_day,
                    lambda value, _table, _now: ("add_time < ?", [f"{value} 24"]),
                ),
                "updated_since": SINCE,
                **{
                    name: equals(name, flag)
                    for name in (
                        "pinned_to_lead_flag",
                        "pinned_to_deal_flag",
                        "pinned_to_organization_flag",
                        "pinned_to_person_flag",
                        "pinned_to_project_flag",
                        "pinned_to_task_flag",
                    )
                },
            },
            sort=(
                "id",
                "user_id",
                "deal_id",
                "person_id",
                "org_id",
                "content",
                "add_time",
                "update_time",
            ),
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
            filters={**_LEAD_FILTERS, "updated_since": SINCE},
            sort=_LEAD_SORT,
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
            filters=_LEAD_FILTERS,
            sort=_LEAD_SORT,
            flat=True,
        ),
    ),
    Get(f"{V1}/leads/{{id}}", 2, one("leads")),
)
