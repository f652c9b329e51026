import asyncio
import logging
from typing import Any

import pytest

from source_pipedrive.webhooks.monitor import Watch
from source_pipedrive.webhooks.registration import Registrar, RegistrarError
from unit_tests.webhooks.hooks import API, CREDENTIALS, TOKEN, URL, Pipedrive, a_hook


class Gaps:
    """Counts how often events may have been lost."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self) -> None:
        self.seen += 1


@pytest.fixture
def gaps() -> Gaps:
    return Gaps()


@pytest.fixture
def watch(gaps: Gaps) -> Watch:
    return Watch(Registrar(TOKEN, API), URL, CREDENTIALS, gaps)


def test_a_webhook_that_fares_well_is_left_alone(
    pipedrive: Pipedrive, watch: Watch, gaps: Gaps
) -> None:
    pipedrive.hooks = [a_hook(last_http_status=200)]

    watch.check()

    assert pipedrive.log == ["GET /v1/webhooks"]
    assert gaps.seen == 0


@pytest.mark.parametrize(
    "left", [[], [a_hook(is_active=0, remove_reason="no success on 3 days")], [a_hook(name="Zap")]]
)
def test_a_webhook_that_is_gone_is_registered_again_and_the_gap_healed(
    pipedrive: Pipedrive,
    watch: Watch,
    gaps: Gaps,
    caplog: pytest.LogCaptureFixture,
    left: list[dict[str, Any]],
) -> None:
    pipedrive.hooks = left

    watch.check()

    assert pipedrive.log[-1] == "POST /v1/webhooks"
    assert gaps.seen == 1
    assert "registered again" in caplog.text
    if left and left[0]["remove_reason"]:
        assert "no success on 3 days" in caplog.text


def test_failing_deliveries_are_told_and_healed_until_after_they_stop(
    pipedrive: Pipedrive, watch: Watch, gaps: Gaps, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []
    for status in (200, 401, 401, 200, 200):
        pipedrive.hooks = [a_hook(last_http_status=status)]
        watch.check()
        seen.append(gaps.seen)

    # the last gap is the one after which deliveries came through again
    assert seen == [0, 1, 2, 3, 3]
    assert "answered with 401" in caplog.text


def test_what_goes_wrong_is_tried_again(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[str] = []

    def start() -> None:
        steps.append("start")
        if len(steps) == 1:
            raise RegistrarError("Pipedrive refused (401, no reason).")

    def check() -> None:
        steps.append("check")
        if steps.count("check") == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(watch, "start", start)
    monkeypatch.setattr(watch, "check", check)
    caplog.set_level(logging.ERROR)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(watch.run(every=0))

    assert steps == ["start", "start", "check", "check"]
    assert "Pipedrive refused (401" in caplog.text
