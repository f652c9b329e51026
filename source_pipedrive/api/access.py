"""Signs requests: with an API key, or with an access token that OAuth renews."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from requests import PreparedRequest, Response
from requests.auth import AuthBase

from source_pipedrive import config_file
from source_pipedrive.api.oauth import TOKEN_URL, AccessToken, OAuthTokens
from source_pipedrive.config import DEFAULT_API, is_pipedrive, normalize

HandBack = Callable[[Mapping[str, Any]], None]
"""Receives `credentials` after a renewal, to store them in place of those of the config."""


class Words(NamedTuple):
    """How messages call the user whose credentials are used, and the setting of the address."""

    owner: str
    address: str


class Access(Protocol):
    """Signs requests, and knows their address. `tries` limits the requests for a new token."""

    words: Words

    def base_url(self) -> str:
        """Return the address of the API, without a slash at its end."""

    def signer(self, tries: int | None = None) -> AuthBase:
        """Return what signs requests, as `requests` wants it."""


class ApiKeyAccess(AuthBase):
    """The header `x-api-token`.

    https://pipedrive.readme.io/docs/core-api-concepts-authentication
    """

    words = Words("the owner of the API key", "`api_url`")

    def __init__(self, api_key: str, api_url: str = DEFAULT_API) -> None:
        self._api_key = api_key
        self._api_url = api_url.rstrip("/")

    def base_url(self) -> str:
        return self._api_url

    def signer(self, tries: int | None = None) -> AuthBase:
        return self

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["x-api-token"] = self._api_key
        return request


class OAuthAccess:
    """The header `Authorization` with a valid access token, sent to the host of that token."""

    words = Words("the user who connected the app", "`credentials.api_domain`")

    def __init__(self, tokens: OAuthTokens) -> None:
        self._tokens = tokens

    def base_url(self) -> str:
        return self._tokens.current().api_domain

    def signer(self, tries: int | None = None) -> AuthBase:
        return _BearerAuth(self._tokens, {} if tries is None else {"tries": tries})


class _BearerAuth(AuthBase):
    """Signs a request with a valid token; if Pipedrive refuses it, once more with a new one."""

    def __init__(self, tokens: OAuthTokens, options: Mapping[str, int]) -> None:
        self._tokens = tokens
        self._options = options

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        _sign(request, self._tokens.current(**self._options))
        # a retry signs the same request again
        if self._send_again not in request.hooks["response"]:
            request.hooks["response"].append(self._send_again)
        return request

    def _send_again(self, response: Response, **options: Any) -> Response:
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        refused = response.request.headers["Authorization"].removeprefix(AccessToken.SCHEME)
        token = self._tokens.replacement(refused, **self._options)
        response.close()
        request = response.request.copy()
        _sign(request, token)
        again: Response = response.connection.send(request, **options)
        return again


def _sign(request: PreparedRequest, token: AccessToken) -> None:
    request.headers["Authorization"] = f"{AccessToken.SCHEME}{token.value}"
    request.prepare_url(f"{token.api_domain}{request.path_url}", None)


def access_of(config: Mapping[str, Any], hand_back: HandBack) -> Access:
    """Return the access that a config describes; of no use if the config is not valid."""
    settings = normalize(config)
    address = str(settings.get("api_url") or DEFAULT_API)
    given = settings.get("credentials")
    credentials = given if isinstance(given, Mapping) else {}
    if "api_key" in settings or credentials.get("auth_type") != "oauth2.0":
        key = settings.get("api_key") or credentials.get("api_token") or ""
        return ApiKeyAccess(str(key), address)
    return OAuthAccess(OAuthTokens(credentials, hand_back, _token_url(settings, credentials)))


def access_kept_in(file: str | Path, config: Mapping[str, Any]) -> Access:
    """Return the access that a config file describes, which keeps renewed credentials."""
    return access_of(config, partial(keep_in_file, file))


def keep_in_file(file: str | Path, credentials: Mapping[str, Any]) -> None:
    """Write renewed credentials into the config file, or say that it has lost its refresh token."""
    if config_file.update(file, credentials=dict(credentials)):
        return
    stored = config_file.read(file).get("credentials")
    if (
        not isinstance(stored, Mapping)
        or stored.get("refresh_token") != credentials["refresh_token"]
    ):
        sys.stderr.write(
            f"Pipedrive replaced the refresh token, but {file} cannot be written. The token in it "
            "is void. Make the file writable, authorize the app again, and enter the new token.\n"
        )


def _token_url(settings: Mapping[str, Any], credentials: Mapping[str, Any]) -> str:
    """Return where tokens are requested.

    A host that is not Pipedrive's is a proxy or a local Pipedrive, and stands for all of its hosts.
    """
    for address in (settings.get("api_url"), credentials.get("api_domain")):
        if address and not is_pipedrive(str(address)):
            return f"{str(address).rstrip('/')}/oauth/token"
    return TOKEN_URL
