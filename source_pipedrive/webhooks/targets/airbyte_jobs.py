"""Starts sync jobs on an Airbyte platform."""

import time
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import requests
from airbyte_api import AirbyteAPI
from airbyte_api.api import ListJobsRequest
from airbyte_api.errors import SDKError
from airbyte_api.models import (
    JobCreateRequest,
    JobStatusEnum,
    JobTypeEnum,
    SchemeClientCredentials,
    Security,
)
from requests.adapters import HTTPAdapter

from source_pipedrive.webhooks.targets.target import (
    ExpectedRow,
    SyncFailedError,
    SyncPostponedError,
)

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_TIMEOUT = (10, 60)
_SECONDS_BETWEEN_POLLS = 15


class _TimeoutAdapter(HTTPAdapter):
    """Sets a timeout for every request. Airbyte's library sets none."""

    def send(self, *args: Any, **options: Any) -> requests.Response:
        return super().send(*args, **{**options, "timeout": _TIMEOUT})


class AirbyteJobs:
    """A connection of an Airbyte platform. Implements `Target`.

    `url` is the address of the platform, such as `https://airbyte.example.com`. Credentials are a
    token, or id and secret of an application, with which tokens are fetched. A job is never
    started while another one runs, nor within `pause` seconds of the previous start.
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
        root = root if root.endswith("/v1") else f"{root}/api/public/v1"
        session = requests.Session()
        # a redirect would send the credentials to another address
        session.max_redirects = 0
        for scheme in ("https://", "http://"):
            session.mount(scheme, _TimeoutAdapter())
        self._jobs = AirbyteAPI(
            security=_security(root, token, application), server_url=root, client=session
        ).jobs
        self._connection_id = connection_id
        self._pause = pause
        self._next_start = 0.0

    def sync(self, rows: Collection[ExpectedRow] | None) -> None:
        """Start a job, which reads all streams of the connection. Raises `SyncPostponedError`."""
        wait = self._next_start - time.monotonic()
        if wait > 0:
            raise SyncPostponedError("the previous job was started only recently", wait)
        for status in (JobStatusEnum.PENDING, JobStatusEnum.RUNNING):
            unfinished = ListJobsRequest(self._connection_id, status=status, limit=1)
            found = self._call(self._jobs.list_jobs, unfinished).jobs_response
            if found and found.data:
                raise SyncPostponedError(
                    f"a job of the connection is {status.value}", _SECONDS_BETWEEN_POLLS
                )
        job = JobCreateRequest(self._connection_id, JobTypeEnum.SYNC)
        self._call(self._jobs.create_job, job)
        self._next_start = time.monotonic() + self._pause

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        """Return no rows: only the platform knows the warehouse."""
        return []

    @staticmethod
    def _call(method: Callable[[_Request], _Response], request: _Request) -> _Response:
        try:
            return method(request)
        except requests.RequestException as error:
            raise SyncFailedError(
                f"Airbyte cannot be reached ({type(error).__name__}). Check --url and the network."
            ) from error
        except SDKError as error:
            if error.status_code == HTTPStatus.CONFLICT:
                raise SyncPostponedError(
                    "the platform already runs a job of the connection", _SECONDS_BETWEEN_POLLS
                ) from error
            reason = str(error.status_code)
        except Exception as error:  # noqa: BLE001 - the library raises it if it gets no token
            reason = str(error)
        raise SyncFailedError(
            f"Airbyte gave an unexpected answer ({reason}), so no job was started. Check --url, "
            "--connection-id, and the credentials in the environment."
        )


def _security(root: str, token: str, application: tuple[str, str] | None) -> Security:
    if application is None:
        return Security(bearer_auth=token)
    client_id, client_secret = application
    return Security(
        client_credentials=SchemeClientCredentials(
            client_id, client_secret, token_url=f"{root}/applications/token"
        )
    )
