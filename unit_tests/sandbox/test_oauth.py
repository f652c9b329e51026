"""The token endpoint, access tokens with scopes, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from docs.contract.operations import OPERATIONS
from pipedrive_sandbox.endpoints.operations import operations
from pipedrive_sandbox.gateway.scopes import scopes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from unit_tests.sandbox.client import Client

FORM = "application/x-www-form-urlencoded"


def ask(client: Client, app: dict[str, str], **more: Any) -> requests.Response:
    """Ask for tokens as documented, or in another way: `data`, `auth`, `headers`."""
    form = {"grant_type": "refresh_token", "refresh_token": app["refresh_token"]}
    options = {"data": form, "auth": (app["client_id"], app["client_secret"])} | more
    return client.session.post(f"{client.url}/oauth/token", timeout=10, **options)


def call(client: Client, access_token: str, path: str = "/v1/users/me") -> requests.Response:
    headers = {"x-api-token": "", "Authorization": f"Bearer {access_token}"}
    return client.request("GET", path, headers=headers)


@pytest.fixture
def app(own: Client) -> dict[str, str]:
    """An app that the administrator has authorized."""
    return dict(own.oauth_config()["credentials"])


def test_tokens_are_answered_as_documented(own: Client, app: dict[str, str]) -> None:
    answer = ask(own, app)

    body = answer.json()
    assert answer.status_code == 200
    assert body["token_type"] == "Bearer"  # noqa: S105 - the name of a scheme
    assert (body["expires_in"], body["api_domain"]) == (3600, own.url)
    assert body["refresh_token"] == app["refresh_token"]
    assert "base" in body["scope"].split(",")
    assert call(own, body["access_token"]).json()["data"]["id"] == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"json": {}, "data": None}, f"content must be {FORM}"),
        ({"data": {"refresh_token": "x"}}, "Missing parameter: `grant_type`"),
        ({"data": {"grant_type": "password"}}, "Unsupported grant type"),
        ({"auth": None}, "cannot retrieve client credentials"),
        ({"auth": ("app", "wrong")}, "client is invalid"),
        ({"data": {"grant_type": "refresh_token", "refresh_token": "x"}}, "refresh_token is inval"),
        ({"data": {"grant_type": "authorization_code", "code": "x"}}, "authorization_code is inv"),
    ],
)
def test_a_request_that_is_not_as_documented_is_refused(
    more: dict[str, Any], message: str, own: Client, app: dict[str, str]
) -> None:
    answer = ask(own, app, **more)

    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_an_access_token_ends_with_its_life(own: Client, app: dict[str, str]) -> None:
    own.control("settings", "POST", oauth_expires_in=60)
    token = ask(own, app).json()["access_token"]

    valid = call(own, token)
    own.control("clock", "POST", advance=61)

    assert (valid.status_code, call(own, token).status_code) == (200, 401)


def test_a_refresh_token_ends_after_sixty_days_without_use(
    own: Client, app: dict[str, str]
) -> None:
    own.control("clock", "POST", advance=59 * 86_400)
    used = ask(own, app)
    own.control("clock", "POST", advance=61 * 86_400)

    assert (used.status_code, ask(own, app).status_code) == (200, 400)


@pytest.mark.parametrize(("rotates", "repeats"), [(False, True), (False, False), (True, True)])
def test_refresh_tokens_rotate_if_they_are_set_to(
    *, rotates: bool, repeats: bool, own: Client, app: dict[str, str]
) -> None:
    own.control("settings", "POST", oauth_rotation=rotates, oauth_repeats_refresh_token=repeats)
    first, second = ask(own, app), ask(own, app)

    assert ("refresh_token" in first.json()) == (rotates or repeats)
    assert second.status_code == (400 if rotates else 200)


def test_a_revoked_app_has_no_tokens(own: Client, app: dict[str, str]) -> None:
    token = ask(own, app).json()["access_token"]

    own.control("oauth", "POST", action="revoke")

    assert (call(own, token).status_code, ask(own, app).status_code) == (401, 400)


def test_an_api_token_is_no_access_token(own: Client) -> None:
    assert call(own, own.token).status_code == 401


def test_an_app_reads_what_its_scopes_open(own: Client) -> None:
    app = own.oauth_config(scopes=["base", "deals:full"])["credentials"]
    token = ask(own, app).json()["access_token"]

    opened = call(own, token, "/api/v2/deals?limit=1")
    refused = call(own, token, "/api/v2/persons?limit=1")

    assert (opened.status_code, refused.status_code) == (200, 403)
    assert refused.json()["error"] == "Scope and URL mismatch"


def test_an_app_may_do_what_its_user_may(own: Client) -> None:
    app = own.oauth_config(profile="regular")["credentials"]
    token = ask(own, app).json()["access_token"]

    assert call(own, token).json()["data"]["id"] == 2
    assert call(own, token, "/v1/roles").status_code == 403


def test_an_app_has_a_higher_burst_limit(start: Callable[..., Client]) -> None:
    client = start("--burst", "20")
    token = ask(client, client.oauth_config()["credentials"]).json()["access_token"]

    assert call(client, token).headers["x-ratelimit-limit"] == "80"


def test_the_scopes_are_those_of_the_contract() -> None:
    contract = {(one.method.upper(), one.path): one for one in OPERATIONS if "scopes" in one.facts}
    served = [one for one in operations() if (one.method, one.path) in contract]

    differing = {
        one.path: scopes_of(one.path)
        for one in served
        if scopes_of(one.path) != contract[one.method, one.path].scopes
    }
    assert served
    assert differing == {}
