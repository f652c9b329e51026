"""Requests stay within the burst limit of the key, and never use the daily token reserve."""

import logging
import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from source_pipedrive.api.rate_limits import TokenBudget
from unit_tests import catalog
from unit_tests.conftest import Clock, Read
from unit_tests.pipedrive import Answer, Api, Request, error, rows, v2_page

WINDOW = 2.0
DAY = 1000  # tokens; a tenth of it is the reserve, unless the test says otherwise


def pages(stream: str, count: int) -> list[Answer]:
    """A list of so many pages, with one row each."""
    return [
        v2_page(rows(stream, [number]), next_cursor=None if number == count else f"after {number}")
        for number in range(1, count + 1)
    ]


def balance(answer: Answer, tokens: int) -> Answer:
    """Add the daily tokens that were left before the request was charged."""
    return answer.with_headers(
        x_daily_ratelimit_token_limit=DAY, x_daily_ratelimit_token_remaining=tokens
    )


def fullest(requests: Iterable[Request]) -> int:
    """The most requests in any two seconds."""
    times = sorted(request.at for request in requests)
    return max(sum(start <= time < start + WINDOW for time in times) for start in times)


def test_the_burst_limit_is_that_of_the_smallest_plan_until_answers_announce_one(
    api: Api, read: Read, clock: Clock
) -> None:
    api.answer("api/v2/pipelines", *pages("pipelines", 60))

    read("pipelines")

    assert fullest(api.requests) == 20
    assert clock.now < 3 * WINDOW


def test_all_streams_share_one_limit(api: Api, read: Read) -> None:
    streams = catalog.members("v2_list")
    for stream in streams:
        api.answer(catalog.path(stream), *pages(stream, 25))

    read(*streams)

    # a request arrives later than it left, so each thread may carry one over from the window before
    workers = catalog.MANIFEST["concurrency_level"]["default_concurrency"]
    assert len(streams) > 2, "too few for a test"
    assert 20 <= fullest(api.requests) <= 20 + workers


@pytest.mark.parametrize("limit", [80, 7], ids=["more", "less"])
def test_follows_the_limit_that_the_answers_announce(limit: int, api: Api, read: Read) -> None:
    announced = [page.with_headers(x_ratelimit_limit=limit) for page in pages("pipelines", 100)]
    api.answer("api/v2/pipelines", *announced)

    read("pipelines")

    assert fullest(api.requests) == limit


def test_follows_a_limit_that_changes_during_the_read(api: Api, read: Read) -> None:
    answers = pages("pipelines", 120)
    high = [page.with_headers(x_ratelimit_limit=40) for page in answers[:60]]
    low = [page.with_headers(x_ratelimit_limit=10) for page in answers[60:]]
    api.answer("api/v2/pipelines", *high, *low)

    read("pipelines")

    assert fullest(api.requests[:60]) == 40
    assert fullest(api.requests[62:]) == 10


def test_a_rate_limited_request_pauses_all_streams(
    api: Api, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the limited request is retried after one second; the pause still lasts five
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    limited = error(429, "request over limit").with_headers(
        x_ratelimit_limit=1000, x_ratelimit_remaining=0, x_ratelimit_reset=5
    )
    api.answer("api/v2/pipelines", limited, v2_page([]))
    api.answer("api/v2/stages", *pages("stages", 150))

    read("pipelines", "stages")

    paths = [request.path for request in api.requests]
    refused = paths.index("api/v2/pipelines")
    early = [at for at in (request.at for request in api.requests[refused + 1 :]) if at < 5]
    assert len(early) <= 3, "more requests than there were in flight"
    assert len(paths) - refused > 50, "too few for a test"


def test_one_request_at_a_time_finds_out_whether_the_limit_is_free(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", clock.read)
    budget = TokenBudget({"": 10}, reserve_percent=10)
    limited, answered = requests.Response(), requests.Response()
    limited.status_code, answered.status_code = 429, 200
    budget.answered(10, limited)
    clock.now += 10
    order = []

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:

        def other_waits(_: float) -> None:
            order.append("the other waits")
            if len(order) == 5:
                one.submit(budget.answered, 10, answered).result()

        monkeypatch.setattr(time, "sleep", other_waits)
        one.submit(budget.acquire, 10).result()
        other.submit(budget.acquire, 10).result()

    assert order == ["the other waits"] * 5


@pytest.mark.parametrize(
    ("reserve", "announced", "requests"),
    [
        pytest.param(10, [120, 110], 2, id="the last request that leaves the reserve untouched"),
        pytest.param(10, [119], 1, id="a request that would use the reserve"),
        pytest.param(0, [20, 10], 2, id="no reserve: to the last token"),
        pytest.param(100, [1000], 1, id="all is reserve: one request to learn the balance"),
        pytest.param(2.5, [45, 35], 2, id="a fraction of a percent"),
    ],
)
def test_stops_before_the_reserve_is_touched_and_keeps_the_state(
    reserve: float, announced: list[int], requests: int, api: Api, read: Read
) -> None:
    answers = [
        balance(page, tokens) for page, tokens in zip(pages("persons", 9), announced, strict=False)
    ]
    api.answer("api/v2/persons", *answers)
    state = {"update_time": "2024-05-01T10:00:00Z"}

    output = read("persons", state={"persons": state}, daily_token_reserve_percent=reserve)

    assert len(api.requests) == requests
    assert f"keep {reserve:g}% of the company's daily API tokens" in output.errors[0]["message"]
    assert "daily_token_reserve_percent" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "transient_error"
    assert output.state("persons") == state
    assert output.exit_code == 1


def test_keeps_count_when_answers_stop_announcing_the_balance(api: Api, read: Read) -> None:
    first, *rest = pages("persons", 9)
    api.answer("api/v2/persons", balance(first, 130), *rest[:2])

    output = read("persons")

    assert len(api.requests) == 3
    assert "daily_token_reserve_percent" in output.errors[0]["message"]


def test_does_not_stop_when_no_answer_announces_the_balance(api: Api, read: Read) -> None:
    api.answer("api/v2/persons", *pages("persons", 120))

    output = read("persons")

    assert len(output.records("persons")) == 120
    assert output.exit_code == 0


def test_continues_when_a_new_day_brings_new_tokens(api: Api, read: Read) -> None:
    answers = pages("persons", 5)
    evening = [balance(answers[0], 130), balance(answers[1], 120)]
    morning = [balance(page, DAY - 10 * spent) for spent, page in enumerate(answers[2:])]
    api.answer("api/v2/persons", *evening, *morning)

    output = read("persons")

    assert len(output.records("persons")) == 5
    assert output.exit_code == 0


def test_logs_the_cost_of_each_stream_and_of_the_sync(api: Api, read: Read) -> None:
    api.answer("api/v2/persons", *pages("persons", 3))
    api.answer("api/v2/pipelines", *pages("pipelines", 2))

    output = read("persons", "pipelines")

    logged = "\n".join(output.logs("INFO"))
    assert "persons: 3 rows, 3 requests, 30 tokens" in logged
    assert "pipelines: 2 rows, 2 requests, 10 tokens" in logged
    assert "Total: 5 rows, 5 requests, 40 tokens" in logged


def test_logs_the_cost_while_threads_still_start_streams() -> None:
    budget = TokenBudget({"": 10}, reserve_percent=10)
    request = requests.Request("GET", "https://api.pipedrive.com/api/v2/persons").prepare()
    logger = logging.getLogger("cost")
    logger.setLevel(logging.INFO)
    reported = []

    class StartsStream(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            reported.append(record.getMessage())
            budget.for_stream(f"stream {len(reported)}").acquire_call(request)
            return False

    logger.addFilter(StartsStream())
    budget.for_stream("persons").acquire_call(request)
    budget.report(logger)

    assert [line.partition(":")[0] for line in reported] == ["persons", "Total"]


@pytest.mark.parametrize("announced", ["²", "9" * 400, "-1", "", "many"])
def test_a_limit_that_is_no_number_is_ignored(announced: str, api: Api, read: Read) -> None:
    page = v2_page(rows("pipelines", [1])).with_headers(
        x_ratelimit_limit=announced, x_daily_ratelimit_token_remaining=announced
    )
    api.answer("api/v2/pipelines", page)

    output = read("pipelines")

    assert output.status("pipelines") == "COMPLETE"


def test_a_limit_above_the_largest_plan_is_a_gateways_and_not_followed(
    api: Api, read: Read
) -> None:
    answers = [one.with_headers(x_ratelimit_limit=5_000) for one in pages("pipelines", 490)]
    api.answer("api/v2/pipelines", *answers)

    read("pipelines")

    assert fullest(api.requests) <= 480
