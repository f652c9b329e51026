"""Reads that are no list of stored rows: the caller, and the caller's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from pipedrive_sandbox.company import COMPANY
from pipedrive_sandbox.errors import not_found
from pipedrive_sandbox.sandbox import Operation

if TYPE_CHECKING:
    from pipedrive_sandbox.sandbox import Call, Sandbox


def success(data: object, **further: object) -> bytes:
    """Render the envelope of an answer."""
    return orjson.dumps({"success": True, **further, "data": data})


def me(sandbox: Sandbox, call: Call) -> bytes:
    """Answer `/v1/users/me`."""
    user = sandbox.store.get("users", call.profile.user_id)
    if user is None:
        raise not_found("User not found or not accessible.")
    return success({**user, "is_you": True, **COMPANY})


SETTINGS: dict[str, Any] = {
    "marketplace_team": False,
    "list_limit": 100,
    "beta_app": True,
    "prevent_salesphone_callto_override": False,
    "file_upload_destination": "s3",
    "callto_link_syntax": "callto:[number]",
    "autofill_deal_expected_close_date": False,
    "person_duplicate_condition": "name && (org_id || email || phone)",
}


def user_settings(_sandbox: Sandbox, _call: Call) -> bytes:
    """Answer `/v1/userSettings`."""
    return success(SETTINGS)


SPECIAL = (
    Operation("GET", "/v1/users/me", 2, me),
    Operation("GET", "/v1/userSettings", 2, user_settings),
)
