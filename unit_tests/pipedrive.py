"""A stand-in for Pipedrive: it answers as the test says, and records every request."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests_mock

from unit_tests import catalog

TOKEN = "test-token-5f0c7be2a91d4e83b6d0c2f7"  # noqa: S105 - it opens nothing
CLIENT_ID = "app-0b1f7d3c9e5a"
OAUTH_SECRETS = CLIENT_SECRET, REFRESH_TOKEN, *ACCESS_TOKENS = (
    "client-secret-6e1c90b7f2d84a35",
    "refresh-token-41d7e0a9c8b35f62",
    "access-token-1-9b0e5c7d3a2f4816",
    "access-token-2-7d4f1a6b8c3e5092",
    "access-token-3-2c8a6e4f0d7b1953",
    "refresh-token-2-5f3b7a1d9e8c4062",
)
DOMAIN = "https://acme.pipedrive.com"
TOKEN_PATH = "oauth/token"  # noqa: S105 - a path

_WITHOUT_ZONE = {"files", "notes"}  # in API v1, as the contract shows it
_MOST_REQUESTS = 500  # for one path

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"content-type": "application/json; charset=utf-8"}
    )

    def with_headers(self, **headers: object) -> "Answer":
        """Add headers to the answer: `x_ratelimit_reset=2` is `x-ratelimit-reset: 2`."""
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        return Answer(self.body, self.status, {**self.headers, **named})


@dataclass(frozen=True)
class Request:
    """A request that arrived, `at` seconds on the test's clock."""

    method: str
    url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    at: float
    body: str = ""


Reply = Answer | Exception
Server = Callable[[Request], Reply]


class Api:
    """Answers the requests for a path in the order in which the answers were given.

    A request without an answer fails the test, and so does an answer without a request. A path
    answers a limited number of requests, so that a read that never ends fails too.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.requests: list[Request] = []
        self._arrived: Counter[str] = Counter()
        self._clock = clock
        self._answers: dict[str, deque[Reply]] = {}
        self._servers: dict[str, Server] = {}
        self._default: Server | None = None
        self._unexpected: list[Request] = []

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Answer requests to any host in place of the network."""
        with requests_mock.Mocker() as mocker:
            mocker.register_uri(requests_mock.ANY, requests_mock.ANY, content=self._respond)
            yield

    def answer(self, path: str, *answers: Reply) -> None:
        """Give the next answers for a path; an exception is raised in place of one."""
        self._answers.setdefault(path, deque()).extend(answers)

    def serve(self, path: str, server: Server) -> None:
        """Have a function of the request answer a path, for any number of requests."""
        self._servers[path] = server

    def serve_all(self, server: Server) -> None:
        """Have a function of the request answer every path that has neither answer nor server."""
        self._default = server

    def asked(self, path: str) -> list[Mapping[str, str]]:
        """The queries of the requests for a path, in the order of their arrival."""
        return [request.query for request in self.requests if request.path == path]

    def verify(self) -> None:
        """Fail when a request was not expected or an answer not asked for."""
        assert not self._unexpected, "the connector sent requests that the test does not expect"
        assert not any(self._answers.values()), "no request came for some answers"
        assert all(map(self.asked, self._servers)), "no request came for some servers"

    def _respond(self, prepared: Any, context: Any) -> bytes:
        url = urlsplit(prepared.url)
        request = Request(
            method=prepared.method,
            url=prepared.url,
            path=url.path.removeprefix("/"),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers=prepared.headers,
            at=self._clock(),
            body=prepared.text or "",
        )
        self.requests.append(request)
        self._arrived[request.path] += 1
        reply = self._reply(request)
        if isinstance(reply, Exception):
            raise reply
        context.status_code = reply.status
        context.headers.update(reply.headers)
        return reply.body

    def _reply(self, request: Request) -> Reply:
        server = self._servers.get(request.path)
        if server and self._arrived[request.path] <= _MOST_REQUESTS:
            return server(request)
        if self._default and request.path not in self._answers:
            return self._default(request)
        if not self._answers.get(request.path):
            self._unexpected.append(request)
            return error(400, "the test expects no such request")
        return self._answers[request.path].popleft()


def rows(stream: str, numbers: Iterable[int], **columns: object) -> list[Row]:
    """Minimal rows: a primary key made from each number, and the given columns."""
    properties = catalog.schema(stream)["properties"]
    return [
        {
            column: number if "integer" in properties[column]["type"] else f"{column}-{number}"
            for column in catalog.primary_key(stream)
        }
        | columns
        for number in numbers
    ]


def keys(stream: str, found: Iterable[Row]) -> list[Row]:
    """The primary key of each row, in the form that `rows` returns."""
    columns = catalog.primary_key(stream)
    return [{column: row.get(column) for column in columns} for row in found]


def spell(stream: str, time: str) -> str:
    """A moment, given as `2024-05-01T10:00:00Z`, in the form in which the stream's rows have it.

    API v1 writes `2024-05-01 10:00:00`, some of its objects `2024-05-01T10:00:00.000Z`.
    """
    if stream in _WITHOUT_ZONE:
        return time.replace("T", " ").removesuffix("Z")
    return time if catalog.is_v2(stream) else time.replace("Z", ".000Z")


def envelope(data: object, **rest: object) -> Answer:
    """A successful answer of either version, with the further keys that are given."""
    return Answer(json.dumps({"success": True, "data": data, **rest}).encode())


def v2_page(rows: Sequence[Row], next_cursor: str | None = None) -> Answer:
    """A page of API v2."""
    return envelope(rows, additional_data={"next_cursor": next_cursor})


def v1_page(rows: Sequence[Row], start: int = 0, *, more: bool = False) -> Answer:
    """A page of API v1 in the envelope that live answers have."""
    pagination: Row = {"start": start, "limit": 500, "more_items_in_collection": more}
    if more:
        pagination["next_start"] = start + len(rows)
    return envelope(rows, additional_data={"pagination": pagination})


def page(stream: str, rows: Sequence[Row], *, more: bool = False) -> Answer:
    """The first page of a stream's list, in the version of its path."""
    if catalog.is_v2(stream):
        return v2_page(rows, next_cursor="eyJpZCI6MX0" if more else None)
    return v1_page(rows, more=more)


def error(status: int, text: str, **more: object) -> Answer:
    """An error in the envelope that both versions have.

    https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes
    """
    body = {"success": False, "error": text, "errorCode": status, "data": None, **more}
    return Answer(json.dumps(body).encode(), status)


def html(status: int) -> Answer:
    """An HTML page, as a gateway sends it."""
    body = b"<!DOCTYPE html><html><head><title>Attention Required!</title></head></html>"
    return Answer(body, status, {"content-type": "text/html; charset=UTF-8"})
