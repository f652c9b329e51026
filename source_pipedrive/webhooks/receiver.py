"""Receives deliveries of webhooks. Answers 2xx only after the event is committed to the inbox."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from source_pipedrive.inbox.errors import RefusedEventError
from source_pipedrive.inbox.event import Event, UnreadableEventError, read_event
from source_pipedrive.inbox.inspection import problem_with
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.company import Company, company_of_newest_event
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.metrics import Metrics
from source_pipedrive.webhooks.request_rules import RequestRules
from source_pipedrive.webhooks.writer import InboxWriter

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_LARGEST_BODY = 1024 * 1024
# Pipedrive waits ten seconds. It retries an event after an error or a timeout.
_SECONDS_TO_ANSWER = 8
_SECONDS_TO_COUNT = 2
_SECONDS_BETWEEN_WARNINGS = 60

Service = Callable[[], Coroutine[Any, Any, None]]
"""Work that runs as long as the application."""

# Why requests are rejected. The key is a label in the metrics, the text goes to the log.
_REJECTIONS: Mapping[str, tuple[HTTPStatus, str]] = {
    "credentials": (HTTPStatus.UNAUTHORIZED, "the credentials are missing or wrong"),
    "not_json": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the content type is not application/json"),
    "framing": (HTTPStatus.BAD_REQUEST, "it has Content-Length and Transfer-Encoding"),
    "upgrade": (HTTPStatus.BAD_REQUEST, "it asks for another protocol"),
    "too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than 1 MiB"),
    "broken_off": (HTTPStatus.BAD_REQUEST, "the body is incomplete"),
    "unreadable": (HTTPStatus.BAD_REQUEST, "the body is not an event of webhooks v2"),
    "company": (HTTPStatus.FORBIDDEN, "the event is of another company"),
    "refused": (HTTPStatus.BAD_REQUEST, "the database of the inbox cannot hold the event"),
    "inbox": (HTTPStatus.SERVICE_UNAVAILABLE, "the inbox could not store the event"),
    "slow_body": (HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time"),
    "slow": (HTTPStatus.SERVICE_UNAVAILABLE, "the inbox did not store the event in time"),
}


class RejectedRequestError(Exception):
    """A request that is answered with an error. `reason` is a key of `_REJECTIONS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Receiver:
    """The ASGI application: deliveries on one path, plus `/health` and `/metrics`.

    `on_new` is called after each commit, and `on_gap` if events may be lost. `services` run as
    long as the application.
    """

    def __init__(  # noqa: PLR0913 - called in one place
        self,
        inbox: Inbox,
        credentials: Credentials,
        path: str = "/",
        *,
        metrics: Metrics | None = None,
        on_new: Callable[[], None] = lambda: None,
        on_gap: Callable[[], None] = lambda: None,
        company: Company | None = None,
        services: Sequence[Service] = (),
    ) -> None:
        self._metrics = metrics or Metrics()
        self._inbox = inbox
        self._credentials = credentials
        self._writer = InboxWriter(inbox, on_new, on_gap)
        self._company = company or Company()
        self._services = services
        self._next_warning: dict[str, float] = {}
        self.app = Starlette(
            routes=[
                Route(path, self._deliver, methods=["POST"]),
                Route("/health", self._health),
                Route("/metrics", self._expose),
            ],
            middleware=[Middleware(RequestRules, reject=self._reject)],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._writer.start()
        self._company.stored(await asyncio.to_thread(company_of_newest_event, self._inbox))
        running = [asyncio.create_task(service()) for service in self._services]
        for task in running:
            task.add_done_callback(_report_failure)
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._writer.stop()

    async def _deliver(self, request: Request) -> Response:
        event: Event | None = None
        try:
            async with asyncio.timeout(_SECONDS_TO_ANSWER):
                event = await self._event(request)
                with self._metrics.commit.time():
                    is_new = await self._writer.store(event)
        except RejectedRequestError as error:
            return self._reject(error.reason, error.detail)
        except UnreadableEventError as error:
            return self._reject("unreadable", error)
        except ClientDisconnect:
            return self._reject("broken_off")
        except InboxError as error:
            is_refused = isinstance(error, RefusedEventError)
            return self._reject("refused" if is_refused else "inbox", error)
        except TimeoutError:
            return self._reject("slow" if event else "slow_body")
        if is_new:
            self._company.stored(event.company_id)
            self._metrics.stored(event, lag=time.time() - event.happened_at / 1000)
            self._inspect(event)
        else:
            self._metrics.duplicate()
        return Response()

    def _inspect(self, event: Event) -> None:
        """Report a stored event that the connector cannot read."""
        if problem := problem_with(event.stored()):
            self._metrics.set_aside()
            self._warn(
                "set aside",
                "The event %s cannot be read: %s. It stays in the inbox, and syncs leave it out. "
                "Run `source-pipedrive webhooks inbox` to list such events.",
                event.id,
                problem,
            )

    async def _event(self, request: Request) -> Event:
        """Read the event, if it can be stored.

        Raises `RejectedRequestError`, `UnreadableEventError`, or `InboxError`.
        """
        event = read_event(await self._body(request))
        if self._writer.failure:
            raise InboxError(self._writer.failure)
        if not self._company.accepts(event.company_id):
            known = f"This receiver stores those of company {self._company.id} (--company-id)."
            raise RejectedRequestError("company", known)
        return event

    async def _body(self, request: Request) -> bytes:
        """Check the headers, then read the body. Raises `RejectedRequestError`."""
        if not self._credentials.match(request.headers.get("authorization", "")):
            raise RejectedRequestError("credentials")
        if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            raise RejectedRequestError("not_json")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise RejectedRequestError("too_large")
        return bytes(body)

    def _reject(self, reason: str, detail: object = "") -> Response:
        """Answer without a body, and close the connection, since the request may be unread."""
        status, text = _REJECTIONS[reason]
        self._metrics.rejected(reason)
        message = f"{text}. {detail}".rstrip()
        self._warn(reason, "Rejected a request with %d: %s", status, message)
        challenge = {"www-authenticate": "Basic"} if reason == "credentials" else {}
        return Response(status_code=status, headers={"connection": "close", **challenge})

    def _warn(self, kind: str, message: str, *values: object) -> None:
        """Log a warning, at most one of each kind a minute: the log must not fill."""
        now = time.monotonic()
        if now >= self._next_warning.get(kind, 0):
            self._next_warning[kind] = now + _SECONDS_BETWEEN_WARNINGS
            _LOGGER.warning(message, *values)

    async def _health(self, _: Request) -> Response:
        if self._writer.failure:
            return PlainTextResponse("the inbox cannot be written\n", 503)
        return PlainTextResponse("ready\n")

    async def _expose(self, _: Request) -> Response:
        self._metrics.inbox_writable.set(0 if self._writer.failure else 1)
        with suppress(InboxError, TimeoutError):
            self._metrics.inbox_events.set(await self._size())
        return Response(self._metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    async def _size(self) -> int:
        if self._writer.failure:
            raise InboxError(self._writer.failure)
        async with asyncio.timeout(_SECONDS_TO_COUNT):
            return await asyncio.to_thread(self._inbox.size)


def _report_failure(task: "asyncio.Task[None]") -> None:
    """Log why a service ended, which nothing else would: events are still accepted."""
    if not task.cancelled() and (error := task.exception()):
        _LOGGER.critical("A service of the receiver ended. Restart the receiver.", exc_info=error)
