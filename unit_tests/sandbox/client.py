"""A client for the sandbox that a test runs in a thread of its own process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipedrive_sandbox.client import RunningSandbox

if TYPE_CHECKING:
    import requests

    from pipedrive_sandbox.sandbox import Sandbox

TOKEN = "sandbox-token-for-tests-8d1f4a7c0be35962"  # noqa: S105 - opens nothing


@dataclass(frozen=True, kw_only=True)
class Client(RunningSandbox):
    """Calls one sandbox as the administrator; `as_profile` returns a client for another user."""

    sandbox: Sandbox = field(repr=False)

    def get(self, path: str, /, **query: Any) -> requests.Response:
        return self.request("GET", path, params=query)

    def body(self, path: str, /, **query: Any) -> dict[str, Any]:
        """Return the body of a GET that succeeds."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def write(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the body of a POST or DELETE that succeeds."""
        answer = self.request(method, path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        written: dict[str, Any] = answer.json()
        return written

    def mutate(self, table: str, action: str, **more: Any) -> list[Any]:
        """Change rows through the control route; return their ids."""
        ids: list[Any] = self.control("mutate", "POST", table=table, action=action, **more)["ids"]
        return ids

    def read(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return the rows of all pages of a list, of either API version."""
        rows: list[dict[str, Any]] = []
        page: dict[str, Any] = {}
        while True:
            body = self.body(path, **query, **page)
            rows += body["data"] or []
            additional = body.get("additional_data") or {}
            if "pagination" in additional:
                if not additional["pagination"]["more_items_in_collection"]:
                    return rows
                page = {"start": additional["pagination"]["next_start"]}
            elif additional.get("next_cursor"):
                page = {"cursor": additional["next_cursor"]}
            else:
                return rows

    def as_profile(self, profile: str) -> Client:
        return replace(self, token=f"{self.token}-{profile}")
