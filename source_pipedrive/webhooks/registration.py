"""Registers, lists and removes our webhook: the only code of the connector that writes.

It can write nothing but webhooks: see `_WebhookSession`.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from source_pipedrive.api.responses import error_text
from source_pipedrive.webhooks.credentials import Credentials

NAME: Final = "source-pipedrive"
"""How our webhooks are named in Pipedrive; with the URL it tells them from everybody else's."""

DEFAULT_API: Final = "https://api.pipedrive.com"

_TIMEOUT = (10, 60)
_RETRY = Retry(
    total=4,
    backoff_factor=1,
    status_forcelist=(429, 500, 502, 503, 504),
    # a POST that was answered badly may have registered a webhook all the same
    allowed_methods=("GET", "DELETE"),
    raise_on_status=False,
    redirect=False,
)

_MEANINGS: Mapping[int, str] = {
    401: "The API key is wrong, was regenerated, or API access is off for its user.",
    402: "The company account is not open: the trial is over or an invoice is unpaid.",
    403: "The owner of the API key may not manage webhooks. Use the key of an admin.",
    404: "There is no such webhook, or `api_url` is not the address of the API.",
    422: "The user has 40 webhooks, which is the most Pipedrive allows. Remove one of them.",
    429: "The rate limit or the company's daily API tokens are used up. Try again later.",
}


class RegistrarError(Exception):
    """Pipedrive did not do what was asked; the text says why and what to do."""


@dataclass(frozen=True)
class Hook:
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

    @property
    def failing(self) -> bool:
        """True if the last delivery was not answered with 2xx."""
        return self.last_http_status is not None and self.last_http_status // 100 != 2  # noqa: PLR2004


class Registrar:
    """Manages the webhooks named `source-pipedrive`; touches no others.

    https://developers.pipedrive.com/docs/api/v1/Webhooks
    """

    def __init__(self, api_key: str, api_url: str = DEFAULT_API) -> None:
        self._collection = f"{api_url.rstrip('/')}/v1/webhooks"
        self._session = _WebhookSession(api_key, self._collection)

    def hooks(self) -> list[Hook]:
        """List our webhooks, removed ones included. Costs 10 tokens."""
        rows = self._ask("GET", self._collection)
        return [hook for hook in map(_hook, rows or []) if hook.name == NAME]

    def register(self, url: str, credentials: Credentials) -> tuple[Hook, bool]:
        """Make sure that exactly one active webhook of ours delivers everything to a URL.

        One that is right already is kept; True if a new one was needed. The new one is created
        before old ones are deleted, so that no event falls in between.
        """
        found = [hook for hook in self.hooks() if hook.url == url and hook.is_active]
        right = [hook for hook in found if _is_right(hook, credentials)]
        # the oldest, so that two processes that do this at once keep the same one
        kept = min(right, key=lambda hook: hook.id, default=None)
        hook = kept or self._create(url, credentials)
        for other in found:
            if other.id != hook.id:
                self._delete(other)
        return hook, kept is None

    def remove(self, url: str) -> list[Hook]:
        """Delete our webhooks to a URL; return them."""
        found = [hook for hook in self.hooks() if hook.url == url and hook.is_active]
        for hook in found:
            self._delete(hook)
        return found

    def _create(self, url: str, credentials: Credentials) -> Hook:
        return _hook(
            self._ask(
                "POST",
                self._collection,
                {
                    "name": NAME,
                    "subscription_url": url,
                    "event_action": "*",
                    "event_object": "*",
                    "version": "2.0",
                    "http_auth_user": credentials.user,
                    "http_auth_password": credentials.password,
                },
            )
        )

    def _delete(self, hook: Hook) -> None:
        self._ask("DELETE", f"{self._collection}/{hook.id}", gone_is_fine=True)

    def _ask(self, method: str, url: str, body: Any = None, *, gone_is_fine: bool = False) -> Any:
        try:
            answer = self._session.request(method, url, json=body, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise RegistrarError(
                f"Pipedrive cannot be reached ({type(error).__name__}). Check `api_url`, the "
                "network and the firewall."
            ) from error
        if gone_is_fine and answer.status_code in {404, 410}:
            return None
        if not answer.ok:
            raise RegistrarError(_refusal(answer))
        try:
            return answer.json()["data"] if method != "DELETE" else None
        except (KeyError, TypeError, ValueError) as error:
            raise RegistrarError("Pipedrive answered with something else than JSON.") from error


class _WebhookSession(requests.Session):
    """A session that can do three things: list, create and delete webhooks.

    Everything else is refused before it is sent, and no redirect is followed: the API key and the
    right to write stay with `/v1/webhooks`.
    """

    def __init__(self, api_key: str, collection: str) -> None:
        super().__init__()
        self.headers["x-api-token"] = api_key
        self._collection = str(requests.Request("GET", collection).prepare().url)
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(max_retries=_RETRY))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        target = str(request.url)
        if request.method == "DELETE":
            collection, _, number = target.rpartition("/")
            allowed = collection == self._collection and number.isdecimal()
        else:
            allowed = request.method in {"GET", "POST"} and target == self._collection
        if not allowed:
            raise RegistrarError(f"Refused to send {request.method}: only webhooks are managed.")
        options["allow_redirects"] = False
        return super().send(request, **options)


def _hook(row: Mapping[str, Any]) -> Hook:
    return Hook(
        id=row["id"],
        name=row.get("name"),
        url=row["subscription_url"],
        event=f"{row.get('event_action')}.{row.get('event_object')}",
        version=str(row.get("version")),
        is_active=bool(row.get("is_active")),
        user=row.get("http_auth_user"),
        password=row.get("http_auth_password"),
        last_delivery_time=row.get("last_delivery_time"),
        last_http_status=row.get("last_http_status"),
        remove_reason=row.get("remove_reason"),
    )


def _is_right(hook: Hook, credentials: Credentials) -> bool:
    return (hook.event, hook.version, hook.user, hook.password) == (
        "*.*",
        "2.0",
        credentials.user,
        credentials.password,
    )


def _refusal(answer: requests.Response) -> str:
    said = error_text(answer)
    with suppress(KeyError, TypeError, ValueError):
        said = str(answer.json()["errors"]["subscription_url"])
    meaning = _MEANINGS.get(
        answer.status_code,
        "Pipedrive has a problem of its own; see https://status.pipedrive.com."
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        else "Check the URL: it must be public, must not redirect, and its certificate be valid.",
    )
    return f"Pipedrive refused ({answer.status_code}, {said}). {meaning}"
