"""Reads that are no list of stored rows: the caller, the caller's settings, goals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.company import COMPANY
from pipedrive_sandbox.engine import Extra, Paging, Read, answer
from pipedrive_sandbox.errors import not_found
from pipedrive_sandbox.parameters import Filter, boolean, equals, integer, plain, word
from pipedrive_sandbox.sandbox import Operation

if TYPE_CHECKING:
    from pipedrive_sandbox.sandbox import Call, Sandbox

SETTINGS: Final[dict[str, Any]] = {
    "marketplace_team": False,
    "list_limit": 100,
    "beta_app": True,
    "prevent_salesphone_callto_override": False,
    "file_upload_destination": "s3",
    "callto_link_syntax": "callto:[number]",
    "autofill_deal_expected_close_date": False,
    "person_duplicate_condition": "name && (org_id || email || phone)",
}
_GOALS: Final = Read(
    table="goals",
    paging=Paging.NONE,
    extra=Extra.ABSENT,
    unless={"is_active": "is_active = 1"},
    filters={
        "is_active": equals("is_active", boolean),
        "title": equals("title", plain),
        "type.name": Filter(
            word(
                "deals_won",
                "deals_progressed",
                "activities_completed",
                "activities_added",
                "deals_started",
            ),
            lambda value, _table, _now: ("json_extract(body, '$.type.name') = ?", [value]),
        ),
        "assignee.id": Filter(
            integer,
            lambda value, _table, _now: ("json_extract(body, '$.assignee.id') = ?", [value]),
        ),
        "assignee.type": Filter(
            word("person", "company", "team"),
            lambda value, _table, _now: ("json_extract(body, '$.assignee.type') = ?", [value]),
        ),
    },
)
#: Without a filter of another kind, only the caller's own goals are found. Facts §3.6.
_OWN_GOALS: Final = replace(_GOALS, where="owner_id = :user")


def _success(data: object, **further: object) -> bytes:
    return orjson.dumps({"success": True, **further, "data": data})


def me(sandbox: Sandbox, call: Call) -> bytes:
    """Answer `/v1/users/me`."""
    user = sandbox.store.get("users", call.profile.user_id)
    if user is None:
        raise not_found("User not found or not accessible.")
    return _success({**user, "is_you": True, **COMPANY})


def user_settings(_sandbox: Sandbox, _call: Call) -> bytes:
    """Answer `/v1/userSettings`."""
    return _success(SETTINGS)


def user_connections(_sandbox: Sandbox, _call: Call) -> bytes:
    """Answer `/v1/userConnections`."""
    return _success({"google": "sandbox-123-4567890"})


def goals(sandbox: Sandbox, call: Call) -> bytes:
    """Answer `/v1/goals/find`."""
    everyone = call.query.keys() & (_GOALS.filters.keys() - {"is_active"})
    found = answer(sandbox, _GOALS if everyone else _OWN_GOALS, call, strict=False)
    return _success(
        {"goals": orjson.loads(found)["data"] or []},
        statusCode=20000,
        statusText="OK",
        service="statistics-goals-api",
    )


SPECIAL: Final = (
    Operation("GET", "/v1/users/me", 2, me),
    Operation("GET", "/v1/userSettings", 2, user_settings),
    Operation("GET", "/v1/userConnections", 20, user_connections),
    Operation("GET", "/v1/goals/find", 20, goals),
)
