"""Runs a sandbox as a process of its own, and talks to a running one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from pipedrive_sandbox.clock import ZERO_TIME
from pipedrive_sandbox.settings import DEFAULT_TOKEN

_TIMEOUT = 60.0


@dataclass(frozen=True)
class RunningSandbox:
    """A running sandbox: its URL, and the token with which the API is called."""

    url: str
    session: requests.Session = field(repr=False)
    token: str = DEFAULT_TOKEN

    @property
    def config(self) -> dict[str, Any]:
        """The connector's config for this account."""
        return {"api_key": self.token, "api_url": self.url}

    def oauth_config(self, **options: Any) -> dict[str, Any]:
        """Authorize an app, and return the connector's config with its credentials.

        `options` are `profile` and `scopes`.
        """
        credentials = self.control("oauth", "POST", action="authorize", **options)
        return {
            "credentials": {"auth_type": "oauth2.0", **credentials, "api_domain": self.url},
        }

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request to the API, `options` as for `requests`; return any answer."""
        options["headers"] = {"x-api-token": self.token, **options.get("headers", {})}
        return self.session.request(
            method, f"{self.url}/{path.lstrip('/')}", timeout=_TIMEOUT, **options
        )

    def api(self, method: str, path: str, **body: Any) -> Any:
        """Call the API as any client would; return `data`."""
        answer = self.request(method, path, json=body or None)
        answer.raise_for_status()
        return answer.json()["data"]

    def control(self, path: str, method: str = "GET", **body: Any) -> Any:
        """Call a control route, given below `/__sandbox/`; return its answer."""
        answer = self.request(method, f"__sandbox/{path}", json=body or None)
        answer.raise_for_status()
        return answer.json()

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return what a correct connector has read of a stream by now."""
        answer = self.request("GET", f"__sandbox/dump/{stream}")
        answer.raise_for_status()
        return [orjson.loads(line) for line in answer.content.splitlines()]

    def copied_rows(self, stream: str) -> list[dict[str, Any]]:
        """Return the same rows as a warehouse can hold them: null instead of a zero date."""
        return [
            {name: None if value == ZERO_TIME else value for name, value in row.items()}
            for row in self.rows(stream)
        ]


@contextmanager
def running_sandbox(**options: int | str) -> Iterator[RunningSandbox]:
    """Run a sandbox on a free port until the block is left.

    `options` are those of its command line: `deals=200, daily_budget=0`. The client waits and
    repeats a request that the burst limit refused.
    """
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "pipedrive_sandbox", "--port=0", *given]
    retry = Retry(total=8, backoff_factor=0.5, status_forcelist={429}, allowed_methods=None)
    with (
        requests.Session() as session,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        for scheme in list(session.adapters):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        try:
            announcement = process.stdout.readline() if process.stdout else ""
            if not announcement:
                raise RuntimeError(f"the sandbox did not start: {' '.join(command)}")
            yield RunningSandbox(announcement.split()[-1], session)
        finally:
            process.terminate()
