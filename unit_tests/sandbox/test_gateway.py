"""Tokens, profiles, limits, headers and counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit_tests.sandbox.client import Client


def test_an_unknown_token_is_refused_as_recorded(whole: Client) -> None:
    answer = whole.request("GET", "/v1/users/me", headers={"x-api-token": "unknown"})

    assert answer.status_code == 401
    assert answer.headers["x-401-by-gw"] == "true"
    assert answer.json() == {
        "success": False,
        "error": "unauthorized access",
        "errorCode": 401,
        "error_info": "Please check developers.pipedrive.com",
    }


@pytest.mark.parametrize(
    ("profile", "path", "status"),
    [
        ("regular", "/v1/roles", 403),
        ("regular", "/v1/permissionSets", 403),
        ("regular", "/api/v2/activityFields", 403),
        ("regular", "/v1/activityFields", 200),
        ("regular", "/api/v2/deals", 200),
        ("no-projects", "/api/v2/projects", 403),
        ("no-projects", "/api/v2/tasks", 403),
        ("no-projects", "/api/v2/boards", 403),
        ("no-projects", "/api/v2/deals", 200),
        ("lite", "/api/v2/deals/installments?deal_ids=1", 403),
        ("lite", "/api/v2/deals", 200),
        ("api-disabled", "/v1/users/me", 401),
        ("suspended", "/v1/users/me", 402),
    ],
)
def test_a_profile_sees_what_it_may(
    whole: Client,
    profile: str,
    path: str,
    status: int,
) -> None:
    answer = whole.as_profile(profile).get(path)

    assert answer.status_code == status
    assert answer.json()["success"] is (status == 200)


@pytest.mark.parametrize("path", ["/api/v2/deals", "/api/v2/products"])
def test_a_lite_plan_has_no_recurring_revenue(whole: Client, path: str) -> None:
    growth = whole.body(path, limit=1)["data"][0]
    lite = whole.as_profile("lite").body(path, limit=1)["data"][0]

    gone = {name for name in growth if name in {"acv", "arr", "mrr"} or name.startswith("billing")}
    assert set(growth) - set(lite) == gone != set()


def test_mail_and_calls_are_the_callers_own(whole: Client) -> None:
    regular = whole.as_profile("regular")

    assert {row["user_id"] for row in regular.read("/v1/callLogs")} == {2}
    assert {row["user_id"] for row in whole.read("/v1/callLogs")} == {1}
    assert regular.body("/v1/users/me")["data"]["id"] == 2


def test_the_burst_window_counts_down_and_refuses(start: Callable[..., Client]) -> None:
    client = start("--burst", "3")
    answers = [client.get("/v1/users/me") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
    assert answers[-1].headers["x-ratelimit-reset"] in {"1", "2"}
    assert "retry-after" not in answers[-1].headers
    assert answers[-1].json() == {
        "success": False,
        "error": "request over limit",
        "errorCode": 429,
    }
    assert client.as_profile("regular").get("/v1/users/me").status_code == 200


def test_the_daily_header_is_the_balance_before_the_request(start: Callable[..., Client]) -> None:
    client = start("--daily-budget", "36")
    paths = ["/api/v2/deals", "/api/v2/pipelines", "/v1/notes", "/api/v2/pipelines"]
    answers = [client.get(path) for path in paths]

    balances = [answer.headers["x-daily-ratelimit-token-remaining"] for answer in answers]
    assert balances == ["36", "26", "21", "1"]
    assert {answer.headers["x-daily-ratelimit-token-limit"] for answer in answers} == {"36"}
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]

    client.control("clock", "POST", advance=86_400)
    assert client.get("/v1/notes").headers["x-daily-ratelimit-token-remaining"] == "36"


def test_daily_headers_can_be_absent(own: Client) -> None:
    own.control("settings", "POST", daily_headers=False)

    assert not [name for name in own.get("/v1/users/me").headers if "daily" in name]


def test_a_client_that_ignores_429_is_blocked_by_cloudflare(start: Callable[..., Client]) -> None:
    client = start("--burst", "1")
    client.control("settings", "POST", block_after=3)
    answers = [client.get("/v1/users/me") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 429, 429, 429, 403]
    assert answers[-1].headers["content-type"].startswith("text/html")


def test_a_daily_refusal_still_has_burst_left(start: Callable[..., Client]) -> None:
    client = start("--burst", "20", "--daily-budget", "1")
    answer = client.get("/v1/users/me")

    assert answer.status_code == 429
    assert answer.headers["x-ratelimit-remaining"] == "19"


def test_requests_are_counted_by_operation_without_control_routes(own: Client) -> None:
    own.body("/api/v2/deals/1")
    own.body("/api/v2/deals", limit=1)
    own.get("/api/v2/deals", limit=0)
    own.rows("deals")

    counters = own.control("counters")

    assert counters["endpoints"] == {
        "GET /api/v2/deals": {"requests": 2, "tokens": 20, "refused": 0},
        "GET /api/v2/deals/{id}": {"requests": 1, "tokens": 1, "refused": 0},
    }
    assert (counters["requests"], counters["tokens"]) == (3, 21)
    assert own.control("log") == [
        ["GET", "/api/v2/deals/1", 200],
        ["GET", "/api/v2/deals?limit=1", 200],
        ["GET", "/api/v2/deals?limit=0", 400],
    ]
    assert own.control("counters", "DELETE")["requests"] == 0


def test_answers_are_compressed_if_the_client_accepts_it(whole: Client) -> None:
    zipped = whole.request("GET", "/api/v2/deals", headers={"accept-encoding": "gzip"})
    plain = whole.request("GET", "/api/v2/deals", headers={"accept-encoding": "identity"})

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.json() == plain.json()


def test_every_answer_has_the_sandboxs_time_and_a_correlation_id(own: Client) -> None:
    own.control("clock", "POST", freeze="2030-01-02T03:04:05Z")
    answer = own.get("/v1/users/me")

    assert answer.headers["date"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    assert len(answer.headers["x-correlation-id"]) == 36


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/settings", {"colour": "red"}),
        ("POST", "/settings", {"burst": "many"}),
        ("POST", "/settings", {"plan": "gold"}),
        ("POST", "/tokens", {"token": "x", "profile": "king"}),
    ],
)
def test_an_invalid_control_request_is_answered_with_the_reason(
    own: Client,
    method: str,
    path: str,
    body: object,
) -> None:
    answer = own.request(method, f"/__sandbox{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]
