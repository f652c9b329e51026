"""Renewals of access tokens that fail: refused, for a moment, or with a lost answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from integration_tests.platform import Output, configured
from source_pipedrive.api.oauth import OAuthTokens, RenewalFailedError
from unit_tests.api.oauth_answers import APP, FIRST, INVALID_CLIENT, INVALID_GRANT, LOST, ME, tokens
from unit_tests.conftest import Connector
from unit_tests.pipedrive import (
    CLIENT_SECRET,
    REFRESH_TOKEN,
    TOKEN_PATH,
    Answer,
    Api,
    error,
    html,
)


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


def test_threads_that_wait_for_a_renewal_do_not_repeat_one_that_failed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    api.answer(TOKEN_PATH, *[Answer(b"", 503)] * 3)
    issued = OAuthTokens(APP, lambda _: None)

    def message(_: int) -> str:
        with pytest.raises(RenewalFailedError) as failure:
            issued.current(tries=3)
        return str(failure.value)

    with api.reachable(), ThreadPoolExecutor(10) as threads:
        messages = set(threads.map(message, range(10)))

    assert len(messages) == 1


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
    needed = {
        "persons": "contacts:read",
        "projects": "projects:read",
        "roles": "admin",
        "user_settings": "base",
        "activity_fields": "activities:read or admin",
    }
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
