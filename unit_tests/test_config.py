"""Validation of the settings before any request, and the messages for invalid ones."""

from typing import Any

import pytest

from integration_tests.platform import configured
from source_pipedrive.config import specification
from source_pipedrive.old_settings import OLD_SETTINGS
from unit_tests.conftest import Connector, Read
from unit_tests.pipedrive import (
    CLIENT_ID,
    CLIENT_SECRET,
    DOMAIN,
    REFRESH_TOKEN,
    TOKEN,
    Api,
    envelope,
    page,
    rows,
)

OAUTH = {
    "auth_type": "oauth2.0",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": REFRESH_TOKEN,
    "api_domain": DOMAIN,
}
SPACED = "key with spaces 5f0c7be2a91d4e83"

BAD = {
    "no key": ({}, "`api_key` is missing. The personal API token"),
    "empty key": ({"api_key": ""}, "`api_key` is missing. The personal API token"),
    "null key": ({"api_key": None}, "`api_key` is missing. The personal API token"),
    "nothing but a choice": (
        {"credentials": {"auth_type": "oauth2.0", "client_id": ""}},
        "`api_key` is missing. The personal API token",
    ),
    "credentials of no type": (
        {"credentials": {"api_token": TOKEN}},
        "`credentials.auth_type` is missing or not valid. Enter `api_token` or `oauth2.0`.",
    ),
    "credentials of an unknown type": (
        {"credentials": {"auth_type": "basic", "api_token": TOKEN}},
        "`credentials.auth_type` is missing or not valid",
    ),
    "credentials that are text": ({"credentials": TOKEN}, "`credentials.auth_type` is missing or"),
    "OAuth without an app": (
        {"credentials": {**OAUTH, "client_secret": None}},
        "`credentials.client_secret` is missing. The client secret of your app.",
    ),
    "OAuth without a domain": (
        {"credentials": {**OAUTH, "api_domain": ""}},
        "`credentials.api_domain` is missing",
    ),
    "OAuth with half a domain": (
        {"credentials": {**OAUTH, "api_domain": "acme.pipedrive.com"}},
        "`credentials.api_domain` 'acme.pipedrive.com' is not valid. Enter scheme and host only",
    ),
    "OAuth in the clear": (
        {"credentials": {**OAUTH, "api_domain": "http://acme.pipedrive.com"}},
        "would send the access token unencrypted. Enter https://acme.pipedrive.com",
    ),
    "a secret with a line feed": (
        {"credentials": {**OAUTH, "client_secret": f"{CLIENT_SECRET}\n"}},
        "`credentials.client_secret` contains a character",
    ),
    "a key and another token": (
        {"api_key": TOKEN, "credentials": {"auth_type": "api_token", "api_token": "t-5f0c7be2"}},
        "`api_key` and `credentials` contradict each other. Remove one of them.",
    ),
    "a key and an app": (
        {"api_key": TOKEN, "credentials": OAUTH},
        "`api_key` and `credentials` contradict each other. Remove one of them.",
    ),
    "two companies": (
        {"credentials": OAUTH, "api_url": "https://other.pipedrive.com"},
        "`api_url` 'https://other.pipedrive.com' and `credentials.api_domain`",
    ),
    "key with spaces": ({"api_key": SPACED}, "`api_key` is not valid. Enter the token"),
    "key with a line feed": ({"api_key": f"{TOKEN}\n"}, "a line feed at its end"),
    "key with a space of no width": ({"api_key": f"{TOKEN}\u200b"}, "that no key has"),
    "key that is a number": ({"api_key": 5091873}, "`api_key` is not valid"),
    "misspelt key": (
        {"apikey": TOKEN, "api-key": TOKEN, "API_KEY": TOKEN},
        "There is no setting `apikey`. If you mean `api_key`, correct the name.",
    ),
    "misspelt date": ({"startdate": "2024-05-01"}, "If you mean `start_date`, correct the name."),
    "misspelt flag": (
        {"include_archive": False},
        "There is no setting `include_archive`. If you mean `include_archived`, correct the name.",
    ),
    "misspelt inbox": ({"webhookInbox": "x"}, "If you mean `webhook_inbox`, correct the name."),
    "date in words": ({"start_date": "yesterday"}, "`start_date` 'yesterday' is not valid"),
    "date the other way round": ({"start_date": "01.05.2024"}, "YYYY-MM-DD"),
    "date that is a number": ({"start_date": 20240501}, "`start_date` 20240501 is not valid"),
    "impossible day": ({"start_date": "2024-02-30"}, "'2024-02-30' is not in the calendar"),
    "impossible month": ({"start_date": "2024-13-01"}, "is not in the calendar"),
    "impossible hour": ({"start_date": "2024-05-01T25:00:00Z"}, "is not in the calendar"),
    "before the calendar": ({"start_date": "0001-01-01T00:00+14:00"}, "is not in the calendar"),
    "future": ({"start_date": "2999-01-01"}, "is in the future. Nothing would be copied."),
    "yes for true": (
        {"include_archived": "yes"},
        "`include_archived` 'yes' is not valid. Enter true or false.",
    ),
    "neither of two": ({"custom_fields": "both"}, "'both' is not valid. Enter `columns` or `raw`."),
    "url with a path": ({"api_url": "https://a.pipedrive.com/v1"}, "scheme and host only"),
    "url with a query": ({"api_url": "https://a.pipedrive.com?x=1"}, "scheme and host only"),
    "url with a user": ({"api_url": "https://me:pw@a.pipedrive.com"}, "scheme and host only"),
    "url without a scheme": ({"api_url": "a.pipedrive.com"}, "scheme and host only"),
    "url with a control character": (
        {"api_url": "http://\x08"},
        "`api_url` 'http://\\x08' is not a valid address",
    ),
    "url with half a bracket": (
        {"api_url": "http://["},
        "`api_url` 'http://[' is not a valid address",
    ),
    "url with a port too far": (
        {"api_url": "https://a.pipedrive.com:99999"},
        "is not a valid address",
    ),
    "url with a port in words": (
        {"api_url": "https://a.pipedrive.com:x"},
        "is not a valid address",
    ),
    "key in the clear": (
        {"api_url": "http://a.pipedrive.com"},
        "unencrypted. Enter https://a.pipedrive.com",
    ),
    "reserve below none": ({"daily_token_reserve_percent": -1}, "_reserve_percent` -1"),
    "reserve above all": (
        {"daily_token_reserve_percent": 101},
        "_reserve_percent` 101 is not valid. Enter a number from 0 to 100.",
    ),
    "negative days": ({"full_child_refresh_days": -1}, "`full_child_refresh_days` -1"),
    "days without end": (
        {"full_child_refresh_days": 10**12},
        "is not valid. Enter a whole number from 0 to 36500.",
    ),
}


@pytest.mark.parametrize(("settings", "phrase"), BAD.values(), ids=BAD)
def test_check_says_what_to_enter_instead(
    settings: dict[str, Any], phrase: str, connector: Connector
) -> None:
    has_key = "credentials" in settings or phrase.startswith("`api_key` is missing.")
    key = {} if has_key else {"api_key": TOKEN}

    output = connector("check", config={**key, **settings})

    assert output.connection["status"] == "FAILED"
    assert phrase in output.connection["message"]
    assert output.exit_code == 0
    assert SPACED not in output.text
    assert TOKEN not in output.text


@pytest.mark.parametrize("verb", ["read", "discover"])
def test_read_and_discover_reject_what_check_rejects(verb: str, connector: Connector) -> None:
    files: dict[str, object] = {"config": {"api_key": TOKEN, "start_dat": "2024-05-01"}}
    if verb == "read":
        files["catalog"] = {"streams": [configured("deals")]}

    output = connector(verb, **files)

    assert "no setting `start_dat`. If you mean `start_date`" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"
    assert output.exit_code == 1
    assert TOKEN not in output.text


@pytest.mark.parametrize(
    ("file", "content", "phrase"),
    [
        ("config", None, "config.json cannot be used. It must contain an object of settings"),
        ("catalog", [], "catalog.json cannot be used. It must contain a configured catalog"),
        ("state", 1, "state.json cannot be used. It must contain a list of state messages"),
    ],
)
def test_a_file_with_the_wrong_content_is_rejected(
    file: str, content: object, phrase: str, connector: Connector
) -> None:
    files: dict[str, object] = {"config": {"api_key": TOKEN}, "catalog": {"streams": []}}

    output = connector("read", **{**files, file: content})

    (error,) = output.errors
    assert phrase in error["message"]
    assert error["failure_type"] == "config_error"
    assert output.exit_code == 1


def test_one_message_names_every_invalid_setting(connector: Connector) -> None:
    output = connector("check", config={"api_key": "", "include_archived": "yes"})

    assert "`api_key`" in output.connection["message"]
    assert "`include_archived`" in output.connection["message"]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="the key alone"),
        pytest.param({"start_date": ""}, id="start date left empty"),
        *(
            pytest.param({name: None}, id=f"{name} that is null")
            for name in (*specification()["properties"], *OLD_SETTINGS, "num_workers")
            if name != "api_key"
        ),
        pytest.param({"credentials": {"auth_type": "api_token"}}, id="a choice left empty"),
        pytest.param({"credentials": {"auth_type": "api_token", "api_token": TOKEN}}, id="twice"),
        pytest.param({"include_archived": False}, id="no archived rows"),
        pytest.param({"daily_token_reserve_percent": 2.5}, id="a fraction of a percent"),
        pytest.param({"__injected_by_the_platform": {"a": 1}}, id="the platform's own settings"),
    ],
)
def test_valid_settings_are_accepted(
    settings: dict[str, Any], api: Api, connector: Connector
) -> None:
    api.answer("v1/users/me", envelope({"id": 1, "name": "Ada", "company_name": "Analytical"}))

    output = connector("check", config={"api_key": TOKEN, **settings})

    assert output.connection["status"] == "SUCCEEDED"


def test_a_setting_that_is_like_none_is_ignored_with_a_warning(
    api: Api, connector: Connector
) -> None:
    api.answer("v1/users/me", envelope({"id": 1, "name": "Ada", "company_name": "Analytical"}))

    output = connector("check", config={"api_key": TOKEN, "workspace": "a secret", "team": 1})

    assert output.connection["status"] == "SUCCEEDED"
    warnings = [one["message"] for one in output.of_type("LOG") if one["level"] == "WARN"]
    assert warnings == [
        "There are no such settings: `team`, `workspace`. Remove them, or correct the names."
    ]


@pytest.mark.parametrize("given", ["https://acme.pipedrive.com", "https://acme.pipedrive.com/"])
def test_api_url_may_end_with_a_slash(given: str, api: Api, read: Read) -> None:
    api.answer("v1/currencies", envelope(rows("currencies", [1])))

    read("currencies", api_url=given)

    assert [request.url for request in api.requests] == ["https://acme.pipedrive.com/v1/currencies"]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2024-05-01", "2024-05-01T00:00:00Z"),
        ("2024-05-01T10:20", "2024-05-01T10:20:00Z"),
        ("2024-05-01T10:20:30", "2024-05-01T10:20:30Z"),
        ("2024-05-01T10:20:30Z", "2024-05-01T10:20:30Z"),
        ("2024-05-01T10:20:30.000Z", "2024-05-01T10:20:30Z"),
        ("2024-05-01T10:20:30.001Z", "2024-05-01T10:20:31Z"),
        ("2024-05-01T10:20:30+02:00", "2024-05-01T08:20:30Z"),
        ("2024-05-01T23:59:59-05:30", "2024-05-02T05:29:59Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
    ],
)
def test_a_start_date_in_any_iso_format_is_sent_in_the_format_that_pipedrive_accepts(
    written: str, sent: str, api: Api, read: Read
) -> None:
    api.answer("api/v2/persons", page("persons", []))

    read("persons", start_date=written)

    (query,) = api.asked("api/v2/persons")
    assert query["updated_since"] == sent
