import asyncio
import logging
from typing import Any

import pytest

from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.webhooks.monitor import WebhookMonitor
from source_pipedrive.webhooks.registration import Registrar, RegistrarError
from unit_tests.webhooks.fake_pipedrive import API, CREDENTIALS, TOKEN, URL, Pipedrive, a_webhook


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
