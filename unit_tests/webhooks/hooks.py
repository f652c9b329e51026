"""A Pipedrive that has webhooks and nothing else."""

from typing import Any

import requests_mock as mocking

from source_pipedrive.webhooks.credentials import Credentials

API = "https://acme.pipedrive.com"
HOOKS = f"{API}/v1/webhooks"
URL = "https://hooks.example.com/pipedrive"
CREDENTIALS = Credentials("pipedrive", "hook-secret-7d1f0a93c5")
TOKEN = "test-token-1e9b55d07c3a"  # noqa: S105 - opens nothing


def a_hook(**overrides: Any) -> dict[str, Any]:
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
    """Keeps webhooks as Pipedrive does, and a log of what was asked."""

    def __init__(self, api: mocking.Mocker) -> None:
        self.hooks: list[dict[str, Any]] = []
        self.log: list[str] = []
        api.get(HOOKS, json=self._list)
        api.post(HOOKS, json=self._create, status_code=201)
        api.delete(mocking.ANY, json=self._delete)

    def _list(self, request: Any, _: Any) -> dict[str, Any]:
        self._note(request)
        return {"success": True, "data": self.hooks}

    def _create(self, request: Any, _: Any) -> dict[str, Any]:
        self._note(request)
        hook = a_hook(id=max([0, *(hook["id"] for hook in self.hooks)]) + 1, **request.json())
        self.hooks.append(hook)
        return {"success": True, "data": hook}

    def _delete(self, request: Any, context: Any) -> dict[str, Any]:
        self._note(request)
        number = int(request.path.rpartition("/")[2])
        context.status_code = 200 if any(hook["id"] == number for hook in self.hooks) else 404
        self.hooks = [hook for hook in self.hooks if hook["id"] != number]
        return {"success": True}

    def _note(self, request: Any) -> None:
        assert request.headers["x-api-token"] == TOKEN
        self.log.append(f"{request.method} {request.path}")
