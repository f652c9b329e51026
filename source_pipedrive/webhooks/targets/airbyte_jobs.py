"""Starts sync jobs on an Airbyte platform."""

import time
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Any

import requests

from source_pipedrive.webhooks.targets.target import (
    ExpectedRow,
    SyncFailedError,
    SyncPostponedError,
)

_TIMEOUT = (10, 60)
_SECONDS_BETWEEN_POLLS = 15
# a token is renewed so long before its end
_SECONDS_OF_RESERVE = 60


class AirbyteJobs:
    """A connection of an Airbyte platform. Implements `Target`.

    `url` is the address of the platform, such as `https://airbyte.example.com`. Credentials are a
    token, or id and secret of an application, with which tokens are fetched. A job is never
    started while another one runs, nor within `pause` seconds of the previous start.
    https://reference.airbyte.com/reference/createjob

    Airbyte's client library is not used: PyAirbyte requires a version below 1.0, whose protocol
    the current version does not have.
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
        root = root if root.endswith("/v1") else f"{root}/api/public/v1"
        self._platform = _Platform(root, token, application)
        self._connection_id = connection_id
        self._pause = pause
        self._next_start = 0.0

    def sync(self, rows: Collection[ExpectedRow] | None) -> None:
        """Start a job, which reads all streams of the connection. Raises `SyncPostponedError`."""
        wait = self._next_start - time.monotonic()
        if wait > 0:
            raise SyncPostponedError("the previous job was started only recently", wait)
        for status in ("pending", "running"):
            unfinished = {"connectionId": self._connection_id, "status": status, "limit": "1"}
            if self._platform.call("GET", "/jobs", params=unfinished).get("data"):
                raise SyncPostponedError(
                    f"a job of the connection is {status}", _SECONDS_BETWEEN_POLLS
                )
        job = {"connectionId": self._connection_id, "jobType": "sync"}
        self._platform.call("POST", "/jobs", json=job)
        self._next_start = time.monotonic() + self._pause

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        """Return no rows: only the platform knows the warehouse."""
        return []


class _Platform:
    """The API of a platform. Its errors name no credentials."""

    def __init__(self, root: str, token: str, application: tuple[str, str] | None) -> None:
        self._root = root
        self._session = requests.Session()
        # a redirect would send the credentials to another address
        self._session.max_redirects = 0
        self._application = application
        self._token = token
        self._token_ends = 0.0 if application else float("inf")

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Send a request, and return the object in its answer."""
        if time.monotonic() >= self._token_ends and self._application:
            self._fetch_token(*self._application)
        return self._send(method, path, auth=self._authorize, **options)

    def _fetch_token(self, client_id: str, client_secret: str) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        answer = self._send("POST", "/applications/token", data=form)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str):
            raise _unexpected("it has no token")
        self._token = token
        lifetime = seconds if isinstance(seconds, int) else 0
        self._token_ends = time.monotonic() + lifetime - _SECONDS_OF_RESERVE

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _send(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = self._session.request(
                method, f"{self._root}{path}", timeout=_TIMEOUT, **options
            )
        except requests.RequestException as error:
            raise SyncFailedError(
                f"Airbyte cannot be reached ({type(error).__name__}). Check --url and the network."
            ) from error
        if response.status_code == HTTPStatus.CONFLICT:
            raise SyncPostponedError(
                "the platform already runs a job of the connection", _SECONDS_BETWEEN_POLLS
            )
        if response.status_code == HTTPStatus.UNAUTHORIZED and self._application:
            # the next call fetches a new token
            self._token_ends = 0
        if not response.ok:
            raise _unexpected(str(response.status_code))
        try:
            answer = response.json()
        except ValueError as error:
            raise _unexpected("it is not JSON") from error
        if not isinstance(answer, dict):
            raise _unexpected("it is not an object")
        return answer


def _unexpected(reason: str) -> SyncFailedError:
    return SyncFailedError(
        f"Airbyte gave an unexpected answer ({reason}), so no job was started. Check --url, "
        "--connection-id, and the credentials in the environment."
    )
