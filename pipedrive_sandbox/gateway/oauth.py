"""`/oauth/token`: the tokens of apps, as Pipedrive documents them.

https://pipedrive.readme.io/docs/marketplace-oauth-authorization
https://pipedrive.readme.io/docs/marketplace-oauth-and-api-proxy-status-codes
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import orjson

from pipedrive_sandbox.endpoints.errors import ApiError
from pipedrive_sandbox.gateway.scopes import ALL_SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_sandbox.clock import Clock
    from pipedrive_sandbox.settings import Settings
    from pipedrive_sandbox.store import Row

_FORM: Final = "application/x-www-form-urlencoded"
_DAY: Final = 86_400
_DAYS_WITHOUT_USE: Final = 60
_GRANT_TYPES: Final = ("authorization_code", "refresh_token")


@dataclass
class Grant:
    """What a user allowed an app: `refresh_token` is the one that is valid now."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    profile: str
    scopes: frozenset[str]
    used_at: float


@dataclass(frozen=True)
class _AccessToken:
    grant: Grant
    expires_at: float


class OAuth:
    """The apps, their grants, and the access tokens in force. Time is that of the sandbox."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        """Begin without apps."""
        self._clock = clock
        self._settings = settings
        self._grants: list[Grant] = []
        self._access_tokens: dict[str, _AccessToken] = {}

    def authorize(self, profile: str, scopes: frozenset[str] = ALL_SCOPES) -> Grant:
        """Have a user authorize a new app, as in the browser."""
        tokens = (secrets.token_hex(10), secrets.token_hex(20), _refresh_token())
        grant = Grant(*tokens, profile, scopes, self._clock.now())
        self._grants.append(grant)
        return grant

    def revoke(self) -> None:
        """Uninstall all apps."""
        self._grants.clear()
        self._access_tokens.clear()

    def expire(self) -> None:
        """End the life of all access tokens."""
        self._access_tokens.clear()

    def grant_of(self, access_token: str) -> Grant | None:
        """Return the grant of an access token that is in force."""
        found = self._access_tokens.get(access_token)
        return found.grant if found and found.expires_at > self._clock.now() else None

    def issue(self, headers: Mapping[str, str], body: bytes, api_domain: str) -> bytes:
        """Answer a request for tokens; raise `ApiError` where it is not as documented."""
        form = _form_of(headers, body)
        if "grant_type" not in form:
            raise _error("invalid_request", "Missing parameter: `grant_type`")
        if form["grant_type"] not in _GRANT_TYPES:
            raise _error(
                "unsupported_grant_type", "Unsupported grant type: `grant_type` is invalid"
            )
        client = _client_of(headers, form)
        if client not in {(one.client_id, one.client_secret) for one in self._grants}:
            raise _error("invalid_client", "Invalid client: client is invalid")
        if form["grant_type"] == "authorization_code":
            raise _error("invalid_grant", "Invalid grant: authorization_code is invalid")
        grant = self._grant(client, form.get("refresh_token", ""))
        return orjson.dumps(self._tokens(grant, api_domain))

    def _grant(self, client: tuple[str, str], refresh_token: str) -> Grant:
        for grant in self._grants:
            is_theirs = client == (grant.client_id, grant.client_secret)
            days = (self._clock.now() - grant.used_at) / _DAY
            if is_theirs and grant.refresh_token == refresh_token and days < _DAYS_WITHOUT_USE:
                return grant
        raise _error("invalid_grant", "Invalid grant: refresh_token is invalid")

    def _tokens(self, grant: Grant, api_domain: str) -> Row:
        now = self._clock.now()
        seconds = self._settings.oauth_expires_in
        access_token = f"v1u:{secrets.token_urlsafe(90)}"
        self._access_tokens[access_token] = _AccessToken(grant, now + seconds)
        grant.used_at = now
        answer: Row = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": ",".join(sorted(grant.scopes)),
            "api_domain": api_domain,
        }
        if self._settings.oauth_rotation:
            grant.refresh_token = _refresh_token()
        if self._settings.oauth_rotation or self._settings.oauth_repeats_refresh_token:
            answer["refresh_token"] = grant.refresh_token
        return answer


def _refresh_token() -> str:
    return f"{secrets.randbelow(10**8)}:{secrets.randbelow(10**8)}:{secrets.token_hex(20)}"


def _form_of(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise _error("invalid_request", f"Invalid request: content must be {_FORM}")
    return {name: values[-1] for name, values in parse_qs(body.decode("latin-1")).items()}


def _client_of(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str]:
    """Return id and secret of the app: by HTTP Basic authentication or, discouraged, by form."""
    scheme, _, written = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(written, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = secret = ""
    else:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not (name and secret):
        raise _error("invalid_client", "Invalid client: cannot retrieve client credentials")
    return name, secret


def _error(code: str, message: str) -> ApiError:
    return ApiError(400, {"success": False, "message": message, "error": code})
