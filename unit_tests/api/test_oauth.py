"""Access tokens of OAuth: obtained, renewed once for all threads, and handed back."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration_tests.platform import Output, configured
from source_pipedrive import timestamps
from source_pipedrive.api.oauth import OAuthTokens
from unit_tests.conftest import Connector
from unit_tests.pipedrive import (
    ACCESS_TOKENS,
    CLIENT_ID,
    CLIENT_SECRET,
    DOMAIN,
    OAUTH_SECRETS,
    REFRESH_TOKEN,
    TOKEN_PATH,
    Answer,
    Api,
    Request,
    envelope,
    error,
    html,
)

FIRST, SECOND, THIRD = ACCESS_TOKENS[:3]
NEW_REFRESH_TOKEN = OAUTH_SECRETS[-1]
APP: dict[str, Any] = {
    "auth_type": "oauth2.0",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": REFRESH_TOKEN,
    "api_domain": DOMAIN,
}
ME = envelope({"id": 1, "name": "Ada", "company_name": "Analytical"})
UNAUTHORIZED = error(401, "unauthorized access")
INVALID_GRANT = Answer(
    b'{"success":false,"error":"invalid_grant","message":"Invalid grant: refresh_token is invalid"'
    b"}",
    400,
)
INVALID_CLIENT = Answer(b'{"message":"Invalid client: client is invalid"}', 400)
LOST = requests.ConnectionError("Connection aborted.")


def tokens(access_token: str = FIRST, **more: object) -> Answer:
    """The answer of the token endpoint, as documented."""
    whole = {"access_token": access_token, "token_type": "Bearer", "expires_in": 3600, **more}
    return Answer(json.dumps(whole).encode())


def in_hours(hours: float) -> str:
    return timestamps.format_utc(datetime.now(UTC) + timedelta(hours=hours))


@pytest.fixture
def check(connector: Connector) -> Callable[..., Output]:
    """`check(access_token=…)` checks the connection with further credentials."""
    return lambda **more: connector("check", config={"credentials": {**APP, **more}})


@pytest.fixture
def read_users(connector: Connector) -> Callable[..., Output]:
    """Read one stream."""
    return lambda **more: connector(
        "read",
        config={"credentials": {**APP, **more}},
        catalog={"streams": [configured("users")]},
    )


def handed_back(output: Output) -> list[dict[str, Any]]:
    """The credentials of each CONTROL message."""
    messages = output.of_type("CONTROL")
    return [one["connectorConfig"]["config"]["credentials"] for one in messages]


def bearers(api: Api) -> list[str]:
    """The access token of each request to the API."""
    headers = [one.headers.get("Authorization", "") for one in api.requests if one.method == "GET"]
    return [header.removeprefix("Bearer ") for header in headers]


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


@pytest.mark.parametrize("expiry", [in_hours(0.5), None, "", "3600", "soon"])
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


@pytest.mark.parametrize(
    ("answer", "phrase"),
    [
        (INVALID_GRANT, "To connect again, authorize the app in Pipedrive"),
        (INVALID_CLIENT, "`client_id` or `client_secret` is wrong"),
        (Answer(b"", 404), "To connect again"),
        (Answer(b"", 302, {"location": "https://elsewhere.example/"}), "To connect again"),
        (
            Answer(f'{{"error": "unknown {REFRESH_TOKEN} of {CLIENT_SECRET}"}}'.encode(), 401),
            "(401, unknown *** of ***)",
        ),
    ],
)
def test_a_refused_renewal_is_one_config_error(
    answer: Answer, phrase: str, api: Api, connector: Connector
) -> None:
    api.answer(TOKEN_PATH, answer)
    streams = ["users", "deals", "persons", "notes", "files", "stages"]

    output = connector(
        "read",
        config={"credentials": APP, "custom_fields": "raw"},
        catalog={"streams": [configured(name) for name in streams]},
    )

    messages = {one["message"] for one in output.errors}
    assert len(messages) == 1
    assert phrase in messages.pop()
    assert {one["failure_type"] for one in output.errors} == {"config_error"}
    assert [one.path for one in api.requests] == [TOKEN_PATH]
    assert output.exit_code == 1


@pytest.mark.parametrize(
    "failure",
    [LOST, requests.ReadTimeout(), Answer(b"", 503), html(403), error(429, "slow down")]
    + [
        Answer(body)
        for body in (b"", b"null", b"<html>", b'{"expires_in": 5}', b'{"access_token": 7}')
    ],
)
def test_a_renewal_that_fails_for_a_moment_is_repeated(
    failure: Any, api: Api, check: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, failure, tokens())
    api.answer("v1/users/me", ME)

    assert check().connection["status"] == "SUCCEEDED"


def test_a_sync_waits_minutes_for_the_token_endpoint_and_check_does_not(
    api: Api, check: Callable[..., Output], read_users: Callable[..., Output]
) -> None:
    api.serve(TOKEN_PATH, lambda _: Answer(b"", 503))

    failed = check()
    asked_by_check = len(api.requests)
    read = read_users()

    assert "The access token could not be renewed: 503" in failed.connection["message"]
    assert asked_by_check == 2
    assert read.errors[0]["failure_type"] == "transient_error"
    assert api.requests[-1].at - api.requests[asked_by_check].at > 480


def test_a_lost_answer_with_the_new_refresh_token_is_said(
    api: Api, read_users: Callable[..., Output]
) -> None:
    api.answer(TOKEN_PATH, LOST, INVALID_GRANT)

    output = read_users()

    assert "An earlier answer of this run was lost" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"


def test_a_missing_scope_is_named_also_where_a_stream_tolerates_a_refusal(
    api: Api, connector: Connector
) -> None:
    needed = {"persons": "contacts:read", "projects": "projects:read", "roles": "admin"}
    api.serve_all(lambda _: error(403, "Scope and URL mismatch"))

    output = connector(
        "read",
        config={"credentials": {**APP, "access_token": FIRST}, "custom_fields": "raw"},
        catalog={"streams": [configured(name) for name in needed]},
    )

    messages = {one["message"] for one in output.errors[:-1]}
    for stream, scope in needed.items():
        (message,) = (one for one in messages if f"to read {stream} " in one)
        assert f"The stream requires {scope}. Add the scope to the app" in message


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
