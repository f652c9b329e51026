from typing import Any

import pytest
import requests
import requests_mock as mocking

from source_pipedrive.webhooks.registration import Registrar, RegistrarError
from unit_tests.webhooks.hooks import API, CREDENTIALS, HOOKS, TOKEN, URL, Pipedrive, a_hook


@pytest.fixture
def registrar() -> Registrar:
    return Registrar(TOKEN, API)


@pytest.mark.usefixtures("pipedrive")
def test_one_webhook_for_everything_is_registered(
    registrar: Registrar, requests_mock: mocking.Mocker
) -> None:
    hook, is_new = registrar.register(URL, CREDENTIALS)

    assert is_new
    assert hook.url == URL
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
def test_a_webhook_that_is_not_right_is_replaced_without_a_gap(
    pipedrive: Pipedrive, registrar: Registrar, outdated: dict[str, Any]
) -> None:
    pipedrive.hooks = [a_hook(id=4, **outdated)]

    hook, is_new = registrar.register(URL, CREDENTIALS)

    assert is_new
    assert [hook["id"] for hook in pipedrive.hooks] == [hook.id]
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
def test_webhooks_of_others_and_removed_ones_are_not_touched(
    pipedrive: Pipedrive, registrar: Registrar, other: dict[str, Any]
) -> None:
    pipedrive.hooks = [a_hook(id=4, **other)]

    registrar.register(URL, CREDENTIALS)
    registrar.remove(URL)

    assert [hook["id"] for hook in pipedrive.hooks] == [4]


def test_of_two_right_webhooks_the_older_stays(pipedrive: Pipedrive, registrar: Registrar) -> None:
    pipedrive.hooks = [a_hook(id=9), a_hook(id=4)]

    hook, is_new = registrar.register(URL, CREDENTIALS)

    assert (hook.id, is_new) == (4, False)
    assert [hook["id"] for hook in pipedrive.hooks] == [4]


def test_removing_removes_ours(pipedrive: Pipedrive, registrar: Registrar) -> None:
    pipedrive.hooks = [a_hook(id=4), a_hook(id=5, name="Zapier")]

    removed = registrar.remove(URL)

    assert [hook.id for hook in removed] == [4]
    assert [hook["id"] for hook in pipedrive.hooks] == [5]


def test_a_webhook_that_is_gone_already_counts_as_removed(
    pipedrive: Pipedrive, registrar: Registrar, requests_mock: mocking.Mocker
) -> None:
    pipedrive.hooks = [a_hook(id=4)]
    requests_mock.delete(f"{HOOKS}/4", status_code=404, json={"success": False})

    assert [hook.id for hook in registrar.remove(URL)] == [4]


def test_the_list_tells_how_a_webhook_fares(pipedrive: Pipedrive, registrar: Registrar) -> None:
    pipedrive.hooks = [
        a_hook(id=1, last_http_status=200),
        a_hook(id=2, last_http_status=503),
        a_hook(id=3, last_http_status=None),
    ]

    assert [hook.failing for hook in registrar.hooks()] == [False, True, False]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", HOOKS),
        ("PATCH", f"{HOOKS}/1"),
        ("POST", f"{API}/api/v2/deals"),
        ("POST", f"{HOOKS}/1"),
        ("POST", f"{HOOKS}?all=1"),
        ("DELETE", HOOKS),
        ("DELETE", f"{HOOKS}/"),
        ("DELETE", f"{HOOKS}/1/deals"),
        ("DELETE", f"{HOOKS}/../deals/1"),
        ("DELETE", f"{API}/api/v2/deals/1"),
        ("GET", f"{API}/v1/users"),
        ("GET", "https://example.com/v1/webhooks"),
        ("GET", "http://acme.pipedrive.com/v1/webhooks"),
        ("POST", "https://acme.pipedrive.com.example.com/v1/webhooks"),
    ],
)
def test_nothing_but_webhooks_can_be_asked_or_written(
    registrar: Registrar, requests_mock: mocking.Mocker, method: str, url: str
) -> None:
    requests_mock.register_uri(mocking.ANY, mocking.ANY, json={})

    with pytest.raises(RegistrarError, match="only webhooks"):
        registrar._session.request(method, url)  # noqa: SLF001 - the door itself is tested

    assert not requests_mock.called


def test_a_redirect_is_not_followed(registrar: Registrar, requests_mock: mocking.Mocker) -> None:
    requests_mock.get(HOOKS, status_code=301, headers={"location": "https://example.com/"})

    with pytest.raises(RegistrarError):
        registrar.hooks()

    assert [request.url for request in requests_mock.request_history] == [HOOKS]


@pytest.mark.parametrize(
    ("status", "body", "phrase"),
    [
        (400, {"success": False, "errors": {"subscription_url": ["not reachable"]}}, "reachable"),
        (401, {"success": False, "error": "unauthorized access"}, "API key is wrong"),
        (402, {"success": False}, "not open"),
        (403, {"success": False, "message": "Forbidden"}, "admin"),
        (404, {"success": False}, "api_url"),
        (422, {"success": False}, "40 webhooks"),
        (429, {"success": False, "error": "request over limit"}, "tokens"),
        (503, {"success": False}, "status.pipedrive.com"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(
    registrar: Registrar,
    requests_mock: mocking.Mocker,
    status: int,
    body: dict[str, Any],
    phrase: str,
) -> None:
    requests_mock.get(HOOKS, json={"success": True, "data": []})
    requests_mock.post(HOOKS, status_code=status, json=body)

    with pytest.raises(RegistrarError, match=phrase) as caught:
        registrar.register(URL, CREDENTIALS)

    assert str(status) in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert CREDENTIALS.password not in str(caught.value)


def test_an_api_that_is_away_is_told(registrar: Registrar, requests_mock: mocking.Mocker) -> None:
    requests_mock.get(HOOKS, exc=requests.ConnectionError(f"{API} is away"))

    with pytest.raises(RegistrarError, match="cannot be reached"):
        registrar.hooks()


@pytest.mark.parametrize("body", ["<html>", "null", "[]"])
def test_an_answer_that_is_no_list_of_webhooks_is_told(
    registrar: Registrar, requests_mock: mocking.Mocker, body: str
) -> None:
    requests_mock.get(HOOKS, text=body)

    with pytest.raises(RegistrarError, match="something else"):
        registrar.hooks()


def test_a_null_list_is_an_empty_one(registrar: Registrar, requests_mock: mocking.Mocker) -> None:
    requests_mock.get(HOOKS, json={"success": True, "data": None})

    assert registrar.hooks() == []
