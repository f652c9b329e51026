"""Access tokens of OAuth: obtained, renewed once for all threads, and handed back."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integration_tests.platform import Output, configured
from source_pipedrive import timestamps
from source_pipedrive.api.oauth import OAuthTokens
from unit_tests.api.oauth_answers import (
    APP,
    FIRST,
    INVALID_GRANT,
    LOST,
    ME,
    NEW_REFRESH_TOKEN,
    SECOND,
    UNAUTHORIZED,
    bearers,
    handed_back,
    in_hours,
    tokens,
)
from unit_tests.conftest import Connector
from unit_tests.pipedrive import (
    CLIENT_ID,
    CLIENT_SECRET,
    DOMAIN,
    REFRESH_TOKEN,
    TOKEN_PATH,
    Answer,
    Api,
    Request,
    envelope,
)


def test_tokens_are_requested_as_documented(api: Api, check: Callable[..., Output]) -> None:
    api.answer(TOKEN_PATH, tokens())
    api.answer("v1/users/me", ME)

    output = check()

    asked, called = api.requests
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    assert (asked.method, asked.url) == ("POST", "https://oauth.pipedrive.com/oauth/token")
    assert asked.headers["Authorization"] == f"Basic {basic}"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body) == {
        "grant_type": ["refresh_token"],
        "refresh_token": [REFRESH_TOKEN],
    }
    assert called.url == f"{DOMAIN}/v1/users/me"
    assert called.headers["Authorization"] == f"Bearer {FIRST}"
    assert "x-api-token" not in called.headers
    assert output.connection["status"] == "SUCCEEDED"


def test_the_domain_of_the_answer_is_the_host_of_all_requests(
    api: Api, check: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, tokens(api_domain="https://renamed.pipedrive.com/"))
    api.answer("v1/users/me", ME)

    output = check()

    assert api.requests[-1].url == "https://renamed.pipedrive.com/v1/users/me"
    assert handed_back(output)[0]["api_domain"] == "https://renamed.pipedrive.com"


@pytest.mark.parametrize("domain", [None, 7, "", "acme", "http://acme.pipedrive.com"])
def test_a_domain_that_cannot_be_used_is_ignored(
    domain: object, api: Api, check: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, tokens(api_domain=domain))
    api.answer("v1/users/me", ME)

    check()

    assert api.requests[-1].url == f"{DOMAIN}/v1/users/me"


@pytest.mark.parametrize("verb", ["check", "discover", "read"])
def test_renewed_credentials_are_handed_back_before_they_are_needed(
    verb: str, api: Api, connector: Connector
) -> None:
    api.answer(TOKEN_PATH, tokens(refresh_token=NEW_REFRESH_TOKEN))
    api.serve_all(lambda _: ME if verb == "check" else envelope([]))
    files: dict[str, object] = {"config": {"credentials": APP, "include_archived": False}}
    if verb == "read":
        files["catalog"] = {"streams": [configured("deals")]}

    output = connector(verb, **files)

    (control,) = output.of_type("CONTROL")
    config = control["connectorConfig"]["config"]
    assert control["type"] == "CONNECTOR_CONFIG"
    assert config["include_archived"] is False
    assert config["credentials"] == {
        **APP,
        "refresh_token": NEW_REFRESH_TOKEN,
        "access_token": FIRST,
        "token_expiry_date": config["credentials"]["token_expiry_date"],
    }
    assert {one.headers["Authorization"] for one in api.requests[1:]} == {f"Bearer {FIRST}"}


def test_the_old_refresh_token_stays_if_the_answer_has_none(
    api: Api, check: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, tokens())
    api.answer("v1/users/me", ME)

    (credentials,) = handed_back(check())

    assert credentials["refresh_token"] == REFRESH_TOKEN
    expiry = timestamps.parse(credentials["token_expiry_date"])
    assert timedelta(minutes=55) < expiry - datetime.now(UTC) <= timedelta(hours=1)


@pytest.mark.parametrize("expires_in", [None, "soon", -5, 0, "1e999"])
def test_a_life_that_is_not_known_is_not_made_up(
    expires_in: object, api: Api, check: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, tokens(expires_in=expires_in))
    api.answer("v1/users/me", ME)

    (credentials,) = handed_back(check(token_expiry_date=in_hours(-1)))

    assert "token_expiry_date" not in credentials


@pytest.mark.parametrize(
    "expiry", [pytest.param(in_hours(0.5), id="valid"), None, "", "3600", "soon"]
)
def test_a_stored_token_is_used_while_it_is_valid(
    expiry: str | None, api: Api, check: Callable[..., Output]
) -> None:
    api.answer("v1/users/me", ME)

    output = check(access_token=FIRST, token_expiry_date=expiry)

    assert bearers(api) == [FIRST]
    assert handed_back(output) == []


def test_a_stored_token_that_has_expired_is_not_tried(
    api: Api, check: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, tokens(SECOND))
    api.answer("v1/users/me", ME)

    check(access_token=FIRST, token_expiry_date=in_hours(-0.01))

    assert bearers(api) == [SECOND]


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_wrong_clock_costs_one_renewal_at_most(
    hours: float, api: Api, read_users: Callable[..., Output]
) -> None:
    def users(request: Request) -> Answer:
        is_valid = request.headers["Authorization"] == f"Bearer {SECOND}"
        return envelope([{"id": 1}]) if is_valid else UNAUTHORIZED

    api.answer(TOKEN_PATH, tokens(SECOND))
    api.serve("v1/users", users)

    output = read_users(access_token=FIRST, token_expiry_date=in_hours(hours))

    assert [row["id"] for row in output.records("users")] == [1]
    assert bearers(api)[-1] == SECOND
    assert len(handed_back(output)) == 1


def test_a_refused_token_is_renewed_once_for_each_request(
    api: Api, read_users: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, tokens(FIRST), tokens(SECOND))
    api.answer("v1/users", UNAUTHORIZED, UNAUTHORIZED)

    output = read_users()

    assert bearers(api) == [FIRST, SECOND]
    assert "rejected a new access token (401, unauthorized access)" in output.errors[0]["message"]
    assert "connect again" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"


def test_many_threads_renew_a_refused_token_once(api: Api) -> None:
    api.answer(TOKEN_PATH, tokens(SECOND))
    kept: list[Any] = []
    issued = OAuthTokens({**APP, "access_token": FIRST}, kept.append)

    with api.reachable(), ThreadPoolExecutor(10) as threads:
        given = list(threads.map(issued.replacement, [FIRST] * 10))

    assert {token.value for token in given} == {SECOND}
    assert len(kept) == 1


def test_a_token_is_renewed_in_the_middle_of_its_last_minutes(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    api.answer(TOKEN_PATH, tokens(FIRST, expires_in=3600), LOST, tokens(SECOND))
    issued = OAuthTokens(APP, lambda _: None)

    def at(seconds: float) -> str:
        nonlocal now
        now = seconds
        return issued.current().value

    with api.reachable():
        # a renewal that fails ahead of time leaves the token, and is repeated half a minute later
        given = [at(seconds) for seconds in (0.0, 3200.0, 3301.0, 3320.0, 3332.0)]

    assert given == [FIRST, FIRST, FIRST, FIRST, SECOND]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://oauth.pipedrive.com/oauth/token"),
        ({"api_url": "https://api.pipedrive.com"}, "https://oauth.pipedrive.com/oauth/token"),
        ({"api_url": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080/oauth/token"),
    ],
)
def test_tokens_come_from_pipedrive_unless_another_host_stands_for_it(
    settings: dict[str, str], url: str, api: Api, connector: Connector
) -> None:
    api.answer(TOKEN_PATH, INVALID_GRANT)

    connector("check", config={"credentials": APP, **settings})

    assert [one.url for one in api.requests] == [url]
    assert urlsplit(url).path == f"/{TOKEN_PATH}"
