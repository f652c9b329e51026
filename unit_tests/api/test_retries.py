"""How long failed requests are retried, how often, and that nothing is lost meanwhile."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from source_pipedrive.api.retry_time import RetryTime
from unit_tests import catalog
from unit_tests.conftest import Clock, Connector, Read
from unit_tests.pipedrive import (
    TOKEN,
    Answer,
    Api,
    Reply,
    Request,
    Server,
    envelope,
    error,
    rows,
    v2_page,
)

MAINTENANCE = error(503, "Maintenance")
OOPS = error(500, "Oops")
UNREACHABLE = requests.ConnectionError(
    NewConnectionError(HTTPConnection("api.pipedrive.com"), "Connection refused")
)


def a_limit(remaining: int, tokens: int) -> Answer:
    return error(429, "request over limit").with_headers(
        x_ratelimit_limit=80,
        x_ratelimit_remaining=remaining,
        x_ratelimit_reset=2,
        x_daily_ratelimit_token_limit=30000,
        x_daily_ratelimit_token_remaining=tokens,
    )


FIVE_HUNDRED = {"is_temporary": False, "if_all_fail": True}
BURST = a_limit(0, 20000)


def failing(reply: Reply, *periods: tuple[float, float], then: Callable[[], Answer]) -> Server:
    """Answer a failure in some periods of the test's clock, and otherwise what `then` returns."""

    def serve(request: Request) -> Reply:
        is_failing = any(start <= request.at < end for start, end in periods)
        return reply if is_failing else then()

    return serve


def one_row() -> Answer:
    return v2_page(rows("pipelines", [1]))


def test_never_waits_longer_than_two_minutes(api: Api, read: Read, clock: Clock) -> None:
    limited = error(429, "rate limit exceeded").with_headers(
        x_ratelimit_remaining=0, x_ratelimit_reset=86_400
    )
    api.answer("api/v2/pipelines", limited, one_row())

    output = read("pipelines")

    assert output.status("pipelines") == "COMPLETE"
    assert clock.now < 120


def test_waits_longer_after_each_failure(api: Api, read: Read, clock: Clock) -> None:
    api.answer("api/v2/pipelines", *[MAINTENANCE] * 5, envelope([]))

    read("pipelines")

    at = [request.at for request in api.requests]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits == sorted(waits)
    assert 15 < sum(waits) < 120
    assert clock.now < 180


def test_waits_after_a_burst_limit_as_long_as_pipedrive_says(api: Api, read: Read) -> None:
    api.answer("api/v2/pipelines", BURST, envelope([]))

    read("pipelines")

    before, after = (request.at for request in api.requests)
    assert 2 <= after - before <= 5


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [(BURST, 20), (BURST, 60), (BURST, 570), (MAINTENANCE, 180), (MAINTENANCE, 540)],
    ids=["429 20 s", "429 a minute", "429 9.5 minutes", "503 three minutes", "503 nine minutes"],
)
def test_a_temporary_failure_is_retried_until_it_ends(
    reply: Answer, seconds: float, api: Api, read: Read, clock: Clock
) -> None:
    api.serve("api/v2/pipelines", failing(reply, (0, seconds), then=one_row))

    output = read("pipelines")

    assert output.records("pipelines") == rows("pipelines", [1])
    assert output.exit_code == 0
    assert seconds <= clock.now < seconds + 40


def test_a_burst_limit_uses_up_no_retry_of_a_server_error(api: Api, read: Read) -> None:
    api.answer("api/v2/pipelines", *[BURST] * 8, *[OOPS] * 5, *[BURST] * 8, one_row())

    output = read("pipelines")

    assert output.records("pipelines") == rows("pipelines", [1])


def test_all_temporary_failures_of_a_sync_share_ten_minutes(
    api: Api, read: Read, clock: Clock
) -> None:
    pages = iter(range(1, 100))
    server = failing(
        MAINTENANCE, (0, 360), (370, 2_000), then=lambda: v2_page([], f"after {next(pages)}")
    )
    api.serve("api/v2/pipelines", server)

    output = read("pipelines")

    assert 600 <= clock.now < 680
    assert "503, Maintenance" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "transient_error"


def test_a_busy_limit_does_not_use_up_the_ten_minutes(api: Api, read: Read, clock: Clock) -> None:
    for number in range(200):
        following = v2_page(
            rows("pipelines", [number]), f"after {number}" if number < 199 else None
        )
        api.answer("api/v2/pipelines", BURST, BURST, following)

    output = read("pipelines")

    assert len(output.records("pipelines")) == 200
    assert clock.now > 600


def test_after_ten_minutes_without_an_answer_every_stream_ends(
    api: Api, read: Read, clock: Clock
) -> None:
    streams = catalog.members("plain_list")
    workers = catalog.MANIFEST["concurrency_level"]["default_concurrency"]
    api.serve_all(lambda _: MAINTENANCE)

    output = read(*streams)

    assert len(streams) > workers
    # the last waits of all threads add up on this clock
    assert clock.now < 800
    late = [request for request in api.requests if request.at > 600]
    assert len(late) <= len(streams) + workers, "further streams must not retry"
    for failed in output.errors[:-1]:
        assert "503, Maintenance" in failed["message"]
        assert failed["failure_type"] == "transient_error"
    assert {output.status(stream) for stream in streams} == {"INCOMPLETE"}


def test_an_error_of_one_request_does_not_hold_the_sync(api: Api, read: Read, clock: Clock) -> None:
    api.answer("api/v2/pipelines", *[OOPS] * 6)
    api.answer("api/v2/stages", v2_page(rows("stages", [1])))

    output = read("pipelines", "stages")

    assert output.records("stages") == rows("stages", [1])
    assert "500, Oops" in output.errors[0]["message"]
    assert clock.now < 100


def test_an_error_of_all_requests_is_retried_like_a_temporary_one(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", clock.read)
    retry_time = RetryTime()
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:

        def is_retried(thread: ThreadPoolExecutor) -> bool:
            clock.now += 10
            return thread.submit(retry_time.retries, **FIVE_HUNDRED).result()

        both_fail = [is_retried(thread) for _ in range(20) for thread in (one, other)]
        clock.now += 1
        other.submit(retry_time.succeeded).result()
        other.submit(retry_time.request_ended).result()
        one_fails = [is_retried(one) for _ in range(10)]

    assert all(both_fail)
    assert 1 <= one_fails.index(False) <= 5


def test_a_wait_is_logged_once_a_minute_in_plain_words(api: Api, read: Read) -> None:
    api.serve("api/v2/pipelines", failing(BURST, (0, 300), then=one_row))

    output = read("pipelines")

    lines = [line for line in output.logs("INFO") if "Retrying" in line]
    assert 5 <= len(lines) <= 6
    assert lines[0].startswith(
        "Pipedrive's rate limit is exhausted (429, request over limit). Retrying until "
    )
    assert " UTC at the latest, for 6" in lines[1]


def test_the_error_after_a_long_wait_says_how_long_it_was(api: Api, read: Read) -> None:
    api.serve_all(lambda _: MAINTENANCE)

    output = read("pipelines", "stages")

    for failed in output.errors:
        assert failed["message"].endswith("retried for 10 minutes in this sync.")


@pytest.mark.parametrize("reply", [BURST, MAINTENANCE], ids=["429", "503"])
def test_check_and_discover_do_not_wait(
    reply: Answer, api: Api, connector: Connector, clock: Clock
) -> None:
    api.serve_all(lambda _: reply)

    checked = connector("check", config={"api_key": TOKEN})
    discovered = connector("discover", config={"api_key": TOKEN})

    assert checked.connection["status"] == "FAILED"
    assert discovered.of_type("CATALOG")
    assert clock.now < 60


def test_an_address_that_nobody_answers_ends_the_sync_with_one_error(
    api: Api, read: Read, clock: Clock
) -> None:
    api.serve_all(lambda _: UNREACHABLE)

    output = read(*catalog.ALWAYS)

    assert len({one["message"] for one in output.errors}) == 1
    assert "connection to Pipedrive failed" in output.errors[0]["message"]
    assert {one["failure_type"] for one in output.errors} == {"transient_error"}
    assert clock.now < 90
