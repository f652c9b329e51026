"""Reads of an account's setup, of projects, of mail and calls, and of field definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.declarations import RETENTION, V1, V2, Get, one
from pipedrive_sandbox.engine import Extra, Paging, Read
from pipedrive_sandbox.errors import ApiError
from pipedrive_sandbox.parameters import (
    Filter,
    boolean,
    equals,
    integer,
    linked,
    status_of,
    word,
)
from pipedrive_sandbox.shapes import v1_field
from pipedrive_sandbox.tables import FIELD_OPTIONAL, LEGACY

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_FIELDS: Final = {
    "deal": FIELD_OPTIONAL,
    "person": FIELD_OPTIONAL,
    "organization": FIELD_OPTIONAL,
    "product": FIELD_OPTIONAL[:1],
    "activity": FIELD_OPTIONAL[:1],
    "project": FIELD_OPTIONAL,
}
_V1_FIELDS: Final = {
    "deal": Paging.OFFSET,
    "person": Paging.OFFSET,
    "organization": Paging.OFFSET,
    "product": Paging.OFFSET,
    "lead": Paging.OFFSET,
    "activity": Paging.NONE,
    "note": Paging.NONE,
}
_APPS: Final = (
    "sales",
    "projects",
    "campaigns",
    "global",
    "account_settings",
    "partnership",
    "nova",
)
#: `additional_data` is missing from v1 lists that are never paged.
_WHOLE: Final = Read(table="", paging=Paging.NONE, extra=Extra.ABSENT)


def _fields() -> Iterator[Get]:
    for entity, include in _OF_FIELDS.items():
        path = f"{V2}/{entity}Fields"
        where = f"entity = '{entity}'"
        needs = {"activity": "admin", "project": "projects"}.get(entity, "")
        every = entity == "project"
        listed = Read(table="fields", where=where, include=include, always_include=every)
        single = replace(listed, paging=Paging.ONE, where=f"{where} AND field_code = :field_code")
        yield Get(path, 10, listed, needs)
        yield Get(f"{path}/{{field_code}}", 1, single, needs)
    for entity, paging in _V1_FIELDS.items():
        listed = Read(
            table="fields",
            paging=paging,
            where=f"entity = '{entity}'",
            include=(LEGACY,),
            always_include=True,
            shape=v1_field(entity),
            flat=True,
            extra=Extra.PAGING if paging is Paging.OFFSET else Extra.ABSENT,
        )
        yield Get(f"{V1}/{entity}Fields", 20, listed)


def _whole(name: str, cost: int, table: str, needs: str = "", **filters: Filter) -> Get:
    return Get(f"{V1}/{name}", cost, replace(_WHOLE, table=table, filters=filters), needs)


_PROJECT_FILTERS: Final = {
    "filter_id": equals("filter_id"),
    "status": status_of("open", "completed", "canceled", retention=RETENTION),
    "phase_id": equals("phase_id"),
}
_PROJECTS: Final = Read(
    table="projects",
    unless={"status": "deleted_at = ''"},
    filters=_PROJECT_FILTERS,
)


def _parent_task(name: str, text: str) -> int | str:
    return "" if text == "null" else integer(name, text)


_UNKNOWN_SET: Final = ApiError(404, None)

ACCOUNT: Final = (
    *_fields(),
    _whole("activityTypes", 20, "activity_types"),
    _whole("leadLabels", 10, "lead_labels"),
    _whole("leadSources", 2, "lead_sources"),
    _whole("billing/subscriptions/addons", 20, "addons"),
    _whole(
        "filters",
        20,
        "filters",
        type=equals(
            "type",
            word("deals", "leads", "org", "people", "products", "activity", "projects"),
        ),
    ),
    _whole("legacyTeams", 20, "legacy_teams"),
    Get(f"{V1}/legacyTeams/{{id}}", 2, one("legacy_teams")),
    Get(f"{V1}/roles", 20, Read(table="roles", paging=Paging.OFFSET), "admin"),
    Get(
        f"{V1}/roles/{{id}}/assignments",
        10,
        Read(
            table="role_assignments",
            paging=Paging.OFFSET,
            where="role_id = :id",
            parent="roles",
        ),
        "admin",
    ),
    _whole("permissionSets", 20, "permission_sets", "admin", app=equals("app", word(*_APPS))),
    Get(
        f"{V1}/permissionSets/{{id}}/assignments",
        20,
        Read(
            table="permission_set_assignments",
            paging=Paging.OFFSET,
            extra=Extra.ABSENT,
            where="permission_set_id = :id",
            parent="permission_sets",
            missing=_UNKNOWN_SET,
        ),
        "admin",
    ),
    Get(
        f"{V1}/mailbox/mailThreads",
        20,
        Read(
            table="mail_threads",
            paging=Paging.OFFSET,
            where="user_id = :user",
            filters={
                "folder": Filter(
                    word("inbox", "drafts", "sent", "archive"),
                    lambda value, _table, _now: ("places LIKE ?", [f"%,{value},%"]),
                    required=True,
                ),
            },
        ),
    ),
    Get(
        f"{V1}/mailbox/mailThreads/{{id}}",
        20,
        replace(one("mail_threads"), where="id = :id AND user_id = :user"),
    ),
    Get(
        f"{V1}/mailbox/mailThreads/{{id}}/mailMessages",
        20,
        replace(
            _WHOLE,
            table="mail_messages",
            where="mail_thread_id = :id AND user_id = :user",
            parent="mail_threads",
        ),
    ),
    Get(
        f"{V1}/callLogs",
        20,
        Read(table="call_logs", paging=Paging.OFFSET, limit=50, where="user_id = :user"),
    ),
    Get(
        f"{V2}/projects",
        10,
        replace(
            _PROJECTS,
            where="is_archived = 0",
            filters={
                **_PROJECT_FILTERS,
                "deal_id": linked("deal_links"),
                "person_id": linked("person_links"),
                "org_id": linked("org_links"),
            },
        ),
        "projects",
    ),
    Get(f"{V2}/projects/archived", 10, replace(_PROJECTS, where="is_archived = 1"), "projects"),
    Get(f"{V2}/projects/{{id}}", 1, one("projects"), "projects"),
    Get(
        f"{V2}/projects/{{id}}/changelog",
        10,
        Read(
            table="project_changes",
            where="project_id = :id",
            newest_first=True,
            parent="projects",
        ),
        "projects",
    ),
    Get(
        f"{V2}/boards",
        10,
        Read(table="boards", paging=Paging.NONE, extra=Extra.NULL),
        "projects",
    ),
    Get(f"{V2}/boards/{{id}}", 10, one("boards"), "projects"),
    Get(
        f"{V2}/phases",
        10,
        Read(
            table="phases",
            paging=Paging.NONE,
            extra=Extra.NULL,
            filters={"board_id": replace(equals("board_id"), required=True)},
        ),
        "projects",
    ),
    Get(f"{V2}/phases/{{id}}", 10, one("phases"), "projects"),
    Get(f"{V2}/projectTemplates", 10, Read(table="project_templates"), "projects"),
    Get(f"{V2}/projectTemplates/{{id}}", 1, one("project_templates"), "projects"),
    Get(
        f"{V2}/tasks",
        10,
        Read(
            table="tasks",
            filters={
                "is_done": equals("is_done", boolean),
                "is_milestone": equals("is_milestone", boolean),
                "assignee_id": linked("assignees"),
                "project_id": equals("project_id"),
                "parent_task_id": equals("parent_task_id", _parent_task),
            },
        ),
        "projects",
    ),
    Get(f"{V2}/tasks/{{id}}", 1, one("tasks"), "projects"),
)
