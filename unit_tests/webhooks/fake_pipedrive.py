"""A fake Pipedrive that only has webhooks."""

from typing import Any

import requests_mock as mocking

from source_pipedrive.webhooks.credentials import Credentials

API = "https://acme.pipedrive.com"
COLLECTION = f"{API}/v1/webhooks"
URL = "https://hooks.example.com/pipedrive"
CREDENTIALS = Credentials("pipedrive", "hook-secret-7d1f0a93c5")
TOKEN = "test-token-1e9b55d07c3a"  # noqa: S105 - opens nothing


def a_webhook(**overrides: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "name": "source-pipedrive",
        "subscription_url": URL,
        "event_action": "*",
        "event_object": "*",
        "version": "2.0",
        "is_active": 1,
        "http_auth_user": CREDENTIALS.user,
        "http_auth_password": CREDENTIALS.password,
        "last_delivery_time": None,
        "last_http_status": None,
        "remove_reason": None,
        **overrides,
    }


class Pipedrive:
    """Stores webhooks as Pipedrive does, and logs all requests."""

    def __init__(self, api: mocking.Mocker) -> None:
        self.webhooks: list[dict[str, Any]] = []
        self.log: list[str] = []
        api.get(COLLECTION, json=self._list)
        api.post(COLLECTION, json=self._create, status_code=201)
        api.delete(mocking.ANY, json=self._delete)

    def _list(self, request: Any, _: Any) -> dict[str, Any]:
        self._log_request(request)
        return {"success": True, "data": self.webhooks}

    def _create(self, request: Any, _: Any) -> dict[str, Any]:
        self._log_request(request)
        last = max((one["id"] for one in self.webhooks), default=0)
        webhook = a_webhook(id=last + 1, **request.json())
        self.webhooks.append(webhook)
        return {"success": True, "data": webhook}

    def _delete(self, request: Any, context: Any) -> dict[str, Any]:
        self._log_request(request)
        number = int(request.path.rpartition("/")[2])
        context.status_code = 200 if any(one["id"] == number for one in self.webhooks) else 404
        self.webhooks = [one for one in self.webhooks if one["id"] != number]
        return {"success": True}

    def _log_request(self, request: Any) -> None:
        assert request.headers["x-api-token"] == TOKEN
        self.log.append(f"{request.method} {request.path}")
