"""How long the connector waits before it asks again, and that nothing is lost meanwhile."""

from itertools import pairwise

from unit_tests.conftest import Clock, Read
from unit_tests.pipedrive import Answer, Api, envelope, error, rows, v2_page


def a_limit(remaining: int, tokens: int) -> Answer:
    return error(429, "request over limit").with_headers(
        x_ratelimita_limit=80,
        x_ratelimit_remaining=remaining,
        x_ratelimit_reset=2,
        x_daily_ratelimit_tokena_limit=30000,
        x_daily_ratelimit_token_remaining=tokens,
    )


def test_never_waits_longer_than_two_minutes(api: Api, read: Read, clock: Clock) -> None:
    limited = error(429, "rate limit exceeded").with_headers(
        x_ratelimit_remaining=0, x_ratelimit_reset=86_400
    )
    api.answer("api/v2/pipelines", limited, v2_page(rows("pipelines", [1])))

    output = read("pipelines")

    assert output.status("pipelines") == "COMPLETE"
    assert clock.now < 120


def test_waits_longer_after_each_failure(api: Api, read: Read, clock: Clock) -> None:
    api.answer("api/v2/pipelines", *[error(503, "Maintenance")] * 5, envelope([]))

    read("pipelines")

    at = [request.at for request in api.requests]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits == sorted(waits)
    assert 15 < sum(waits) < 120
    assert clock.now < 180


def test_waits_after_a_burst_limit_as_long_as_pipedrive_says(api: Api, read: Read) -> None:
    api.answer("api/v2/pipelines", a_limit(0, 20000), envelope([]))

    read("pipelines")

    before, after = (request.at for request in api.requests)
    assert 2 <= after - before <= 5
