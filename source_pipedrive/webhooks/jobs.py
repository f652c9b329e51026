"""Starts sync jobs of an Airbyte platform, which then reads by itself."""

import time
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import requests

from source_pipedrive.webhooks.trigger import NotNowError, SyncFailedError, Wanted

_TIMEOUT = (10, 60)
# seconds until the next look while a job runs
_LOOKS = 15
# A token of an application lives 15 minutes or less, depending on the platform.
_SECONDS_OF_A_TOKEN = 120


class AirbyteJobs:
    """A connection of an Airbyte platform, whose sync is started when there is something to read.

    `url` is where the platform answers, such as `https://airbyte.example.com`. Authorised by a
    token, or by id and secret of an application, for which tokens are fetched. Never starts a job
    while one runs, nor within `pause` seconds of the previous one. Implements `trigger.Target`.
    https://reference.airbyte.com/reference/createjob
    """

    def __init__(
        self,
        url: str,
        connection_id: str,
        pause: float,
        *,
        token: str = "",
        application: tuple[str, str] | None = None,
    ) -> None:
        root = url.rstrip("/")
        self._root = root if root.endswith("/v1") else f"{root}/api/public/v1"
        self._connection_id = connection_id
        self._pause = pause
        self._token = token
        self._application = application
        self._token_until = 0.0
        self._next_start = 0.0
        self._session = requests.Session()

    def sync(self, streams: Collection[str] | None) -> None:
        """Start a job, which reads all streams of the connection. Raises `NotNowError`."""
        wait = self._next_start - time.monotonic()
        if wait > 0:
            raise NotNowError("the previous job was started too short a time ago", wait)
        for status in ("pending", "running"):
            query = {"connectionId": self._connection_id, "status": status, "limit": 1}
            if self._ask("GET", "jobs", params=query).get("data"):
                raise NotNowError(f"a job of the connection is {status}", _LOOKS)
        job = {"connectionId": self._connection_id, "jobType": "sync"}
        self._ask("POST", "jobs", json=job)
        self._next_start = time.monotonic() + self._pause

    def missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return none: where the rows go is the platform's business."""
        return []

    def _ask(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        if self._application and time.monotonic() >= self._token_until:
            client_id, client_secret = self._application
            names = {"client_id": client_id, "client_secret": client_secret}
            self._token = self._send("POST", "applications/token", json=names)["access_token"]
            self._token_until = time.monotonic() + _SECONDS_OF_A_TOKEN
        authorization = {"authorization": f"Bearer {self._token}"}
        return self._send(method, path, headers=authorization, **options)

    def _send(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        try:
            answer = self._session.request(
                method, f"{self._root}/{path}", timeout=_TIMEOUT, allow_redirects=False, **options
            )
            body: Mapping[str, Any] = answer.json() if answer.ok else {}
        except requests.RequestException as error:
            raise SyncFailedError(f"Airbyte does not answer ({type(error).__name__}).") from error
        if answer.status_code == HTTPStatus.CONFLICT:
            raise NotNowError("the platform runs a job of the connection already", _LOOKS)
        if not answer.ok:
            raise SyncFailedError(
                f"Airbyte refused {path} ({answer.status_code}). Check --url, --connection-id and "
                "the credentials in the environment."
            )
        return body
