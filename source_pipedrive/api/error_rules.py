"""Applies the manifest's table of answers: what Pipedrive said, what it means, what to do."""

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

import yaml
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers import (
    BackoffStrategy,
    ErrorHandler,
    ErrorResolution,
)
from airbyte_cdk.sources.streams.http.error_handlers.response_models import (
    SUCCESS_RESOLUTION,
    ResponseAction,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import Response

from source_pipedrive.api.responses import (
    MalformedAnswerError,
    body_of,
    error_text,
    is_html,
    leave_out,
)

_LOGGER = logging.getLogger("airbyte")
Answer = Mapping[str, Any]
# a server that asks for more is not waited for in silence: the tries end, and the sync says why
_LONGEST_PAUSE = 60


class Patience(BackoffStrategy):
    """Waits twice as long after each failure, with jitter: threads do not come back all at once.

    After a 429 that lasts as long as Pipedrive says, which for the burst limit is two seconds.
    """

    def backoff_time(self, response_or_exception: Any, attempt_count: int) -> float:
        if isinstance(response_or_exception, Response):
            reset = response_or_exception.headers.get("x-ratelimit-reset", "")
            if (
                response_or_exception.status_code == HTTPStatus.TOO_MANY_REQUESTS
                and reset.isdigit()
            ):
                return random.uniform(0, min(int(reset), _LONGEST_PAUSE))  # noqa: S311 - as below
        return float(random.uniform(0.5, 1) * 2**attempt_count)  # noqa: S311 - spreads load


class AccountRefusedError(AirbyteTracedException):
    """A refusal that any other request would meet too: no stream can go on."""


@dataclass
class AnswerTable(ErrorHandler):
    """Finds the first row of `errors.yaml` that fits what came back, and does what it says.

    A row has `status` (codes; none = any error) or `exception` (class names) or `malformed: true`,
    narrowed by `html: true`, `daily: true` or `contains: text`; then `action` (FAIL, RETRY, or
    SKIP for no rows), `failure_type` and `message`. `account: true` fails the whole sync, where
    any other request would meet the same. In the message, `{said}` is Pipedrive's text, `{status}`
    its code, `{stream}` the stream and `{needs}` the permission it takes. The rows of `tolerated`
    come first: what a family can do without.

    `DefaultErrorHandler` cannot be used: its predicates parse every good page a second time, it
    cannot see an exception, and its FAIL writes URL, headers and payload into the log.
    """

    parameters: InitVar[Mapping[str, Any]]
    tolerated: Sequence[Answer] = ()
    max_retries: int | None = 5
    max_time: int | None = 600
    backoff_strategies: Sequence[BackoffStrategy] = field(default_factory=lambda: [Patience()])
    _stream: str = field(init=False, default="")
    _needs: str = field(init=False, default="")

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._stream = str(parameters.get("name", ""))
        self._needs = str(parameters.get("needs", "a valid key"))

    def interpret_response(
        self, response_or_exception: Response | Exception | None
    ) -> ErrorResolution:
        said, status = "", ""
        if isinstance(response_or_exception, Response):
            response = response_or_exception
            status = str(response.status_code)
            if response.ok:
                try:
                    body_of(response)
                except MalformedAnswerError as malformed:
                    said = str(malformed)
                else:
                    return SUCCESS_RESOLUTION
            else:
                said = error_text(response)
            if correlation_id := response.headers.get("x-correlation-id"):
                said += f" [x-correlation-id {correlation_id}]"
        blocked = isinstance(response_or_exception, Response) and is_html(response_or_exception)
        table = _answers() if blocked else (*self.tolerated, *_answers())
        answer = next(row for row in table if _fits(row, response_or_exception))
        message = answer["message"].format(
            said=said, status=status, stream=self._stream, needs=self._needs
        )
        if answer["action"] == "SKIP":
            leave_out(cast("Response", response_or_exception), message)
            return SUCCESS_RESOLUTION
        action = ResponseAction[answer["action"]]
        failure_type = FailureType[answer.get("failure_type", "transient_error")]
        if action is ResponseAction.FAIL:
            refusal = AccountRefusedError if answer.get("account") else AirbyteTracedException
            raise refusal(message=message, internal_message=message, failure_type=failure_type)
        _LOGGER.info("%s Asking again.", message)
        return ErrorResolution(action, failure_type, message)


@cache
def _answers() -> Sequence[Answer]:
    written = Path(__file__).with_name("errors.yaml").read_bytes()
    return yaml.load(written, yaml.CSafeLoader)  # type: ignore[no-any-return]


def _fits(row: Answer, answer: Response | Exception | None) -> bool:
    if not isinstance(answer, Response):
        return not row.keys().isdisjoint({"exception"}) and any(
            name in row["exception"] for name in _class_names(answer)
        )
    if "exception" in row or bool(row.get("malformed")) != answer.ok:
        return False
    return (
        answer.status_code in row.get("status", [answer.status_code])
        and (not row.get("daily") or _is_daily_limit(answer))
        and (not row.get("html") or is_html(answer))
        and row.get("contains", "") in answer.text
    )


def _is_daily_limit(answer: Response) -> bool:
    """Tell the daily from the burst limit, whose bodies are alike: burst is left, or no tokens."""
    left = answer.headers.get("x-ratelimit-remaining", "0")
    return left != "0" or answer.headers.get("x-daily-ratelimit-token-remaining") == "0"


def _class_names(error: object) -> Iterator[str]:
    """Yield the class names of an exception and of those it wraps, innermost last.

    `requests` keeps the cause (a failed name lookup, say) in the arguments of what it raises.
    """
    while isinstance(error, BaseException):
        yield from (cls.__name__ for cls in type(error).__mro__)
        error = getattr(error, "reason", None) or next(
            (argument for argument in error.args if isinstance(argument, BaseException)), None
        )
