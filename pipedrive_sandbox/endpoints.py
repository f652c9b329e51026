"""The API's reads, one declaration each: path, price and how its list is read.

Paths, prices, parameters and limits are the contract's (OpenAPI of 2026-08-18). Reports, searches
and `recents` are not served; v1 endpoints that went out of support do not exist (facts §2.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY
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
from pipedrive_sandbox.tables import (
    DEAL_OPTIONAL,
    FIELD_OPTIONAL,
    ORGANIZATION_OPTIONAL,
    PERSON_OPTIONAL,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

V2: Final = "/api/v2"
V1: Final = "/v1"

#: Deleted deals and projects stay readable by `status=deleted` for this long.
RETENTION: Final = 30 * DAY


@dataclass(frozen=True)
class Get:
    """A GET of the contract: `needs` names the feature without which it is refused."""

    path: str
    cost: int
    read: Read
    needs: str = ""


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


def _one(table: str, include: tuple[str, ...] = (), labels: str = "") -> Read:
    return Read(
        table=table,
        paging=Paging.ONE,
        where="id = :id",
        include=include,
        custom=bool(labels),
        labels=labels,
    )


def _fields(entity: str, include: tuple[str, ...]) -> tuple[Get, Get]:
    path = f"{V2}/{entity}Fields"
    where = f"entity = '{entity}'"
    every = entity == "project"
    listed = Read(table="fields", where=where, include=include, always_include=every)
    single = replace(listed, paging=Paging.ONE, where=f"{where} AND field_code = :field_code")
    needs = {"activity": "admin", "project": "projects"}.get(entity, "")
    return Get(path, 10, listed, needs), Get(f"{path}/{{field_code}}", 1, single, needs)


CORE: Final = (
    Get(f"{V2}/deals", 10, _deals(archived=0)),
    Get(f"{V2}/deals/archived", 20, _deals(archived=1)),
    Get(f"{V2}/deals/{{id}}", 1, _one("deals", DEAL_OPTIONAL, "deal")),
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
    Get(f"{V2}/persons/{{id}}", 1, _one("persons", PERSON_OPTIONAL, "person")),
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
        _one("organizations", ORGANIZATION_OPTIONAL, "organization"),
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
    Get(f"{V2}/activities/{{id}}", 1, _one("activities", ("attendees",))),
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
    Get(f"{V2}/products/{{id}}", 1, _one("products")),
    Get(f"{V2}/pipelines", 5, Read(table="pipelines", sort=_STAMPS)),
    Get(f"{V2}/pipelines/{{id}}", 1, _one("pipelines")),
    Get(
        f"{V2}/stages",
        5,
        Read(
            table="stages",
            filters={"pipeline_id": equals("pipeline_id")},
            sort=(*_STAMPS, "order_nr"),
        ),
    ),
    Get(f"{V2}/stages/{{id}}", 1, _one("stages")),
    Get(f"{V1}/users", 20, Read(table="users", paging=Paging.NONE, extra=Extra.COMPANY)),
    Get(f"{V1}/users/{{id}}", 2, _one("users")),
    Get(f"{V1}/currencies", 20, Read(table="currencies", paging=Paging.NONE, extra=Extra.ABSENT)),
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
    Get(f"{V1}/notes/{{id}}", 2, _one("notes")),
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
    Get(f"{V1}/leads/{{id}}", 2, _one("leads")),
    *_fields("deal", FIELD_OPTIONAL),
    *_fields("person", FIELD_OPTIONAL),
    *_fields("organization", FIELD_OPTIONAL),
    *_fields("product", FIELD_OPTIONAL[:1]),
    *_fields("activity", FIELD_OPTIONAL[:1]),
)
