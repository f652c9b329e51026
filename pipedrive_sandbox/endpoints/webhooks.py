"""`/v1/webhooks`: the registered webhooks.

https://pipedrive.readme.io/docs/guide-for-webhooks-v2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.data.company import COMPANY_ID
from pipedrive_sandbox.endpoints.declarations import Operation
from pipedrive_sandbox.endpoints.errors import ApiError
from pipedrive_sandbox.webhooks.payloads import OBJECTS

if TYPE_CHECKING:
    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.endpoints.declarations import Call
    from pipedrive_sandbox.store import Row

PER_USER: Final = 40
_ACTIONS: Final = ("create", "change", "delete", "*")
_OBJECTS: Final = (*OBJECTS.values(), "*")


def _error(status: int, **errors: str) -> ApiError:
    listed = {name: [text] for name, text in errors.items()}
    return ApiError(status, {"status": "error", "success": False, "errors": listed})


def list_webhooks(account: Account, _call: Call) -> bytes:
    """Answer GET: every webhook of the company."""
    return _success(data=list(account.store.find("webhooks")))


def create_webhook(account: Account, call: Call) -> bytes:
    """Answer POST: register a webhook."""
    body: Row = call.body if isinstance(call.body, dict) else {}
    _validate(body)
    owner = call.profile.user_id
    registered = account.store.find("webhooks", "user_id = ?", [owner])
    if sum(row["is_active"] for row in registered) >= PER_USER:
        raise _error(422, webhooks=f"limit of {PER_USER} webhooks per user reached")
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
        "add_time": Stamp.MILLIS.text(account.clock.now()),
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
    return _success(data=account.store.put("webhooks", row))


def delete_webhook(account: Account, call: Call) -> bytes:
    """Answer DELETE: remove the webhook."""
    if account.store.get("webhooks", call.path["id"]) is None:
        raise _error(404, id="not found")
    account.store.remove("webhooks", "id = ?", [call.path["id"]])
    return _success()


def _validate(body: Row) -> None:
    """Reject what the contract rejects, and version 1.0, which the sandbox does not send."""
    url = urlsplit(str(body.get("subscription_url", "")))
    host = url.hostname or ""
    if url.scheme not in {"http", "https"} or not host or f".{host}".endswith(".pipedrive.com"):
        raise _error(400, subscription_url="invalid or non-reachable URL")
    if body.get("event_action") not in _ACTIONS:
        raise _error(400, event_action=f"should be one of {', '.join(_ACTIONS)}")
    if body.get("event_object") not in _OBJECTS:
        raise _error(400, event_object=f"should be one of {', '.join(_OBJECTS)}")
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise _error(400, name="is required")
    if body.get("version", "2.0") != "2.0":
        raise _error(400, version="should be 2.0")


def _success(**further: Any) -> bytes:
    return orjson.dumps({"status": "ok", "success": True, **further})


WEBHOOKS: Final = (
    Operation("GET", "/v1/webhooks", 10, list_webhooks, "admin"),
    Operation("POST", "/v1/webhooks", 10, create_webhook, "admin", 201),
    Operation("DELETE", "/v1/webhooks/{id}", 6, delete_webhook, "admin"),
)
