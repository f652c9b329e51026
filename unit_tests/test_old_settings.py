"""The settings of Airbyte's official connector: migrated, or refused with a sentence."""

import json
from typing import Any

import pytest

from source_pipedrive.config import normalize
from source_pipedrive.old_settings import migrate
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
)

APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
WITH_TOKEN = {"credentials": {"auth_type": "api_token", "api_token": TOKEN}}
WITH_APP = {"credentials": {"auth_type": "oauth2.0", **APP, "api_domain": DOMAIN}}
SHARED_HOST = {"api_domain": "https://api.pipedrive.com"}

FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "4.1, a token": (WITH_TOKEN, WITH_TOKEN),
    "4.1, an app": (WITH_APP, WITH_APP),
    "4.0": ({"api_token": TOKEN, "num_workers": 3}, WITH_TOKEN),
    "1.0, a token": ({"authorization": {"auth_type": "Token", "api_token": TOKEN}}, WITH_TOKEN),
    "1.0, no type": ({"authorization": {"api_token": TOKEN}}, WITH_TOKEN),
    "1.0, an app": (
        {"authorization": {"auth_type": "Client", **APP}},
        {"credentials": {"auth_type": "oauth2.0", **APP, **SHARED_HOST}},
    ),
    "left over, empty": ({**WITH_TOKEN, "api_token": "", "authorization": None}, WITH_TOKEN),
    "left over, the same": ({**WITH_TOKEN, "api_token": TOKEN}, WITH_TOKEN),
    "left over, the same app": (
        {**WITH_APP, "authorization": {"auth_type": "Client", **APP}},
        WITH_APP,
    ),
    "the same as the key": ({"api_key": TOKEN, "api_token": TOKEN}, {"api_key": TOKEN}),
    "an empty choice": (
        {"api_token": TOKEN, "credentials": {"auth_type": "api_token", "api_token": ""}},
        WITH_TOKEN,
    ),
}
DATES = {
    "2024-05-01": "2024-05-01",
    "2024-05-01T10:20:30Z": "2024-05-01T10:20:30Z",
    "2024-05-01 10:20:30Z": "2024-05-01T10:20:30Z",
    "2024-05-01 10:20:30": "2024-05-01T10:20:30",
    "2024-05-01T10:20:30+02:00": "2024-05-01T10:20:30+02:00",
    "2024-05-01T10:20:30.000Z": "2024-05-01T10:20:30.000Z",
    # the default of the official connector, which means everything
    "2010-01-01T00:00:00Z": None,
    "2010-01-01 00:00:00Z": None,
    "2010-01-01": None,
    "2010-01-01T02:00:00+02:00": None,
    "": None,
}
CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "two tokens": ({"api_key": TOKEN, "api_token": "other-5f0c7be2"}, "`api_token` and `api_key`"),
    "two forms": ({**WITH_TOKEN, "api_token": "other-5f0c7be2"}, "`api_token` and `credentials`"),
    "a token and an app": ({**WITH_APP, "api_token": TOKEN}, "`api_token` and `credentials`"),
    "an app and a key": (
        {"api_key": TOKEN, "authorization": {"auth_type": "Client", **APP}},
        "`authorization` and `api_key`",
    ),
    "two dates": (
        {"api_key": TOKEN, "start_date": "2024-05-01", "replication_start_date": "2023-05-01"},
        "`start_date` '2024-05-01' and `replication_start_date` '2023-05-01' contradict",
    ),
    "no date": (
        {"api_key": TOKEN, "replication_start_date": "yesterday"},
        "`replication_start_date` 'yesterday' is not a date",
    ),
    "no text": ({"api_token": 5091873}, "`api_token` is not valid"),
    "half an app": (
        {"authorization": {"auth_type": "Client", "client_id": CLIENT_ID}},
        "`authorization` is not valid",
    ),
}


@pytest.mark.parametrize(("written", "migrated"), FORMS.values(), ids=FORMS)
def test_every_form_of_credentials_is_understood(
    written: dict[str, Any], migrated: dict[str, Any]
) -> None:
    assert normalize(written) == migrated
    assert migrate(migrated) == migrated


@pytest.mark.parametrize("written", DATES)
def test_every_form_of_the_start_date_is_understood(written: str) -> None:
    settings = normalize({**WITH_TOKEN, "replication_start_date": written})

    assert settings == WITH_TOKEN | ({"start_date": date} if (date := DATES[written]) else {})


@pytest.mark.parametrize(
    "old", ["2024-05-01", "2024-05-01 00:00:00Z", "2010-01-01T00:00:00Z", "", None]
)
def test_a_start_date_that_is_set_twice_is_no_contradiction_if_it_is_the_same(
    old: str | None,
) -> None:
    settings = normalize({"start_date": "2024-05-01T00:00:00Z", "replication_start_date": old})

    assert settings == {"start_date": "2024-05-01T00:00:00Z"}


@pytest.mark.parametrize(("settings", "phrase"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, Any], phrase: str, connector: Connector
) -> None:
    output = connector("check", config=settings)

    assert output.connection["status"] == "FAILED"
    assert phrase in output.connection["message"]
    assert "no setting" not in output.connection["message"]
    assert "other-5f0c7be2" not in output.connection["message"]


def test_the_platform_is_handed_the_new_form_once(api: Api, connector: Connector) -> None:
    api.serve("v1/users/me", lambda _: envelope({"id": 1, "name": "Ada", "company_name": "A"}))
    old = {"api_token": TOKEN, "replication_start_date": "2024-05-01 00:00:00Z", "num_workers": 3}
    new = {**WITH_TOKEN, "start_date": "2024-05-01T00:00:00Z"}

    first = connector("check", config=old)
    handed_back = first.of_type("CONTROL")
    second = connector("check", config=handed_back[0]["connectorConfig"]["config"])

    assert first.connection["status"] == second.connection["status"] == "SUCCEEDED"
    assert [one["connectorConfig"]["config"] for one in handed_back] == [new]
    assert second.of_type("CONTROL") == []
    assert {request.headers["x-api-token"] for request in api.requests} == {TOKEN}


def test_the_default_start_date_filters_nothing(api: Api, read: Read) -> None:
    api.answer("api/v2/persons", page("persons", []))

    read("persons", replication_start_date="2010-01-01T00:00:00Z")

    (query,) = api.asked("api/v2/persons")
    assert "updated_since" not in query


def test_migrated_settings_are_json() -> None:
    assert json.loads(json.dumps(migrate({"api_token": TOKEN}))) == WITH_TOKEN
