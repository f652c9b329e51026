import logging
import time

import pytest

from source_pipedrive.webhooks.logs import OncePerMinute


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_library_says_each_thing_once_a_minute_and_how_often_it_happened(
    clock: list[float],
) -> None:
    repeated = OncePerMinute({"uvicorn.error"})
    seen: list[str] = []

    def log(logger: str, message: str, *values: object) -> None:
        record = logging.LogRecord(logger, logging.WARNING, "", 1, message, values, None)
        if repeated.filter(record):
            seen.append(record.getMessage())

    for _ in range(1000):
        log("uvicorn.error", "Invalid HTTP request received.")
    log("uvicorn.error", "Something else: %s", "x")
    clock[0] += 61
    log("uvicorn.error", "Invalid HTTP request received.")
    for number in range(2):
        log("source_pipedrive.webhooks", "sync %d", number)

    assert seen == [
        "Invalid HTTP request received.",
        "Something else: x",
        "Invalid HTTP request received. (999 more of this kind were not logged.)",
        "sync 0",
        "sync 1",
    ]
