"""Refuses requests that two servers could read differently, and upgrades to other protocols."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class RequestRules:
    """ASGI middleware: answers forbidden requests with `reject`, which takes the reason."""

    def __init__(self, app: ASGIApp, reject: Callable[[str], Response]) -> None:
        self._app = app
        self._reject = reject

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = _forbidden(Headers(scope=scope)) if scope["type"] == "http" else ""
        app = self._reject(reason) if reason else self._app
        await app(scope, receive, send)


def _forbidden(headers: Headers) -> str:
    # https://datatracker.ietf.org/doc/html/rfc9112#section-6.1-15
    if "transfer-encoding" in headers and "content-length" in headers:
        return "framing"
    return "upgrade" if "upgrade" in headers else ""
