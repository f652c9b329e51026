import time
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import requests_mock as mocking

from source_pipedrive.webhooks.scheduler import NotNowError, SyncFailedError, Wanted
from source_pipedrive.webhooks.targets.airbyte_jobs import AirbyteJobs

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
    """A platform with one connection, whose jobs are in a state that the test sets."""

    def __init__(self, api: mocking.Mocker) -> None:
        self.status = "succeeded"
        self.started: list[dict[str, Any]] = []
        self.tokens = 0
        api.get(f"{ROOT}/jobs", json=self._jobs, headers=JSON)
        api.post(f"{ROOT}/jobs", json=self._start, headers=JSON)
        api.post(f"{ROOT}/applications/token", json=self._give_token, headers=JSON)

    def _jobs(self, request: Any, _: Any) -> dict[str, Any]:
        self._check(request)
        assert request.qs["connectionid"] == [CONNECTION]
        found = request.qs["status"] == [self.status]
        return {"data": [{**JOB, "status": self.status}] if found else []}

    def _start(self, request: Any, _: Any) -> dict[str, Any]:
        self._check(request)
        self.started.append(request.json())
        return JOB

    def _give_token(self, request: Any, _: Any) -> dict[str, Any]:
        form = dict(parse_qsl(request.text))
        assert (form["client_id"], form["client_secret"]) == ("app-17", "app-secret-5d41")
        self.tokens += 1
        return {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 900}

    def _check(self, request: Any) -> None:
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


@pytest.mark.parametrize("streams", [None, {"deals"}])
def test_a_job_of_the_connection_is_started(
    airbyte: Airbyte, jobs: AirbyteJobs, streams: set[str] | None
) -> None:
    jobs.sync(streams)

    assert airbyte.started == [{"connectionId": CONNECTION, "jobType": "sync"}]


@pytest.mark.parametrize("status", ["pending", "running"])
def test_no_job_is_started_while_one_runs(airbyte: Airbyte, jobs: AirbyteJobs, status: str) -> None:
    airbyte.status = status

    with pytest.raises(NotNowError, match=status) as caught:
        jobs.sync(None)

    assert airbyte.started == []
    assert caught.value.seconds == 15


def test_between_two_jobs_there_is_a_pause(
    airbyte: Airbyte, jobs: AirbyteJobs, clock: list[float]
) -> None:
    jobs.sync(None)
    clock[0] += 100
    with pytest.raises(NotNowError) as caught:
        jobs.sync(None)
    clock[0] += 200
    jobs.sync(None)

    assert caught.value.seconds == 200
    assert len(airbyte.started) == 2


def test_a_job_that_somebody_else_started_in_between_is_respected(
    airbyte: Airbyte, jobs: AirbyteJobs, requests_mock: mocking.Mocker
) -> None:
    requests_mock.post(f"{ROOT}/jobs", status_code=409, json={"detail": "already running"})

    with pytest.raises(NotNowError):
        jobs.sync(None)

    assert airbyte.started == []


def test_an_application_fetches_a_token_and_keeps_it(airbyte: Airbyte) -> None:
    jobs = AirbyteJobs(AIRBYTE, CONNECTION, pause=0, application=("app-17", "app-secret-5d41"))

    jobs.sync(None)
    jobs.sync(None)

    assert airbyte.tokens == 1
    assert len(airbyte.started) == 2


def test_an_application_that_is_refused_is_told(requests_mock: mocking.Mocker) -> None:
    requests_mock.post(f"{ROOT}/applications/token", status_code=401)
    jobs = AirbyteJobs(AIRBYTE, CONNECTION, pause=0, application=("app-18", "app-secret-9c02"))

    with pytest.raises(SyncFailedError, match="401") as caught:
        jobs.sync(None)

    assert "app-secret-9c02" not in str(caught.value)


def test_the_address_of_the_api_itself_may_be_given_too(requests_mock: mocking.Mocker) -> None:
    api = requests_mock.get(
        "https://api.airbyte.example.com/v1/jobs", json={"data": [JOB]}, headers=JSON
    )
    jobs = AirbyteJobs("https://api.airbyte.example.com/v1/", CONNECTION, pause=0, token=TOKEN)

    with pytest.raises(NotNowError):
        jobs.sync(None)

    assert api.called


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusal_is_told_without_the_token(
    jobs: AirbyteJobs, requests_mock: mocking.Mocker, status: int
) -> None:
    requests_mock.get(f"{ROOT}/jobs", status_code=status, json={})

    with pytest.raises(SyncFailedError, match=str(status)) as caught:
        jobs.sync(None)

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        ({"exc": requests.ConnectionError}, "does not answer"),
        ({"exc": requests.Timeout}, "does not answer"),
        ({"text": "<html>"}, "answer is of no use"),
        ({"text": "<html>", "headers": JSON}, "answer is of no use"),
        ({"status_code": 302, "headers": {"location": "https://elsewhere.example.com"}}, "answer"),
    ],
    ids=["no connection", "no answer in time", "a page", "no JSON", "a redirect"],
)
def test_a_platform_that_does_not_answer_as_it_should_is_told(
    jobs: AirbyteJobs, requests_mock: mocking.Mocker, answer: dict[str, Any], phrase: str
) -> None:
    requests_mock.get(f"{ROOT}/jobs", **answer)

    with pytest.raises(SyncFailedError, match=phrase):
        jobs.sync(None)


def test_what_became_of_the_rows_is_the_business_of_the_platform(jobs: AirbyteJobs) -> None:
    wanted = Wanted("deals", "8", 0, None, is_deleted=False)

    assert jobs.missing([wanted]) == []
