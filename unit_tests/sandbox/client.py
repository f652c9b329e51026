"""The one way in which these tests talk to a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import requests

if TYPE_CHECKING:
    from pipedrive_sandbox.sandbox import Sandbox

TOKEN = "sandbox-token-for-tests-8d1f4a7c0be35962"  # noqa: S105 - opens nothing


class Client:
    """Talks to one sandbox: as the administrator, unless told otherwise."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url = url
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["x-api-token"] = TOKEN

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=10, **options)

    def get(self, path: str, /, **query: Any) -> requests.Response:
        return self.request("GET", path, params=query)

    def body(self, path: str, /, **query: Any) -> dict[str, Any]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def write(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.request(method, path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        written: dict[str, Any] = answer.json()
        return written

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.request(method, f"/__sandbox{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def dump(self, stream: str) -> list[dict[str, Any]]:
        answer = self.get(f"/__sandbox/dump/{stream}")
        assert answer.status_code == 200, answer.text
        return [orjson.loads(line) for line in answer.text.splitlines()]

    def walk(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Read every page of a list, of either API version."""
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
        other = Client(self.url, self.sandbox)
        other.session.headers["x-api-token"] = f"{TOKEN}-{profile}"
        return other
