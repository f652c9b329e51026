"""A Pipedrive sandbox as a process of its own, and a client for it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from pipedrive_sandbox.settings import DEFAULT_TOKEN

_TIMEOUT = 60.0


@dataclass(frozen=True)
class RunningSandbox:
    """Where a sandbox answers, and with which token."""

    url: str
    session: requests.Session = field(repr=False)
    token: str = DEFAULT_TOKEN

    @property
    def config(self) -> dict[str, Any]:
        """The connector's config for this account."""
        return {"api_key": self.token, "api_url": self.url}

    def api(self, method: str, path: str, **body: Any) -> Any:
        """Call the API as any client would; return `data`. Waits where the burst limit says so."""
        return self._call(method, path, body, {"x-api-token": self.token})["data"]

    def control(self, path: str, method: str = "GET", **body: Any) -> Any:
        """Call a control route, given below `/__sandbox/`; return its answer."""
        return self._call(method, f"__sandbox/{path}", body, {})

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return what a correct connector has read of a stream by now."""
        answer = self.session.get(f"{self.url}/__sandbox/dump/{stream}", timeout=_TIMEOUT)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.iter_lines()]

    def _call(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        answer = self.session.request(
            method, f"{self.url}/{path}", json=body or None, headers=headers, timeout=_TIMEOUT
        )
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_sandbox(**options: int | str) -> Iterator[RunningSandbox]:
    """Run a sandbox on a free port until the block is left.

    `options` are those of its command line: `deals=200, daily_budget=0`.
    """
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "pipedrive_sandbox", "--port=0", *given]
    patience = Retry(total=8, backoff_factor=0.5, status_forcelist={429}, allowed_methods=None)
    with (
        requests.Session() as session,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        session.mount("http://", HTTPAdapter(max_retries=patience))
        try:
            announcement = process.stdout.readline() if process.stdout else ""
            if not announcement:
                raise RuntimeError(f"the sandbox did not start: {' '.join(command)}")
            yield RunningSandbox(announcement.split()[-1], session)
        finally:
            process.terminate()
