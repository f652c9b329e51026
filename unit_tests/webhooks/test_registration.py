from typing import Any

import pytest
import requests
import requests_mock as mocking

from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.webhooks.registration import Registrar, RegistrarError
from unit_tests.webhooks.fake_pipedrive import (
    API,
    COLLECTION,
    CREDENTIALS,
    TOKEN,
    URL,
    Pipedrive,
    a_webhook,
)


@pytest.fixture
def registrar() -> Registrar:
    return Registrar(ApiKeyAccess(TOKEN, API))


@pytest.mark.usefixtures("pipedrive")
def test_one_webhook_for_all_events_is_registered(
    registrar: Registrar, requests_mock: mocking.Mocker
) -> None:
    webhook, is_new = registrar.register(URL, CREDENTIALS)

    assert is_new
    assert webhook.url == URL
    assert requests_mock.request_history[-1].json() == {
        "name": "source-pipedrive",
        "subscription_url": URL,
        "event_action": "*",
        "event_object": "*",
        "version": "2.0",
        "http_auth_user": CREDENTIALS.user,
        "http_auth_password": CREDENTIALS.password,
    }


def test_registering_again_changes_nothing(pipedrive: Pipedrive, registrar: Registrar) -> None:
    first, _ = registrar.register(URL, CREDENTIALS)
    pipedrive.log.clear()

    second, is_new = registrar.register(URL, CREDENTIALS)

    assert (second.id, is_new) == (first.id, False)
    assert pipedrive.log == ["GET /v1/webhooks"]


@pytest.mark.parametrize(
    "outdated",
    [
        {"version": "1.0"},
        {"event_object": "deal"},
        {"event_action": "create"},
        {"http_auth_password": "hook-secret-older-0002"},
        {"http_auth_user": None, "http_auth_password": None},
    ],
)
def test_an_outdated_webhook_is_replaced_without_a_gap(
    pipedrive: Pipedrive, registrar: Registrar, outdated: dict[str, Any]
) -> None:
    pipedrive.webhooks = [a_webhook(id=4, **outdated)]

    webhook, is_new = registrar.register(URL, CREDENTIALS)

    assert is_new
    assert [one["id"] for one in pipedrive.webhooks] == [webhook.id]
    assert pipedrive.log == ["GET /v1/webhooks", "POST /v1/webhooks", "DELETE /v1/webhooks/4"]


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Zapier"},
        {"name": None},
        {"subscription_url": "https://staging.example.com/pipedrive"},
        {"is_active": 0, "remove_reason": "no success on 3 days"},
    ],
)
def test_other_webhooks_and_removed_ones_are_left_unchanged(
    pipedrive: Pipedrive, registrar: Registrar, other: dict[str, Any]
) -> None:
    pipedrive.webhooks = [a_webhook(id=4, **other)]

    registrar.register(URL, CREDENTIALS)
    registrar.remove(URL)

    assert [one["id"] for one in pipedrive.webhooks] == [4]


def test_the_older_of_two_matching_webhooks_stays(
    pipedrive: Pipedrive, registrar: Registrar
) -> None:
    pipedrive.webhooks = [a_webhook(id=9), a_webhook(id=4)]

    webhook, is_new = registrar.register(URL, CREDENTIALS)

    assert (webhook.id, is_new) == (4, False)
    assert [one["id"] for one in pipedrive.webhooks] == [4]


def test_only_our_webhooks_are_removed(pipedrive: Pipedrive, registrar: Registrar) -> None:
    pipedrive.webhooks = [a_webhook(id=4), a_webhook(id=5, name="Zapier")]

    removed = registrar.remove(URL)

    assert [webhook.id for webhook in removed] == [4]
    assert [one["id"] for one in pipedrive.webhooks] == [5]


def test_a_webhook_that_no_longer_exists_counts_as_removed(
    pipedrive: Pipedrive, registrar: Registrar, requests_mock: mocking.Mocker
) -> None:
    pipedrive.webhooks = [a_webhook(id=4)]
    requests_mock.delete(f"{COLLECTION}/4", status_code=404, json={"success": False})

    assert [webhook.id for webhook in registrar.remove(URL)] == [4]


def test_the_list_says_which_webhooks_fail(pipedrive: Pipedrive, registrar: Registrar) -> None:
    pipedrive.webhooks = [
        a_webhook(id=1, last_http_status=200),
        a_webhook(id=2, last_http_status=503),
        a_webhook(id=3, last_http_status=None),
    ]

    assert [one.is_failing for one in registrar.list_webhooks()] == [False, True, False]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", COLLECTION),
        ("PATCH", f"{COLLECTION}/1"),
        ("POST", f"{API}/api/v2/deals"),
        ("POST", f"{COLLECTION}/1"),
        ("POST", f"{COLLECTION}?all=1"),
        ("DELETE", COLLECTION),
        ("DELETE", f"{COLLECTION}/"),
        ("DELETE", f"{COLLECTION}/1/deals"),
        ("DELETE", f"{COLLECTION}/../deals/1"),
        ("DELETE", f"{API}/api/v2/deals/1"),
        ("GET", f"{API}/v1/users"),
        ("GET", "https://example.com/v1/webhooks"),
        ("GET", "http://acme.pipedrive.com/v1/webhooks"),
        ("POST", "https://acme.pipedrive.com.example.com/v1/webhooks"),
    ],
)
def test_only_requests_for_webhooks_can_be_sent(
    registrar: Registrar, requests_mock: mocking.Mocker, method: str, url: str
) -> None:
    requests_mock.register_uri(mocking.ANY, mocking.ANY, json={})

    with pytest.raises(RegistrarError, match="may only list"):
        registrar._session.request(method, url)  # noqa: SLF001 - the session itself is tested

    assert not requests_mock.called


def test_a_redirect_is_not_followed(registrar: Registrar, requests_mock: mocking.Mocker) -> None:
    requests_mock.get(COLLECTION, status_code=301, headers={"location": "https://example.com/"})

    with pytest.raises(RegistrarError):
        registrar.list_webhooks()

    assert [request.url for request in requests_mock.request_history] == [COLLECTION]


@pytest.mark.parametrize(
    ("status", "body", "phrase"),
    [
        (400, {"success": False, "errors": {"subscription_url": ["not reachable"]}}, "reachable"),
        (401, {"success": False, "error": "unauthorized access"}, "API key is wrong"),
        (402, {"success": False}, "not active"),
        (403, {"success": False, "message": "Forbidden"}, "admin"),
        (404, {"success": False}, "api_url"),
        (422, {"success": False}, "40 webhooks"),
        (429, {"success": False, "error": "request over limit"}, "tokens"),
        (400, ["not an object"], "400, no reason"),
        (500, {"success": False, "error": f"failed for {TOKEN}"}, r"failed for \(the API key\)"),
        (503, {"success": False}, "status.pipedrive.com"),
    ],
)
def test_an_error_says_what_to_do(
    registrar: Registrar,
    requests_mock: mocking.Mocker,
    status: int,
    body: Any,
    phrase: str,
) -> None:
    requests_mock.get(COLLECTION, json={"success": True, "data": []})
    requests_mock.post(COLLECTION, status_code=status, json=body)

    with pytest.raises(RegistrarError, match=phrase) as caught:
        registrar.register(URL, CREDENTIALS)

    assert str(status) in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert CREDENTIALS.password not in str(caught.value)


def test_an_unreachable_api_is_reported(
    registrar: Registrar, requests_mock: mocking.Mocker
) -> None:
    requests_mock.get(COLLECTION, exc=requests.ConnectionError(f"{API} is away"))

    with pytest.raises(RegistrarError, match="cannot be reached"):
        registrar.list_webhooks()


def test_an_error_page_is_reported_by_its_status(
    registrar: Registrar, requests_mock: mocking.Mocker
) -> None:
    requests_mock.get(COLLECTION, status_code=403, text="<html>Forbidden</html>")

    with pytest.raises(RegistrarError, match="403, no readable reason"):
        registrar.list_webhooks()


@pytest.mark.parametrize("body", ["<html>", "null", "[]"])
def test_an_unexpected_answer_is_reported(
    registrar: Registrar, requests_mock: mocking.Mocker, body: str
) -> None:
    requests_mock.get(COLLECTION, text=body)

    with pytest.raises(RegistrarError, match="not the expected JSON"):
        registrar.list_webhooks()


def test_a_null_list_is_an_empty_list(registrar: Registrar, requests_mock: mocking.Mocker) -> None:
    requests_mock.get(COLLECTION, json={"success": True, "data": None})

    assert registrar.list_webhooks() == []
