"""Error messages when Pipedrive or the network fails, and the streams that continue."""

import json
import re
import socket
from dataclasses import dataclass, replace

import pytest
import requests
import urllib3.exceptions as wire
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPConnection

from source_pipedrive.api.body_limit import ResponseTooLargeError
from source_pipedrive.api.error_rules import error_rules
from unit_tests import catalog
from unit_tests.conftest import Clock, Read
from unit_tests.pipedrive import (
    TOKEN,
    Answer,
    Api,
    Reply,
    envelope,
    error,
    html,
    rows,
    v2_page,
)

NO_RETRY = 1
RETRIED = 6  # the first attempt and five more
TEN_MINUTES = 0  # as many as fit

CONFIG, TRANSIENT, SYSTEM = "config_error", "transient_error", "system_error"

_POOL = HTTPSConnectionPool("api.pipedrive.com")
_CONNECTION = HTTPConnection("api.pipedrive.com")
_TARGET = "/api/v2/pipelines?limit=500"


def _unreachable(reason: Exception) -> wire.MaxRetryError:
    return wire.MaxRetryError(_POOL, _TARGET, reason)


def _no_such_name() -> requests.ConnectionError:
    cause = socket.gaierror(-2, "Name or service not known")
    reason = wire.NameResolutionError("api.pipedrive.com", _CONNECTION, cause)
    return requests.ConnectionError(_unreachable(reason))


def _limit(remaining: int, tokens: int) -> Answer:
    return error(429, "request over limit").with_headers(
        x_ratelimit_limit=80,
        x_ratelimit_remaining=remaining,
        x_ratelimit_reset=2,
        x_daily_ratelimit_token_limit=30000,
        x_daily_ratelimit_token_remaining=tokens,
    )


@dataclass(frozen=True)
class Case:
    """What comes back, how often the connector tries, and what the user reads."""

    reply: Reply
    attempts: int
    failure_type: str
    phrase: str


UNAUTHORIZED = error(401, "unauthorized access", error_info="Please check developers.pipedrive.com")
CASES = {
    "400": Case(error(400, "Bad cursor"), NO_RETRY, SYSTEM, "defect of the connector"),
    "401": Case(UNAUTHORIZED, NO_RETRY, CONFIG, "rejected the API key"),
    "402": Case(
        error(402, "Payment required"), NO_RETRY, CONFIG, "The company account is not open"
    ),
    "403": Case(error(403, "Forbidden"), NO_RETRY, CONFIG, "may not read pipelines"),
    "403 scope": Case(
        error(403, "Scope and URL mismatch"), NO_RETRY, CONFIG, "lacks the scope to read pipelines"
    ),
    "403 plan": Case(
        error(403, "Limit", code="feature_capping_deals_limit"),
        NO_RETRY,
        CONFIG,
        "The company's plan does not include it",
    ),
    "403 Cloudflare": Case(html(403), NO_RETRY, TRANSIENT, "Cloudflare blocked the IP address"),
    "404": Case(error(404, "Not found"), NO_RETRY, CONFIG, "does not know pipelines"),
    "405": Case(error(405, "Method"), NO_RETRY, SYSTEM, "defect of the connector"),
    "410": Case(error(410, "Gone"), NO_RETRY, SYSTEM, "no longer offers pipelines"),
    "415": Case(
        error(415, "Feature"), NO_RETRY, CONFIG, "The feature is not enabled in this account"
    ),
    "422": Case(error(422, "Unprocessable"), NO_RETRY, SYSTEM, "defect of the connector"),
    "429 daily, no tokens left": Case(_limit(0, 0), NO_RETRY, TRANSIENT, "daily API tokens"),
    "429 daily, burst left": Case(_limit(79, 4), NO_RETRY, TRANSIENT, "daily API tokens"),
    "429 burst": Case(_limit(0, 20000), TEN_MINUTES, TRANSIENT, "rate limit is exhausted"),
    "429 although burst and daily tokens are left": Case(
        _limit(15, 25_000), TEN_MINUTES, TRANSIENT, "rate limit is exhausted"
    ),
    "429 bare": Case(error(429, "Slow down"), TEN_MINUTES, TRANSIENT, "rate limit is exhausted"),
    "500": Case(
        error(500, "Oops"), RETRIED, TRANSIENT, "could not answer the request for pipelines"
    ),
    "501": Case(
        error(501, "Oops"), RETRIED, TRANSIENT, "could not answer the request for pipelines"
    ),
    "502": Case(html(502), TEN_MINUTES, TRANSIENT, "could not answer the request for pipelines"),
    "503": Case(
        error(503, "Maintenance"),
        TEN_MINUTES,
        TRANSIENT,
        "could not answer the request for pipelines",
    ),
    "504": Case(html(504), TEN_MINUTES, TRANSIENT, "could not answer the request for pipelines"),
    "524": Case(html(524), TEN_MINUTES, TRANSIENT, "could not answer the request for pipelines"),
    "an unknown code": Case(
        error(418, "Tea"), RETRIED, TRANSIENT, "could not answer the request for pipelines"
    ),
    "200 broken JSON": Case(
        Answer(b'{"success":true,"data":[{"id":1},{"i'),
        RETRIED,
        TRANSIENT,
        "returned broken JSON instead of data",
    ),
    "200 empty": Case(Answer(b""), RETRIED, TRANSIENT, "returned broken JSON instead of data"),
    "200 HTML": Case(html(200), RETRIED, TRANSIENT, "returned an HTML page instead of data"),
    "200 null": Case(Answer(b"null"), RETRIED, TRANSIENT, "returned `null` instead of data"),
    "200 list": Case(
        Answer(b"[]"), RETRIED, TRANSIENT, "JSON that is not an object instead of data"
    ),
    "200 object in place of a list": Case(
        envelope({"message": "We are moving"}), RETRIED, TRANSIENT, "something else than a list"
    ),
    "200 text in place of a list": Case(
        envelope("moved"), RETRIED, TRANSIENT, "something else than a list"
    ),
    "200 null in a list": Case(
        envelope([{"id": 1}, None]), RETRIED, TRANSIENT, "something else than objects in it"
    ),
    "200 row without its key": Case(
        envelope([{"id": 1}, {"name": "Sales"}]), RETRIED, TRANSIENT, "rows without a readable `id`"
    ),
    "200 success false": Case(
        Answer(b'{"success":false,"error":"Try later","data":null}'),
        RETRIED,
        TRANSIENT,
        "`success: false` (Try later) instead of data",
    ),
    "200 without data": Case(
        Answer(b'{"success":true}'), RETRIED, TRANSIENT, "JSON without `data` instead of data"
    ),
    "200 too large": Case(
        ResponseTooLargeError(), RETRIED, TRANSIENT, "more than 64 MB for one request"
    ),
    "body cut off": Case(
        requests.exceptions.ChunkedEncodingError(
            wire.ProtocolError("Connection broken", wire.IncompleteRead(512, 9000))
        ),
        RETRIED,
        TRANSIENT,
        "connection to Pipedrive failed while reading pipelines",
    ),
    "connection reset": Case(
        requests.ConnectionError(
            wire.ProtocolError("Connection aborted.", ConnectionResetError(104, "Reset by peer"))
        ),
        TEN_MINUTES,
        TRANSIENT,
        "connection to Pipedrive failed while reading pipelines",
    ),
    "connection refused": Case(
        requests.ConnectionError(
            _unreachable(wire.NewConnectionError(_CONNECTION, "Connection refused"))
        ),
        6,
        TRANSIENT,
        "connection to Pipedrive failed while reading pipelines",
    ),
    "no time to connect": Case(
        requests.ConnectTimeout(_unreachable(wire.ConnectTimeoutError(_POOL, "timed out"))),
        6,
        TRANSIENT,
        "The request for pipelines timed out",
    ),
    "no time to answer": Case(
        requests.ReadTimeout(wire.ReadTimeoutError(_POOL, _TARGET, "Read timed out.")),
        TEN_MINUTES,
        TRANSIENT,
        "The request for pipelines timed out",
    ),
    "proxy": Case(
        requests.exceptions.ProxyError(_unreachable(wire.ProxyError("refused", OSError()))),
        RETRIED,
        TRANSIENT,
        "did not connect to Pipedrive",
    ),
    "DNS": Case(_no_such_name(), RETRIED, TRANSIENT, "was not found (DNS)"),
    "TLS": Case(
        requests.exceptions.SSLError(
            _unreachable(wire.SSLError("certificate verify failed: self-signed certificate"))
        ),
        RETRIED,
        TRANSIENT,
        "The encrypted connection to the host of `api_url` failed (TLS)",
    ),
}
PRIVATE = "Ada Private"


@pytest.mark.parametrize("message", [one.message for one in error_rules() if one.action != "SKIP"])
def test_a_message_says_what_happened_what_it_means_and_what_to_do(message: str) -> None:
    sentences = re.split(r"(?<=\.) (?=[A-Z])", message)

    assert len(sentences) == 3
    assert all(len(sentence.split()) <= 25 for sentence in sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


def _with_payload(reply: Reply) -> Reply:
    """The same with data of a customer, where the body has a place for it."""
    if isinstance(reply, Exception):
        return reply
    name = json.dumps({"name": PRIVATE}).encode()
    return replace(reply, body=reply.body.replace(b'"data": null', b'"data": ' + name))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_failure_ends_its_stream_with_a_message_that_contains_no_secret(
    case: Case, api: Api, read: Read, clock: Clock
) -> None:
    reply = _with_payload(case.reply)
    if case.attempts == TEN_MINUTES:
        api.serve("api/v2/pipelines", lambda _: reply)
    else:
        api.answer("api/v2/pipelines", *[reply] * case.attempts)

    output = read("pipelines")

    assert (clock.now > 590) == (case.attempts == TEN_MINUTES)
    assert clock.now < 680
    assert case.phrase in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == case.failure_type
    assert output.status("pipelines") == "INCOMPLETE"
    assert output.exit_code == 1
    for secret in (TOKEN, PRIVATE, "limit=500"):
        assert secret not in output.text
    # tracebacks belong into the error message of the protocol, not into the log
    assert not any("Traceback" in log["message"] for log in output.of_type("LOG"))


def test_a_temporary_failure_loses_no_row(api: Api, read: Read) -> None:
    passing = [case.reply for case in CASES.values() if case.attempts != NO_RETRY]
    for number, reply in enumerate(passing):
        then = v2_page(rows("pipelines", [number]), next_cursor=f"after {number}")
        api.answer("api/v2/pipelines", reply, then)
    api.answer("api/v2/pipelines", v2_page([]))

    output = read("pipelines")

    assert output.records("pipelines") == rows("pipelines", range(len(passing)))
    assert output.errors == []
    assert output.exit_code == 0


def test_the_other_streams_finish_when_one_fails(api: Api, read: Read) -> None:
    api.answer("api/v2/pipelines", error(403, "Forbidden"))
    api.answer("api/v2/stages", *[error(500, "Oops")] * RETRIED)
    api.answer("v1/users", envelope(rows("users", [1])))
    api.answer("v1/currencies", envelope(rows("currencies", [2])))

    output = read("pipelines", "stages", "users", "currencies")

    assert output.records("users") == rows("users", [1])
    assert output.records("currencies") == rows("currencies", [2])
    streams = ("pipelines", "stages", "users", "currencies")
    assert [output.status(stream) for stream in streams] == [
        *["INCOMPLETE"] * 2,
        *["COMPLETE"] * 2,
    ]
    assert output.exit_code == 1


@pytest.mark.parametrize(
    "name", ["401", "402", "403 Cloudflare", "429 daily, no tokens left", "429 daily, burst left"]
)
def test_a_failure_of_every_request_ends_the_sync_with_one_message(
    name: str, api: Api, read: Read
) -> None:
    case = CASES[name]
    streams = catalog.members("plain_list")
    api.serve_all(lambda _: case.reply)

    output = read(*streams)

    workers = catalog.MANIFEST["concurrency_level"]["default_concurrency"]
    assert len(api.requests) <= workers < len(streams)
    assert {error["failure_type"] for error in output.errors} == {case.failure_type}
    assert len({error["message"] for error in output.errors}) == 1
    assert {output.status(stream) for stream in streams} == {"INCOMPLETE"}


def test_an_error_quotes_pipedrive_and_its_correlation_id(api: Api, read: Read) -> None:
    failure = error(403, "Permission denied", error_info="Ask your admin")
    api.answer("v1/roles", failure.with_headers(x_correlation_id="0d5c5c3f-7a41-4f0e"))

    output = read("roles")

    sentence = output.errors[0]["message"]
    assert "403, Permission denied, Ask your admin" in sentence
    assert "x-correlation-id 0d5c5c3f-7a41-4f0e" in sentence


def test_a_key_that_the_server_repeats_is_masked(api: Api, read: Read) -> None:
    api.answer("v1/roles", error(401, f"Token {TOKEN} is unknown"))

    output = read("roles")

    assert "Token (the API key) is unknown" in output.errors[0]["message"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (rb'{"success":true,"data":[{"id":1,"name":"Ada \ud83d"}]}', "Ada \ufffd"),
        (rb'{"success":true,"data":[{"id":1,"name":"\ude00 \ud83d\ude00"}]}', "\ufffd \U0001f600"),
        (rb'{"success":true,"data":[{"id":1,"name":"\\ud83d"}]}', r"\ud83d"),
        (b'\xef\xbb\xbf{"success":true,"data":[{"id":1,"name":"Ada"}]}', "Ada"),
    ],
    ids=["the first half", "the second half", "no half", "a byte order mark"],
)
def test_json_with_small_defects_loses_no_row(body: bytes, name: str, api: Api, read: Read) -> None:
    api.answer("api/v2/pipelines", Answer(body))

    output = read("pipelines")

    assert output.records("pipelines") == [{"id": 1, "name": name}]


def test_a_bug_in_the_connector_ends_the_sync(api: Api, read: Read) -> None:
    api.serve_all(lambda _: RuntimeError("nobody expects it"))

    output = read("deals", "deal_products")

    assert {output.status(stream) for stream in ("deals", "deal_products")} == {"INCOMPLETE"}
    assert "unexpected error" in output.errors[0]["message"]
    assert output.exit_code == 1
