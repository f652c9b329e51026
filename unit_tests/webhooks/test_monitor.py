import asyncio
import logging
from typing import Any

import pytest

from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.webhooks.monitor import WebhookMonitor
from source_pipedrive.webhooks.registration import Registrar, RegistrarError
from unit_tests.webhooks.fake_pipedrive import (
    API,
    COLLECTION,
    CREDENTIALS,
    TOKEN,
    URL,
    Pipedrive,
    a_webhook,
)


class Gaps:
    """Counts how often events may have been lost."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def gaps() -> Gaps:
    return Gaps()


@pytest.fixture
def monitor(gaps: Gaps) -> WebhookMonitor:
    return WebhookMonitor(Registrar(ApiKeyAccess(TOKEN, API)), URL, CREDENTIALS, gaps)


def test_a_webhook_without_failures_is_left_unchanged(
    pipedrive: Pipedrive, monitor: WebhookMonitor, gaps: Gaps
) -> None:
    pipedrive.webhooks = [a_webhook(last_http_status=200)]

    monitor.check()

    assert pipedrive.log == ["GET /v1/webhooks"]
    assert gaps.count == 0


@pytest.mark.parametrize(
    "listed",
    [[], [a_webhook(is_active=0, remove_reason="no success on 3 days")], [a_webhook(name="Zap")]],
)
def test_a_removed_webhook_is_registered_again_and_the_gap_reported(
    pipedrive: Pipedrive,
    monitor: WebhookMonitor,
    gaps: Gaps,
    caplog: pytest.LogCaptureFixture,
    listed: list[dict[str, Any]],
) -> None:
    pipedrive.webhooks = listed

    monitor.check()

    assert pipedrive.log[-1] == "POST /v1/webhooks"
    assert gaps.count == 1
    assert "registered again" in caplog.text
    if listed and listed[0]["remove_reason"]:
        assert "no success on 3 days" in caplog.text


def test_failing_deliveries_are_reported_as_gaps_until_one_check_after_they_stop(
    pipedrive: Pipedrive, monitor: WebhookMonitor, gaps: Gaps, caplog: pytest.LogCaptureFixture
) -> None:
    counts = []
    for status in (200, 401, 401, 200, 200):
        pipedrive.webhooks = [a_webhook(last_http_status=status)]
        monitor.check()
        counts.append(gaps.count)

    # the last gap is reported by the check that finds deliveries working again
    assert counts == [0, 1, 2, 3, 3]
    assert "answered with 401" in caplog.text


def test_a_failed_registration_or_check_is_retried(
    monitor: WebhookMonitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    def start() -> None:
        steps.append("start")
        if len(steps) == 1:
            raise RegistrarError("Pipedrive answered with an error (401).")

    def check() -> None:
        steps.append("check")
        if steps.count("check") == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(monitor, "start", start)
    monkeypatch.setattr(monitor, "check", check)
    caplog.set_level(logging.ERROR)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(monitor.run(every=0))

    assert steps == ["start", "start", "check", "check"]
    assert "Pipedrive answered with an error (401)" in caplog.text


ODD_ANSWERS: dict[str, Any] = {
    "an object in place of the list": {"data": {"items": []}},
    "a row without an address": {"data": [{"id": 1}]},
    "a text in place of the list": {"data": "x"},
    "a text in the list": {"data": ["x"]},
    "an id that is an object": {"data": [a_webhook(id={"value": 1})]},
    "no data": {"success": True},
    "null": None,
    "a text": "x",
    "a list": [],
}


@pytest.mark.parametrize("case", ODD_ANSWERS)
def test_an_odd_answer_is_logged_and_neither_ends_the_checks_nor_registers(
    requests_mock: Any,
    monitor: WebhookMonitor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    checks: list[float] = []
    listing = requests_mock.get(COLLECTION, json=ODD_ANSWERS[case])

    sleep = asyncio.sleep

    async def wait(seconds: float) -> None:
        if seconds != 600:
            # a server that another test left running, in a thread of its own
            await sleep(seconds)
            return
        checks.append(seconds)
        if len(checks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(monitor, "start", monitor.check)
    monkeypatch.setattr(asyncio, "sleep", wait)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(monitor.run(every=600))

    assert listing.call_count == 3
    assert caplog.text.count("The webhook could not be checked.") == 3
    assert caplog.text.count("is not the expected JSON") == 3


def test_an_unforeseen_failure_of_a_check_does_not_end_the_checks(
    monitor: WebhookMonitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    def check() -> None:
        steps.append("check")
        if len(steps) == 3:
            raise KeyboardInterrupt
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(monitor, "start", check)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(monitor.run(every=0))

    assert caplog.text.count("The check failed.") == 2


def test_the_company_of_the_registered_webhook_is_reported(pipedrive: Pipedrive) -> None:
    companies: list[str] = []
    pipedrive.webhooks = [a_webhook(company_id=4711)]
    registrar = Registrar(ApiKeyAccess(TOKEN, API))

    WebhookMonitor(registrar, URL, CREDENTIALS, on_company=companies.append).start()

    assert companies == ["4711"]
