"""Takes the deliveries of a webhook; answers 2xx only when an event is in the inbox for good."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from source_pipedrive.inbox.event import UnreadableEventError, read_event
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.metrics import Metrics
from source_pipedrive.webhooks.writer import InboxWriter

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_LARGEST_BODY = 1024 * 1024
# Pipedrive gives up after ten: an answer in time makes it repeat the event.
_SECONDS_TO_ANSWER = 8
_SECONDS_BETWEEN_WARNINGS = 60

Service = Callable[[], Coroutine[Any, Any, None]]


# Why requests are refused: the reason is a label of the metrics.
_REFUSALS: Mapping[str, tuple[HTTPStatus, str]] = {
    "credentials": (HTTPStatus.UNAUTHORIZED, "no or wrong credentials"),
    "not_json": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "its content type is not application/json"),
    "too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "its body is larger than 1 MiB"),
    "broken_off": (HTTPStatus.BAD_REQUEST, "its body broke off"),
    "unreadable": (HTTPStatus.BAD_REQUEST, "it is no event of webhooks v2"),
    "inbox": (HTTPStatus.SERVICE_UNAVAILABLE, "the inbox does not accept it"),
    "slow": (HTTPStatus.SERVICE_UNAVAILABLE, "it could not be committed in time"),
}


class RefusedError(Exception):
    """A request that is answered with an error, for one of the reasons in `_REFUSALS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Receiver:
    """The ASGI application: deliveries on one path, `/health` and `/metrics` beside it.

    `on_new` is called after each commit. `services` run while the application does.
    """

    def __init__(  # noqa: PLR0913 - it is put together in one place
        self,
        inbox: Inbox,
        credentials: Credentials,
        path: str = "/",
        *,
        metrics: Metrics | None = None,
        on_new: Callable[[], None] = lambda: None,
        services: Sequence[Service] = (),
    ) -> None:
        self._metrics = metrics or Metrics()
        self._inbox = inbox
        self._credentials = credentials
        self._writer = InboxWriter(inbox, on_new)
        self._services = services
        self._quiet_until: dict[str, float] = {}
        self.app = Starlette(
            routes=[
                Route(path, self._deliver, methods=["POST"]),
                Route("/health", self._health),
                Route("/metrics", self._expose),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._writer.start()
        running = [asyncio.create_task(service()) for service in self._services]
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._writer.stop()

    async def _deliver(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(_SECONDS_TO_ANSWER):
                event = read_event(await self._body(request))
                with self._metrics.commit.time():
                    is_new = await self._writer.store(event)
        except RefusedError as refusal:
            return self._refuse(refusal.reason)
        except UnreadableEventError as error:
            return self._refuse("unreadable", error)
        except ClientDisconnect:
            return self._refuse("broken_off")
        except InboxError as error:
            return self._refuse("inbox", error)
        except TimeoutError:
            return self._refuse("slow")
        if is_new:
            self._metrics.stored(event, lag=time.time() - event.happened_at / 1000)
        else:
            self._metrics.duplicate()
        return Response()

    async def _body(self, request: Request) -> bytes:
        """Read the body, as long as everything about the request is in order."""
        if not self._credentials.match(request.headers.get("authorization", "")):
            raise RefusedError("credentials")
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise RefusedError("not_json")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise RefusedError("too_large")
        return bytes(body)

    def _refuse(self, reason: str, detail: object = "") -> Response:
        """Answer without a body, and close the connection: the rest of the request is not read."""
        status, text = _REFUSALS[reason]
        self._metrics.rejected(reason)
        now = time.monotonic()
        if now >= self._quiet_until.get(reason, 0):
            # a flood of requests must not become a flood of lines
            self._quiet_until[reason] = now + _SECONDS_BETWEEN_WARNINGS
            _LOGGER.warning("Refused a request with %d: %s. %s", status, text, detail)
        challenge = {"www-authenticate": "Basic"} if reason == "credentials" else {}
        return Response(status_code=status, headers={"connection": "close", **challenge})

    async def _health(self, _: Request) -> Response:
        if self._writer.failure:
            return PlainTextResponse("the inbox is not writable\n", 503)
        return PlainTextResponse("ready\n")

    async def _expose(self, _: Request) -> Response:
        self._metrics.inbox_writable.set(0 if self._writer.failure else 1)
        with suppress(InboxError):
            self._metrics.inbox_events.set(await asyncio.to_thread(self._inbox.size))
        return Response(self._metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
