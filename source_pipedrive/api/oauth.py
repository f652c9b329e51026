"""Obtains access tokens by OAuth 2.0, and keeps the one that is valid for all threads.

Neither the CDK's authenticators nor a library for OAuth can be used: Pipedrive's answers name the
host of all requests, a renewal whose answer is lost needs a message of its own, and the webhook
receiver starts without the CDK.
https://pipedrive.readme.io/docs/marketplace-oauth-authorization
"""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

import backoff
import requests
from urllib3.exceptions import NewConnectionError

from source_pipedrive import timestamps
from source_pipedrive.addresses import is_unencrypted
from source_pipedrive.api.body_limit import limit_body
from source_pipedrive.lenient_json import parse

TOKEN_URL: Final = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address

_LOGGER = logging.getLogger("airbyte")
_TIMEOUT = (10, 60)
_LONGEST_WAIT = 60
_LONGEST_REASON = 300
# the waits between them add up to nine minutes
_MOST_TRIES = 15
# a token is renewed before it expires: five minutes, or a tenth of a short life
_SECONDS_AHEAD = 300
_SHARE_AHEAD = 0.1
_SECONDS_TO_NEXT_TRY = 30

_REFUSED = (
    "Pipedrive refused to renew the access token ({said}). The refresh token is wrong, was "
    "replaced by a newer one, or was not used for 60 days, or the app was uninstalled. To connect "
    "again, authorize the app in Pipedrive, and enter the new `refresh_token`."
)
_WRONG_APP = (
    "Pipedrive refused to renew the access token ({said}). `client_id` or `client_secret` is "
    "wrong. Copy both from the app in Pipedrive's Developer Hub. To connect again, authorize the "
    "app in Pipedrive, and enter the new `refresh_token`."
)
_LOST = " An earlier answer of this run was lost, and with it the refresh token that was valid."
_UNAVAILABLE = (
    "The access token could not be renewed: {said}. No data is lost: the next sync resumes from "
    "here. Check the network and the firewall, and whether they allow {host}."
)


class OAuthError(Exception):
    """There is no valid access token. The message says why, and what to do."""


class RenewalRefusedError(OAuthError):
    """Pipedrive refused to renew the access token: the user must connect again."""


class RenewalFailedError(OAuthError):
    """Pipedrive gave no usable answer: a later renewal may succeed."""


@dataclass(frozen=True)
class AccessToken:
    """An access token, and the address for which it is valid: `https://company.pipedrive.com`."""

    value: str = field(repr=False)
    api_domain: str

    SCHEME: ClassVar = "Bearer "


@dataclass(frozen=True)
class _Answer:
    """What a successful answer of the token endpoint says. `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    api_domain: str | None
    expires_in: float | None

    @classmethod
    def of(cls, body: Any) -> Self:
        """Read it from the parsed body. Raises `ValueError` if there is no usable token in it."""
        if not isinstance(body, Mapping):
            raise TypeError
        access_token, refresh_token = body["access_token"], body.get("refresh_token")
        if not re.fullmatch("[!-~]+", access_token):
            raise ValueError
        return cls(
            access_token,
            refresh_token if isinstance(refresh_token, str) and refresh_token else None,
            _address(body.get("api_domain")),
            _positive(body.get("expires_in")),
        )


def _address(given: object) -> str | None:
    """Return an address to which a token can be sent; nothing if it is not one."""
    if not isinstance(given, str) or not re.fullmatch(r"https?://[^\s/?#@]+/?", given):
        return None
    return None if is_unencrypted(given) else given.rstrip("/")


def _positive(given: Any) -> float | None:
    """Return a positive number, which may be text; nothing if it is not one."""
    try:
        number = float(given)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < math.inf else None


class OAuthTokens:
    """The tokens of one authorization. All threads share them, and one of them renews them.

    `credentials` are those of the config. `hand_back` receives them anew after each renewal, before
    the new token is used: the refresh token may be another one, and the old one may be void.

    A token is renewed ahead of its expiry, by the monotonic clock, and when Pipedrive refuses it:
    the stored time of expiry is only as good as the clock of the machine that stored it.
    """

    def __init__(
        self,
        credentials: Mapping[str, Any],
        hand_back: Callable[[Mapping[str, Any]], None],
        token_url: str = TOKEN_URL,
    ) -> None:
        self._credentials = dict(credentials)
        self._hand_back = hand_back
        self._token_url = token_url
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._renew_at = self._expires_at = math.inf
        self._failure: OAuthError | None = None
        self._failure_ends_at = math.inf
        self._is_answer_lost = False
        if stored := credentials.get("access_token"):
            self._use(str(stored), _seconds_until(credentials.get("token_expiry_date")))

    def current(self, tries: int = _MOST_TRIES) -> AccessToken:
        """Return a valid token, renewed if it is about to expire. Raises `OAuthError`."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._renew_at:
                self._renew_ahead(tries)
            assert self._token  # noqa: S101 - for types
            return self._token

    def replacement(self, refused: str, tries: int = _MOST_TRIES) -> AccessToken:
        """Return another token than one that Pipedrive refused. Raises `OAuthError`."""
        with self._lock:
            if self._token is None or self._token.value == refused:
                self._renew(tries)
            assert self._token  # noqa: S101 - for types
            return self._token

    def _renew_ahead(self, tries: int) -> None:
        is_valid = self._token is not None and time.monotonic() < self._expires_at
        try:
            self._renew(1 if is_valid else tries)
        except RenewalFailedError:
            if not is_valid:
                raise
            self._failure = None
            self._renew_at = time.monotonic() + _SECONDS_TO_NEXT_TRY

    def _renew(self, tries: int) -> None:
        if self._failure and time.monotonic() < self._failure_ends_at:
            # the other threads need not ask again
            raise self._failure
        asked_at = time.monotonic()
        try:
            answer = self._request_until_answered(1 if self._failure else tries)
        except OAuthError as error:
            is_final = isinstance(error, RenewalRefusedError)
            ends_in = math.inf if is_final else _SECONDS_TO_NEXT_TRY
            self._failure, self._failure_ends_at = error, time.monotonic() + ends_in
            raise
        self._failure, self._is_answer_lost = None, False
        given = {
            "access_token": answer.access_token,
            "refresh_token": answer.refresh_token,
            "api_domain": answer.api_domain,
        }
        self._credentials |= {name: value for name, value in given.items() if value}
        self._credentials.pop("token_expiry_date", None)
        if answer.expires_in:
            expiry = datetime.now(UTC) + timedelta(seconds=min(answer.expires_in, 10**9))
            self._credentials["token_expiry_date"] = timestamps.format_utc(expiry)
        self._hand_back(dict(self._credentials))
        self._use(answer.access_token, answer.expires_in, asked_at)

    def _use(self, token: str, seconds: float | None, since: float | None = None) -> None:
        domain = str(self._credentials.get("api_domain", "")).rstrip("/")
        self._token = AccessToken(token, domain)
        start = time.monotonic() if since is None else since
        left = math.inf if seconds is None else seconds
        self._expires_at = start + left
        ahead = min(_SECONDS_AHEAD, max(0, left) * _SHARE_AHEAD)
        self._renew_at = self._expires_at - ahead

    def _request_until_answered(self, tries: int) -> _Answer:
        retried = backoff.on_exception(
            backoff.expo,
            RenewalFailedError,
            max_tries=tries,
            max_value=_LONGEST_WAIT,
            jitter=backoff.random_jitter,
            logger=None,
            on_backoff=_log_retry,
        )
        answer: _Answer = retried(self._request)()
        return answer

    def _request(self) -> _Answer:
        """Ask for tokens: the only POST of the connector, apart from webhooks."""
        app = str(self._credentials["client_id"]), str(self._credentials["client_secret"])
        form = {"grant_type": "refresh_token", "refresh_token": self._credentials["refresh_token"]}
        try:
            response = requests.post(
                self._token_url,
                data=form,
                auth=app,
                headers={"Accept": "application/json"},
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
                hooks={"response": limit_body},
            )
            content = response.content
        except requests.RequestException as error:
            self._is_answer_lost |= _may_have_arrived(error)
            raise self._failed(type(error).__name__) from None
        said = self._said(response.status_code, content)
        is_html = "text/html" in response.headers.get("content-type", "")
        is_server_error = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_server_error or is_html or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            self._is_answer_lost |= is_server_error
            raise self._failed(said)
        if response.status_code != HTTPStatus.OK:
            message = _WRONG_APP if "client" in said.lower() else _REFUSED
            lost = _LOST if self._is_answer_lost else ""
            raise RenewalRefusedError(message.format(said=said) + lost)
        try:
            return _Answer.of(parse(content))
        except (KeyError, TypeError, ValueError):
            self._is_answer_lost = True
            raise self._failed("the answer has no access token") from None

    def _failed(self, said: str) -> RenewalFailedError:
        host = urlsplit(self._token_url).netloc
        return RenewalFailedError(_UNAVAILABLE.format(said=said, host=host))

    def _redact(self, text: str) -> str:
        for name in ("access_token", "refresh_token", "client_secret", "client_id"):
            if secret := self._credentials.get(name):
                text = text.replace(str(secret), "***")
        return text

    def _said(self, status: int, content: bytes) -> str:
        try:
            body = parse(content)
        except ValueError:
            return str(status)
        given = body if isinstance(body, Mapping) else {}
        parts = [given.get(name) for name in ("error", "error_description", "message")]
        texts = dict.fromkeys(part for part in parts if isinstance(part, str) and part)
        return self._redact(", ".join([str(status), *texts]))[:_LONGEST_REASON]


def _may_have_arrived(error: requests.RequestException) -> bool:
    """Tell whether Pipedrive may have got a request, and have replaced the refresh token."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    never_connected = isinstance(error, requests.ConnectTimeout)
    return not (never_connected or isinstance(reason, NewConnectionError))


def _log_retry(details: Mapping[str, Any]) -> None:
    what_happened, _, _ = str(details["exception"]).partition(". ")
    _LOGGER.info("%s. Retrying in %d s.", what_happened, details["wait"])


def _seconds_until(expiry: object) -> float | None:
    """Return how long a stored token is valid by this machine's clock; nothing if unknown."""
    try:
        moment = timestamps.parse(str(expiry)) if expiry else None
    except ValueError:
        return None
    return (moment - datetime.now(UTC)).total_seconds() if moment else None
