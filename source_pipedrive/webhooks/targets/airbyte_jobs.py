"""Starts sync jobs of an Airbyte platform, which then reads by itself."""

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

from source_pipedrive.webhooks.scheduler import NotNowError, SyncFailedError, Wanted

_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")
_TIMEOUT = (10, 60)
# seconds until the next look while a job runs
_LOOKS = 15


class _Impatient(HTTPAdapter):
    """Gives up on a platform that does not answer; Airbyte's library would wait for ever."""

    def send(self, *args: Any, **options: Any) -> requests.Response:
        return super().send(*args, **{**options, "timeout": _TIMEOUT})


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
        root = root if root.endswith("/v1") else f"{root}/api/public/v1"
        session = requests.Session()
        # a redirect would carry the credentials elsewhere
        session.max_redirects = 0
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Impatient())
        security = (
            Security(
                client_credentials=SchemeClientCredentials(
                    *application, token_url=f"{root}/applications/token"
                )
            )
            if application
            else Security(bearer_auth=token)
        )
        self._jobs = AirbyteAPI(security=security, server_url=root, client=session).jobs
        self._connection_id = connection_id
        self._pause = pause
        self._next_start = 0.0

    def sync(self, streams: Collection[str] | None) -> None:
        """Start a job, which reads all streams of the connection. Raises `NotNowError`."""
        wait = self._next_start - time.monotonic()
        if wait > 0:
            raise NotNowError("the previous job was started too short a time ago", wait)
        for status in (JobStatusEnum.PENDING, JobStatusEnum.RUNNING):
            unfinished = ListJobsRequest(self._connection_id, status=status, limit=1)
            found = self._ask(self._jobs.list_jobs, unfinished).jobs_response
            if found and found.data:
                raise NotNowError(f"a job of the connection is {status.value}", _LOOKS)
        job = JobCreateRequest(self._connection_id, JobTypeEnum.SYNC)
        self._ask(self._jobs.create_job, job)
        self._next_start = time.monotonic() + self._pause

    def missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return none: where the rows go is the platform's business."""
        return []

    @staticmethod
    def _ask(call: Callable[[_Request], _Answer], request: _Request) -> _Answer:
        try:
            return call(request)
        except requests.RequestException as error:
            raise SyncFailedError(f"Airbyte does not answer ({type(error).__name__}).") from error
        except SDKError as error:
            if error.status_code == HTTPStatus.CONFLICT:
                raise NotNowError("the platform runs a job of it already", _LOOKS) from error
            answer = str(error.status_code)
        except Exception as error:  # noqa: BLE001 - the library raises it, for want of a token
            answer = str(error)
        raise SyncFailedError(
            f"Airbyte's answer is of no use: {answer}. Check --url, --connection-id and the "
            "credentials in the environment."
        )
