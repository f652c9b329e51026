"""Registers, lists, and removes our webhook: the only code of the connector that writes.

It cannot write anything but webhooks: see `_WebhookSession`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from source_pipedrive.api.access import Access, OAuthAccess
from source_pipedrive.api.oauth import OAuthError
from source_pipedrive.api.responses import without_credentials
from source_pipedrive.inbox.event import company_of
from source_pipedrive.lenient_json import parse
from source_pipedrive.webhooks.credentials import Credentials

NAME: Final = "source-pipedrive"
"""The name of our webhooks in Pipedrive. Name and URL together identify them."""

_TIMEOUT = (10, 60)
_LONGEST_REASON = 300
_TRIES_OF_RENEWAL = 3
_RETRY = Retry(
    total=4,
    backoff_factor=1,
    status_forcelist=(429, 500, 502, 503, 504),
    # a POST that failed may still have registered a webhook
    allowed_methods=("GET", "DELETE"),
    raise_on_status=False,
    redirect=False,
)

_MEANINGS: Mapping[int, str] = {
    401: "The API key is wrong, was regenerated, or API access is off for its user.",
    402: "The company account is not active: the trial is over or an invoice is unpaid.",
    403: "The owner of the API key may not manage webhooks. Use the key of an admin.",
    404: "The webhook does not exist, or `api_url` is not the address of the API.",
    422: "The user has 40 webhooks, the most that Pipedrive allows. Remove one of them.",
    429: "The rate limit or the company's daily API tokens are used up. Try again later.",
}
_MEANINGS_OF_OAUTH: Mapping[int, str] = {
    401: "The app was uninstalled, or its user was deactivated. Connect again.",
    403: "The app needs the scope admin, and an admin must connect it.",
}
_UNEXPECTED_ANSWER = (
    "Pipedrive's answer is not the expected JSON. Check that `api_url` is the address of the API."
)
_SERVER_ERROR = "Pipedrive has a problem. See https://status.pipedrive.com, and try again later."
_OTHER_ERROR = (
    "Check the URL: it must be public, must not redirect, and must have a valid certificate."
)


class RegistrarError(Exception):
    """Pipedrive did not do what was asked. The message says why, and what to do."""


@dataclass(frozen=True)
class Webhook:
    """One webhook as Pipedrive lists it."""

    id: int
    name: str | None
    url: str
    event: str
    version: str
    is_active: bool
    user: str | None
    password: str | None = field(repr=False)
    last_delivery_time: str | None
    last_http_status: int | None
    remove_reason: str | None
    company_id: str = ""

    @property
    def is_failing(self) -> bool:
        """Whether the last delivery got another answer than 2xx."""
        return self.last_http_status is not None and self.last_http_status // 100 != 2  # noqa: PLR2004

    def matches(self, credentials: Credentials) -> bool:
        """Whether it delivers all events of version 2.0 with these credentials."""
        return (self.event, self.version, self.user, self.password) == (
            "*.*",
            "2.0",
            credentials.user,
            credentials.password,
        )


class Registrar:
    """Manages the webhooks named `source-pipedrive`, and no others.

    https://developers.pipedrive.com/docs/api/v1/Webhooks
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = _WebhookSession(access)
        self._uses_oauth = isinstance(access, OAuthAccess)

    def list_webhooks(self) -> list[Webhook]:
        """List our webhooks, including removed ones. Costs 10 tokens."""
        rows = self._request("GET")
        # API v1 also writes null for an empty list
        if not isinstance(rows, list | None):
            raise RegistrarError(_UNEXPECTED_ANSWER)
        return [webhook for webhook in map(_webhook, rows or []) if webhook.name == NAME]

    def register(self, url: str, credentials: Credentials) -> tuple[Webhook, bool]:
        """Make sure that exactly one active webhook of ours delivers all events to a URL.

        A webhook that matches is kept. Returns whether a new one was created. It is created before
        old ones are deleted, so that no event is lost in between.
        """
        active = self._active_webhooks(url)
        matching = [webhook for webhook in active if webhook.matches(credentials)]
        # the oldest one, so that two processes that register at once keep the same one
        kept = min(matching, key=lambda webhook: webhook.id, default=None)
        registered = kept or self._create(url, credentials)
        for webhook in active:
            if webhook.id != registered.id:
                self._delete(webhook)
        return registered, kept is None

    def remove(self, url: str) -> list[Webhook]:
        """Delete our webhooks that deliver to a URL, and return them."""
        active = self._active_webhooks(url)
        for webhook in active:
            self._delete(webhook)
        return active

    def _active_webhooks(self, url: str) -> list[Webhook]:
        return [one for one in self.list_webhooks() if one.url == url and one.is_active]

    def _create(self, url: str, credentials: Credentials) -> Webhook:
        settings = {
            "name": NAME,
            "subscription_url": url,
            "event_action": "*",
            "event_object": "*",
            "version": "2.0",
            "http_auth_user": credentials.user,
            "http_auth_password": credentials.password,
        }
        return _webhook(self._request("POST", body=settings))

    def _delete(self, webhook: Webhook) -> None:
        self._request("DELETE", f"/{webhook.id}")

    def _request(self, method: str, path: str = "", body: Any = None) -> Any:
        try:
            url = f"{self._access.base_url()}/v1/webhooks{path}"
            response = self._session.request(method, url, json=body, timeout=_TIMEOUT)
        except OAuthError as error:
            raise RegistrarError(str(error)) from error
        except requests.RequestException as error:
            raise RegistrarError(
                f"Pipedrive cannot be reached ({type(error).__name__}). Check `api_url`, the "
                "network, and the firewall."
            ) from error
        if method == "DELETE" and response.status_code in {404, 410}:
            return None
        if not response.ok:
            raise RegistrarError(self._error_message(response))
        try:
            return response.json()["data"] if method != "DELETE" else None
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise RegistrarError(_UNEXPECTED_ANSWER) from error

    def _error_message(self, response: requests.Response) -> str:
        status = response.status_code
        is_server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        meanings = {**_MEANINGS, **(_MEANINGS_OF_OAUTH if self._uses_oauth else {})}
        meaning = meanings.get(status, _SERVER_ERROR if is_server_error else _OTHER_ERROR)
        return f"Pipedrive answered with an error ({status}, {_reason(response)}). {meaning}"


class _WebhookSession(requests.Session):
    """A session that can only list, create, and delete webhooks.

    It raises an error instead of sending any other request, and follows no redirect. So the
    credentials are sent to `/v1/webhooks` only, and nothing else can be written.
    """

    def __init__(self, access: Access) -> None:
        super().__init__()
        self.auth = access.signer(tries=_TRIES_OF_RENEWAL)
        self._access = access
        for scheme in list(self.adapters):
            self.mount(scheme, HTTPAdapter(max_retries=_RETRY))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        # as the HTTP client writes it
        collection = requests.Request("GET", f"{self._access.base_url()}/v1/webhooks").prepare().url
        target = str(request.url)
        if request.method == "DELETE":
            parent, _, number = target.rpartition("/")
            is_allowed = parent == collection and number.isdecimal()
        else:
            is_allowed = request.method in {"GET", "POST"} and target == collection
        if not is_allowed:
            raise RegistrarError(
                f"The request {request.method} was not sent: this session may only list, create, "
                "and delete webhooks."
            )
        options["allow_redirects"] = False
        return super().send(request, **options)


def _webhook(row: Any) -> Webhook:
    """Parse a row of the list. Raises `RegistrarError` if it is none."""
    try:
        number, url = row["id"], row["subscription_url"]
    except (KeyError, TypeError) as error:
        raise RegistrarError(_UNEXPECTED_ANSWER) from error
    status = row.get("last_http_status")
    if not (isinstance(number, int) and isinstance(url, str)):
        raise RegistrarError(_UNEXPECTED_ANSWER)
    return Webhook(
        id=number,
        name=row.get("name"),
        url=url,
        event=f"{row.get('event_action')}.{row.get('event_object')}",
        version=str(row.get("version")),
        is_active=bool(row.get("is_active")),
        user=row.get("http_auth_user"),
        password=row.get("http_auth_password"),
        last_delivery_time=row.get("last_delivery_time"),
        last_http_status=status if isinstance(status, int) else None,
        remove_reason=row.get("remove_reason"),
        company_id=company_of(row),
    )


def _reason(response: requests.Response) -> str:
    """Return the reason that Pipedrive gave, without the credentials."""
    try:
        body = parse(response.content)
    except ValueError:
        return "no readable reason"
    if not isinstance(body, dict):
        return "no reason"
    errors = body.get("errors")
    if isinstance(errors, dict) and "subscription_url" in errors:
        reason = str(errors["subscription_url"])
    else:
        parts = (body.get("error"), body.get("error_info"), body.get("code"))
        reason = ", ".join(part for part in parts if isinstance(part, str) and part)
    return without_credentials(reason, response)[:_LONGEST_REASON] or "no reason"
