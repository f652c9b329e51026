import time
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import requests_mock as mocking

from source_pipedrive.webhooks.targets.airbyte_jobs import AirbyteJobs
from source_pipedrive.webhooks.targets.target import (
    ExpectedRow,
    SyncFailedError,
    SyncPostponedError,
)

AIRBYTE = "https://airbyte.example.com"
ROOT = f"{AIRBYTE}/api/public/v1"
CONNECTION = "0f4e6d5c-9a3b-4c2d-8e1f-7a6b5c4d3e2f"
TOKEN = "airbyte-token-b1946ac92492"  # noqa: S105 - opens nothing


JSON = {"content-type": "application/json"}
JOB = {
    "jobId": 1,
    "jobType": "sync",
    "startTime": "2026-11-27T10:00:00Z",
    "status": "running",
    "connectionId": CONNECTION,
}


class Airbyte:
    """A platform with one connection, whose jobs have the status that the test sets."""

    def __init__(self, api: mocking.Mocker) -> None:
        self.status = "succeeded"
        self.started: list[dict[str, Any]] = []
        self.tokens = 0
        api.get(f"{ROOT}/jobs", json=self._jobs, headers=JSON)
        api.post(f"{ROOT}/jobs", json=self._start, headers=JSON)
        api.post(f"{ROOT}/applications/token", json=self._token, headers=JSON)

    def _jobs(self, request: Any, _: Any) -> dict[str, Any]:
        self._check_token(request)
        assert request.qs["connectionid"] == [CONNECTION]
        found = request.qs["status"] == [self.status]
        return {"data": [{**JOB, "status": self.status}] if found else []}

    def _start(self, request: Any, _: Any) -> dict[str, Any]:
        self._check_token(request)
        self.started.append(request.json())
        return JOB

    def _token(self, request: Any, _: Any) -> dict[str, Any]:
        form = dict(parse_qsl(request.text))
        assert (form["client_id"], form["client_secret"]) == ("app-17", "app-secret-5d41")
        self.tokens += 1
        return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900}

    def _check_token(self, request: Any) -> None:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.fixture
def airbyte(requests_mock: mocking.Mocker) -> Airbyte:
    return Airbyte(requests_mock)


@pytest.fixture
def jobs() -> AirbyteJobs:
    return AirbyteJobs(AIRBYTE, CONNECTION, pause=300, token=TOKEN)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("rows", [None, [ExpectedRow("deals", "7", 0, None, is_deleted=False)]])
def test_a_sync_starts_a_job_of_the_connection(
    airbyte: Airbyte, jobs: AirbyteJobs, rows: list[ExpectedRow] | None
) -> None:
    jobs.sync(rows)

    assert airbyte.started == [{"connectionId": CONNECTION, "jobType": "sync"}]


@pytest.mark.parametrize("status", ["pending", "running"])
def test_no_job_starts_while_one_is_unfinished(
    airbyte: Airbyte, jobs: AirbyteJobs, status: str
) -> None:
    airbyte.status = status

    with pytest.raises(SyncPostponedError, match=status) as caught:
        jobs.sync(None)

    assert airbyte.started == []
    assert caught.value.seconds == 15


def test_two_jobs_start_no_sooner_than_the_pause_allows(
    airbyte: Airbyte, jobs: AirbyteJobs, clock: list[float]
) -> None:
    jobs.sync(None)
    clock[0] += 100
    with pytest.raises(SyncPostponedError) as caught:
        jobs.sync(None)
    clock[0] += 200
    jobs.sync(None)

    assert caught.value.seconds == 200
    assert len(airbyte.started) == 2


def test_a_job_that_another_user_just_started_postpones_the_sync(
    airbyte: Airbyte, jobs: AirbyteJobs, requests_mock: mocking.Mocker
) -> None:
    requests_mock.post(f"{ROOT}/jobs", status_code=409, json={"detail": "already running"})

    with pytest.raises(SyncPostponedError):
        jobs.sync(None)

    assert airbyte.started == []


def test_an_application_fetches_a_token_and_keeps_it(airbyte: Airbyte) -> None:
    jobs = AirbyteJobs(AIRBYTE, CONNECTION, pause=0, application=("app-17", "app-secret-5d41"))

    jobs.sync(None)
    jobs.sync(None)

    assert airbyte.tokens == 1
    assert len(airbyte.started) == 2


def test_a_rejected_application_is_reported_without_its_secret(
    requests_mock: mocking.Mocker,
) -> None:
    requests_mock.post(f"{ROOT}/applications/token", status_code=401)
    jobs = AirbyteJobs(AIRBYTE, CONNECTION, pause=0, application=("app-18", "app-secret-9c02"))

    with pytest.raises(SyncFailedError, match="401") as caught:
        jobs.sync(None)

    assert "app-secret-9c02" not in str(caught.value)


def test_the_url_of_the_api_itself_is_accepted(requests_mock: mocking.Mocker) -> None:
    api = requests_mock.get(
        "https://api.airbyte.example.com/v1/jobs", json={"data": [JOB]}, headers=JSON
    )
    jobs = AirbyteJobs("https://api.airbyte.example.com/v1/", CONNECTION, pause=0, token=TOKEN)

    with pytest.raises(SyncPostponedError):
        jobs.sync(None)

    assert api.called


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_error_status_is_reported_without_the_token(
    jobs: AirbyteJobs, requests_mock: mocking.Mocker, status: int
) -> None:
    requests_mock.get(f"{ROOT}/jobs", status_code=status, json={})

    with pytest.raises(SyncFailedError, match=str(status)) as caught:
        jobs.sync(None)

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        ({"exc": requests.ConnectionError}, "cannot be reached"),
        ({"exc": requests.Timeout}, "cannot be reached"),
        ({"text": "<html>"}, "unexpected answer"),
        ({"text": "<html>", "headers": JSON}, "unexpected answer"),
        (
            {"status_code": 302, "headers": {"location": "https://elsewhere.example.com"}},
            "cannot be reached",
        ),
    ],
    ids=["no connection", "timeout", "HTML", "invalid JSON", "redirect"],
)
def test_an_unusable_answer_is_reported(
    jobs: AirbyteJobs, requests_mock: mocking.Mocker, answer: dict[str, Any], phrase: str
) -> None:
    requests_mock.get(f"{ROOT}/jobs", **answer)

    with pytest.raises(SyncFailedError, match=phrase):
        jobs.sync(None)


def test_no_row_counts_as_missing(jobs: AirbyteJobs) -> None:
    row = ExpectedRow("deals", "8", 0, None, is_deleted=False)

    assert jobs.missing([row]) == []
