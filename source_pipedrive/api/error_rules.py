"""Applies the rules of `errors.yaml`: what Pipedrive said, what it means, what to do."""

import logging
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

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
from requests import Response

from source_pipedrive.api.access import Access, ApiKeyAccess
from source_pipedrive.api.exceptions import AccountRefusedError, UserError
from source_pipedrive.api.responses import (
    AnswerShape,
    MalformedResponseError,
    body_of,
    error_text,
    header_number,
    is_html,
)
from source_pipedrive.api.retry_time import RetryTime

_LOGGER = logging.getLogger("airbyte")
# Where a server asks for a longer pause, it is asked again sooner.
_LONGEST_PAUSE = 60
_MOST_DOUBLINGS = 5
# `RetryTime` ends the retries of a sync. These only keep the CDK from ending them before.
MORE_RETRIES_THAN_IN_A_SYNC = 10_000
_MORE_SECONDS_THAN_IN_A_SYNC = 24 * 3600
_HIGHEST_TOKEN_COST = 40


class Backoff(BackoffStrategy):
    """Waits twice as long after each failure, with jitter, so that threads do not retry at once.

    After a 429 it waits as long as Pipedrive says, which for the burst limit is two seconds. After
    other failures, it waits half a minute at most, so that it notices when they end.
    """

    def backoff_time(self, response_or_exception: Any, attempt_count: int) -> float:
        if isinstance(response_or_exception, Response):
            reset = header_number(response_or_exception, "x-ratelimit-reset")
            if response_or_exception.status_code == HTTPStatus.TOO_MANY_REQUESTS and reset:
                return random.uniform(0, min(reset, _LONGEST_PAUSE))  # noqa: S311 - as below
        doublings = min(attempt_count, _MOST_DOUBLINGS)
        return float(random.uniform(0.5, 1) * 2**doublings)  # noqa: S311 - spreads load


@dataclass(frozen=True, kw_only=True)
class ErrorRule:
    """One rule of `errors.yaml`: which answers it fits, and what follows.

    It fits a `status`, the class name of an `exception`, or a `malformed` 200; `html`, `daily`
    (the daily limit), `oauth`, `path` (its beginning), and `contains` narrow it. `action` is FAIL,
    RETRY, or SKIP for an answer without rows. `account` fails the whole sync, because any other
    request would get the same. A rule with `tolerated_as` holds for the streams that name it under
    `tolerates`. `RetryTime` says what it means for RETRY that a failure is `temporary`, or only
    `if_all_fail`. With `setting`, it is temporary if Pipedrive has answered before: until then, a
    setting may be wrong.
    """

    message: str
    action: str
    status: Sequence[int] = ()
    exception: Sequence[str] = ()
    malformed: bool = False
    html: bool = False
    daily: bool = False
    oauth: bool = False
    path: str = ""
    contains: str = ""
    account: bool = False
    temporary: bool = False
    if_all_fail: bool = False
    setting: bool = False
    failure_type: str = "transient_error"
    tolerated_as: str = ""

    def fits(self, result: Response | Exception | None) -> bool:
        """Tell whether this is a rule for a response or an exception."""
        if not isinstance(result, Response):
            return any(name in self.exception for name in _class_names(result))
        return (
            not self.exception
            and self.malformed == result.ok
            and (not self.status or result.status_code in self.status)
            and (not self.daily or _is_daily_limit(result))
            and (not self.html or is_html(result))
            and (not self.oauth or "authorization" in result.request.headers)
            and (not self.path or result.request.path_url.startswith(self.path))
            # the text of a large body takes minutes to decode where no charset is given
            and self.contains.encode() in result.content
        )


@dataclass
class ErrorRules(ErrorHandler):
    """Finds the first rule of `errors.yaml` that fits an answer, and does what it says.

    In a message, `{said}` is Pipedrive's text, `{status}` its code, `{stream}` the stream,
    `{needs}` the permission that it requires, and `{scopes}` the scope of OAuth; `{owner}` and
    `{address}` are the words of `access` for user and setting. `tolerates` names further rules. A
    successful answer whose data do not have the `answer_shape` is malformed. With a `retry_time`,
    it decides about retries, otherwise `max_retries`.

    `DefaultErrorHandler` cannot be used: its predicates parse every successful page a second time,
    it cannot see an exception, and its FAIL writes URL, headers, and payload into the log.
    """

    parameters: InitVar[Mapping[str, Any]]
    tolerates: str = ""
    max_retries: int | None = 5
    max_time: int | None = _MORE_SECONDS_THAN_IN_A_SYNC
    backoff_strategies: Sequence[BackoffStrategy] = field(default_factory=lambda: [Backoff()])
    answer_shape: AnswerShape = field(default_factory=AnswerShape)
    retry_time: RetryTime | None = None
    access: Access | None = None

    def __post_init__(self, parameters: Mapping[str, Any]) -> None:
        self._stream = str(parameters.get("name", ""))
        self._needs = str(parameters.get("needs", "a valid API key"))

    def interpret_response(
        self, response_or_exception: Response | Exception | None
    ) -> ErrorResolution:
        if isinstance(response_or_exception, Response):
            if response_or_exception.ok:
                try:
                    self.answer_shape.check(body_of(response_or_exception))
                except MalformedResponseError as error:
                    return self._resolve(response_or_exception, str(error))
                return self._succeeded()
            return self._resolve(response_or_exception, error_text(response_or_exception))
        return self._resolve(response_or_exception, _proxy_address())

    def skip_reason(self, response: Response) -> str:
        """Return the sentence for the log about a refusal that the stream tolerates."""
        return self._sentence(self._rule(response), response, error_text(response))

    def _resolve(self, result: Response | Exception | None, said: str) -> ErrorResolution:
        rule = self._rule(result)
        if rule.action == "SKIP":
            return self._succeeded()
        message = self._sentence(rule, result, said)
        action, failure_type = ResponseAction[rule.action], FailureType[rule.failure_type]
        if action is ResponseAction.FAIL:
            self._succeeded()
            raise (AccountRefusedError if rule.account else UserError)(message, failure_type)
        if not self.retry_time:
            _LOGGER.info("%s Retrying.", message)
            return ErrorResolution(action, failure_type, message)
        is_temporary = rule.temporary or (rule.setting and self.retry_time.has_succeeded)
        if not self.retry_time.retries(is_temporary=is_temporary, if_all_fail=rule.if_all_fail):
            # where Pipedrive has never answered, it will not answer other requests either
            never_answered = rule.setting and not self.retry_time.has_succeeded
            error = AccountRefusedError if never_answered else UserError
            raise error(message + self.retry_time.summary(), failure_type)
        if line := self.retry_time.log_line():
            what_happened = self._sentence(rule, result, said, rule.message.partition(". ")[0])
            _LOGGER.info("%s. %s", what_happened, line)
        return ErrorResolution(action, failure_type, message)

    def _succeeded(self) -> ErrorResolution:
        if self.retry_time:
            self.retry_time.succeeded()
        return SUCCESS_RESOLUTION

    def _rule(self, result: Response | Exception | None) -> ErrorRule:
        blocked = isinstance(result, Response) and is_html(result)
        tolerates = {"", *({self.tolerates} if not blocked else ())}
        return next(
            rule for rule in error_rules() if rule.tolerated_as in tolerates and rule.fits(result)
        )

    def _sentence(
        self, rule: ErrorRule, result: Response | Exception | None, said: str, template: str = ""
    ) -> str:
        status = ""
        if isinstance(result, Response):
            status = str(result.status_code)
            if correlation_id := result.headers.get("x-correlation-id"):
                said += f" [x-correlation-id {correlation_id}]"
        words = self.access.words if self.access else ApiKeyAccess.words
        sentence = (template or rule.message).format(
            said=said,
            status=status,
            stream=self._stream,
            needs=self._needs,
            scopes=scopes_of(self._needs),
            owner=words.owner,
            address=words.address,
        )
        return sentence[:1].upper() + sentence[1:]


@cache
def error_rules() -> Sequence[ErrorRule]:
    """Return the rules of `errors.yaml`, the first that fits wins."""
    written = Path(__file__).with_name("errors.yaml").read_bytes()
    return [ErrorRule(**rule) for rule in yaml.load(written, yaml.CSafeLoader)]


def scopes_of(needs: str) -> str:
    """Return the scopes of OAuth in the text of what a stream needs; one of them is enough.

    `a valid API key` is any scope, and every app has `base`.
    """
    named = needs.replace("an admin's API key", "admin").replace("a valid API key", "base")
    return re.sub(r" and the .*", "", named)


def _is_daily_limit(response: Response) -> bool:
    """Tell the daily limit from the burst limit, whose bodies are alike.

    At the daily limit, too few tokens of the day are left for a request. Where the headers do not
    say how many, it is the daily limit if calls of the burst are left.
    """
    tokens = header_number(response, "x-daily-ratelimit-token-remaining")
    if tokens is not None:
        return tokens < _HIGHEST_TOKEN_COST
    return bool(header_number(response, "x-ratelimit-remaining"))


def _proxy_address() -> str:
    """Return the proxy of this machine, without its user and password."""
    proxies = getproxies()
    address = urlsplit(proxies.get("https") or proxies.get("http") or "")
    return address.netloc.rpartition("@")[2]


def _class_names(error: object) -> Iterator[str]:
    """Yield the class names of an exception and of those it wraps, innermost last.

    `requests` keeps the cause (a failed name lookup, say) in the arguments of what it raises.
    """
    while isinstance(error, BaseException):
        yield from (cls.__name__ for cls in type(error).__mro__)
        error = getattr(error, "reason", None) or next(
            (argument for argument in error.args if isinstance(argument, BaseException)), None
        )
