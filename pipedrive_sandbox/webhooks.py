"""`/v1/webhooks`: who wants to hear of what. Facts §6.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.company import COMPANY_ID
from pipedrive_sandbox.errors import ApiError
from pipedrive_sandbox.payloads import OBJECTS
from pipedrive_sandbox.sandbox import Operation

if TYPE_CHECKING:
    from pipedrive_sandbox.sandbox import Call, Sandbox
    from pipedrive_sandbox.store import Row

PER_USER: Final = 40
_ACTIONS: Final = ("create", "change", "delete", "*")
_WANTED: Final = (*OBJECTS.values(), "*")


def _refusal(status: int, **errors: str) -> ApiError:
    told = {name: [text] for name, text in errors.items()}
    return ApiError(status, {"status": "error", "success": False, "errors": told})


def listed(sandbox: Sandbox, _call: Call) -> bytes:
    """Answer GET: every webhook of the company."""
    sandbox.deliveries.settle()
    return _success(data=list(sandbox.store.find("webhooks")))


def created(sandbox: Sandbox, call: Call) -> bytes:
    """Answer POST: validate and register."""
    body: Row = call.body if isinstance(call.body, dict) else {}
    _validate(body)
    owner = call.profile.user_id
    held = sandbox.store.find("webhooks", "user_id = ?", [owner])
    if sum(row["is_active"] for row in held) >= PER_USER:
        raise _refusal(422, webhooks=f"limit of {PER_USER} webhooks per user reached")
    row: Row = {
        "id": None,
        "company_id": COMPANY_ID,
        "owner_id": owner,
        "user_id": body.get("user_id") or owner,
        "event_action": body["event_action"],
        "event_object": body["event_object"],
        "subscription_url": body["subscription_url"],
        "version": "2.0",
        "is_active": 1,
        "add_time": Stamp.MILLIS.text(sandbox.clock.now()),
        "remove_time": None,
        "type": "general",
        "http_auth_user": body.get("http_auth_user"),
        "http_auth_password": body.get("http_auth_password"),
        "remove_reason": None,
        "last_delivery_time": None,
        "last_http_status": None,
        "admin_id": owner,
        "name": body["name"],
    }
    return _success(data=sandbox.store.put("webhooks", row))


def deleted(sandbox: Sandbox, call: Call) -> bytes:
    """Answer DELETE: forget at once."""
    if sandbox.store.get("webhooks", call.path["id"]) is None:
        raise _refusal(404, id="not found")
    sandbox.store.remove("webhooks", "id = ?", [call.path["id"]])
    return _success()


def _validate(body: Row) -> None:
    """Refuse what the contract refuses; version 1.0 is refused because the sandbox sends none."""
    url = urlsplit(str(body.get("subscription_url", "")))
    host = url.hostname or ""
    if url.scheme not in {"http", "https"} or not host or f".{host}".endswith(".pipedrive.com"):
        raise _refusal(400, subscription_url="invalid or non-reachable URL")
    if body.get("event_action") not in _ACTIONS:
        raise _refusal(400, event_action=f"should be one of {', '.join(_ACTIONS)}")
    if body.get("event_object") not in _WANTED:
        raise _refusal(400, event_object=f"should be one of {', '.join(_WANTED)}")
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise _refusal(400, name="is required")
    if body.get("version", "2.0") != "2.0":
        raise _refusal(400, version="should be 2.0")


def _success(**further: Any) -> bytes:
    return orjson.dumps({"status": "ok", "success": True, **further})


WEBHOOKS: Final = (
    Operation("GET", "/v1/webhooks", 10, listed, "admin"),
    Operation("POST", "/v1/webhooks", 10, created, "admin", 201),
    Operation("DELETE", "/v1/webhooks/{id}", 6, deleted, "admin"),
)
