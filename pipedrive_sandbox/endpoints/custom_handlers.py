"""Reads with a handler of their own: the caller, the caller's settings, goals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.data.company import COMPANY
from pipedrive_sandbox.endpoints.declarations import Extra, Operation, Paging, Read
from pipedrive_sandbox.endpoints.errors import not_found
from pipedrive_sandbox.endpoints.pages import answer
from pipedrive_sandbox.endpoints.parameters import Filter, boolean, equals, word

if TYPE_CHECKING:
    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.endpoints.declarations import Call

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
_GOAL_TYPE: Final = Filter(
    word(
        "deals_won",
        "deals_progressed",
        "activities_completed",
        "activities_added",
        "deals_started",
    ),
    lambda value, _table, _now: ("json_extract(body, '$.type.name') = ?", [value]),
)
_GOALS: Final = Read(
    table="goals",
    paging=Paging.NONE,
    extra=Extra.ABSENT,
    unless={"is_active": "is_active = 1"},
    filters={"is_active": equals("is_active", boolean), "type.name": _GOAL_TYPE},
)
#: Without `type.name`, the API returns the caller's own goals only.
_OWN_GOALS: Final = replace(_GOALS, where="owner_id = :user")


def _success(data: object, **further: object) -> bytes:
    return orjson.dumps({"success": True, **further, "data": data})


def me(account: Account, call: Call) -> bytes:
    """Answer `/v1/users/me`."""
    user = account.store.get("users", call.profile.user_id)
    if user is None:
        raise not_found("User not found or not accessible.")
    return _success({**user, "is_you": True, **COMPANY})


def user_settings(_account: Account, _call: Call) -> bytes:
    """Answer `/v1/userSettings`."""
    return _success(SETTINGS)


def goals(account: Account, call: Call) -> bytes:
    """Answer `/v1/goals/find`."""
    read = _GOALS if "type.name" in call.query else _OWN_GOALS
    found = answer(account, read, call, strict=False)
    return _success(
        {"goals": orjson.loads(found)["data"] or []},
        statusCode=20000,
        statusText="OK",
        service="statistics-goals-api",
    )


CUSTOM_HANDLERS: Final = (
    Operation("GET", "/v1/users/me", 2, me),
    Operation("GET", "/v1/userSettings", 2, user_settings),
    Operation("GET", "/v1/goals/find", 20, goals),
)
