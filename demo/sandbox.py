"""A Pipedrive sandbox as a process of its own, and a client for it."""

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


def _patient_session() -> requests.Session:
    session = requests.Session()
    retry = Retry(total=8, backoff_factor=0.5, status_forcelist={429}, allowed_methods=None)
    session.mount("http://", HTTPAdapter(max_retries=retry))
    return session


@dataclass(frozen=True)
class RunningSandbox:
    """Where a sandbox answers, and with which token."""

    url: str
    token: str = DEFAULT_TOKEN
    _session: requests.Session = field(default_factory=_patient_session, repr=False)

    @property
    def config(self) -> dict[str, Any]:
        """The connector's config for this account."""
        return {"api_key": self.token, "api_url": self.url}

    def api(self, method: str, path: str, **body: Any) -> Any:
        """Call the API as any client would; return `data`. Waits where the burst limit says so."""
        answer = self._session.request(
            method,
            f"{self.url}/{path}",
            json=body or None,
            headers={"x-api-token": self.token},
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        return answer.json()["data"]

    def control(self, path: str, method: str = "GET", **body: Any) -> Any:
        """Call a control route, given below `/__sandbox/`; return its answer."""
        answer = self._session.request(
            method, f"{self.url}/__sandbox/{path}", json=body or None, timeout=_TIMEOUT
        )
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running_sandbox(*options: str) -> Iterator[RunningSandbox]:
    """Run `python -m pipedrive_sandbox` with `options` on a free port until the block is left."""
    command = [sys.executable, "-m", "pipedrive_sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            announcement = process.stdout.readline() if process.stdout else ""
            if not announcement:
                raise RuntimeError(f"the sandbox did not start: {' '.join(command)}")
            yield RunningSandbox(announcement.split()[-1])
        finally:
            process.terminate()
