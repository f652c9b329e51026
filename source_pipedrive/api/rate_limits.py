"""Paces requests to the burst limit of the key and the daily tokens of the company."""

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.call_rate import AbstractAPIBudget
from requests import PreparedRequest, Response

from source_pipedrive.api.exceptions import SyncStoppedError
from source_pipedrive.api.responses import header_number
from source_pipedrive.api.retry_time import RetryTime

_WINDOW_SECONDS = 2.0
_SMALLEST_PLAN = 20
# a gateway may announce a limit of its own under the same name
_LARGEST_PLAN = 480
# calls that leave evenly can arrive in a bunch
_MARGIN_SECONDS = 0.15
_FIRST_ANSWER_SECONDS = 0.02


@dataclass
class Spending:
    """What one stream has cost so far. Times are in seconds."""

    rows: int = 0
    requests: int = 0
    tokens: int = 0
    waited: float = 0.0
    began: float | None = None
    ended: float = 0.0

    def __str__(self) -> str:
        took = 0.0 if self.began is None else max(0.0, self.ended - self.began)
        return (
            f"{self.rows} rows, {self.requests} requests, {self.tokens} tokens, "
            f"{took:.1f} s, {self.waited:.1f} s of it spent waiting for the rate limit"
        )


class TokenBudget:
    """Paces the requests of all threads, and stops them before the company's reserve is touched.

    Burst limit: a rolling window of two seconds. It begins with the 20 requests of the smallest
    plan, until an answer announces another limit (`x-ratelimit-limit`). The CDK's policies know
    fixed limits only. After a 429, one request at a time finds out whether the limit is free again:
    Cloudflare blocks clients that keep on sending.

    Daily tokens: `x-daily-ratelimit-token-remaining` is the balance before the call that carries
    it. If the headers are missing, spending is counted, but not limited.
    https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
    """

    def __init__(self, token_costs: Mapping[str, int], reserve_percent: float) -> None:
        self.remaining: int | None = None
        self.limit: int | None = None
        self.is_reserve_reached = False
        self.retry_time = RetryTime()
        self._costs = {re.compile(f"/{path}"): tokens for path, tokens in token_costs.items()}
        self._reserve_percent = reserve_percent
        self._streams: dict[str, StreamBudget] = {}
        self._burst_limit = _SMALLEST_PLAN
        self._sent: deque[float] = deque()
        self._blocked_until = 0.0
        # thread -> token cost of its request under way: a thread has one at most
        self._under_way: dict[int, int] = {}
        self._first_thread: int | None = None
        self._is_balance_known = False
        # after a 429: the thread whose request finds out whether the limit is free again
        self._is_limited = False
        self._probing_thread: int | None = None
        self._stop_reason: tuple[str, FailureType] | None = None
        self._lock = threading.Lock()

    def start_again(self) -> None:
        """Begin another sync of the same process, with what is known about the limits.

        A balance near the reserve is forgotten: a new day may have begun.
        """
        with self._lock:
            self._streams = {}
            self._stop_reason = None
            self._first_thread = None
            self.retry_time = RetryTime()
            if self.is_reserve_reached:
                self.remaining, self._is_balance_known = None, False
            self.is_reserve_reached = False

    def for_stream(self, name: str) -> "StreamBudget":
        """Return the budget that books on a stream."""
        with self._lock:
            return self._streams.setdefault(name, StreamBudget(self))

    @property
    def requests_per_second(self) -> float:
        """How many requests Pipedrive lets pass, as far as its answers have said."""
        return self._burst_limit / (_WINDOW_SECONDS + _MARGIN_SECONDS)

    @property
    def reserve(self) -> float:
        """How many of today's tokens are left to the company's other integrations."""
        return (self.limit or 0) * self._reserve_percent / 100

    @property
    def spent(self) -> int:
        """How many tokens all streams have spent."""
        with self._lock:
            return sum(stream.spending.tokens for stream in self._streams.values())

    def cost_of(self, path: str) -> int:
        """Return what a request for a path, such as `/api/v2/deals`, costs in tokens."""
        return next(tokens for pattern, tokens in self._costs.items() if pattern.match(path))

    def stop_sync(self, message: str, failure_type: FailureType) -> SyncStoppedError:
        """Let no further request start, and return the error that all streams then raise."""
        with self._lock:
            self._stop_reason = self._stop_reason or (message, failure_type)
            return SyncStoppedError(*self._stop_reason)

    def acquire(self, cost: int) -> float:
        """Wait until a request may be sent; return the seconds waited."""
        began = time.monotonic()
        while (wait := self._try_to_acquire(cost)) > 0:
            time.sleep(wait)
        return time.monotonic() - began

    def _try_to_acquire(self, cost: int) -> float:
        """Take a place in the burst window, or return how long to wait for one."""
        thread = threading.get_ident()
        with self._lock:
            if not self._is_balance_known and self._first_thread not in {None, thread}:
                # nobody knows the balance before the first answer
                return _FIRST_ANSWER_SECONDS
            if self.remaining is not None and self.remaining - cost < self.reserve:
                self.is_reserve_reached = True
                reason = self._reserve_reached(), FailureType.transient_error
                self._stop_reason = self._stop_reason or reason
            if self._stop_reason:
                raise SyncStoppedError(*self._stop_reason)
            now = time.monotonic()
            while self._sent and self._sent[0] <= now - _WINDOW_SECONDS - _MARGIN_SECONDS:
                self._sent.popleft()
            if now < self._blocked_until:
                return self._blocked_until - now
            if self._is_limited:
                if self._probing_thread not in {None, thread}:
                    return _FIRST_ANSWER_SECONDS
                self._probing_thread = thread
            if len(self._sent) >= self._burst_limit:
                return self._sent[0] + _WINDOW_SECONDS + _MARGIN_SECONDS - now
            self._sent.append(now)
            self._first_thread = thread
            self._under_way[thread] = cost
            if self.remaining is not None:
                self.remaining -= cost
            return 0

    def answered(self, cost: int, response: Response) -> None:
        """Learn the limits from the headers of an answer."""
        with self._lock:
            self._is_balance_known = True
            self._forget_request()
            announced = header_number(response, "x-ratelimit-limit") or self._burst_limit
            self._burst_limit = min(max(1, announced), _LARGEST_PLAN)
            self._is_limited = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
            if self._is_limited:
                reset = header_number(response, "x-ratelimit-reset") or _WINDOW_SECONDS
                self._blocked_until = time.monotonic() + min(reset, 10 * _WINDOW_SECONDS)
            self.limit = header_number(response, "x-daily-ratelimit-token-limit") or self.limit
            balance = header_number(response, "x-daily-ratelimit-token-remaining")
            if balance is not None:
                self._learn_balance(balance - cost - sum(self._under_way.values()))

    def request_ended(self) -> None:
        """Forget the request of this thread, also if it got no answer."""
        self.retry_time.request_ended()
        with self._lock:
            self._forget_request()
            self._is_balance_known = True

    def _forget_request(self) -> None:
        thread = threading.get_ident()
        self._under_way.pop(thread, None)
        if self._probing_thread == thread:
            self._probing_thread = None

    def _learn_balance(self, balance: int) -> None:
        """Keep the lower of the announced and the known balance: answers overtake each other.

        A balance far above the known one means that a new day has begun, or tokens were bought.
        """
        known = self.remaining
        has_risen = known is not None and balance > known + (self.limit or balance) / 4
        self.remaining = balance if known is None or has_risen else min(known, balance)

    def report(self, logger: logging.Logger) -> None:
        """Log what was spent: a line for each stream, and one in total."""
        with self._lock:
            # a stopped sync has threads that still begin new streams
            spent = {
                name: stream.spending
                for name, stream in self._streams.items()
                if stream.spending.began is not None
            }
        total = Spending()
        for name, spending in spent.items():
            logger.info("%s: %s.", name, spending)
            total.rows += spending.rows
            total.requests += spending.requests
            total.tokens += spending.tokens
            total.waited += spending.waited
        total.began = min(
            (one.began for one in spent.values() if one.began is not None), default=None
        )
        total.ended = time.monotonic()
        left = f"; {self.remaining} of {self.limit} tokens are left today" if self.limit else ""
        logger.info("Total: %s%s.", total, left)

    def _reserve_reached(self) -> str:
        used = sum(stream.spending.tokens for stream in self._streams.values())
        return (
            f"Stopped to keep {self._reserve_percent:g}% of the company's daily API tokens for "
            f"other integrations ({self.remaining} of {self.limit} are left; this sync used "
            f"{used}). No data is lost: the next sync after midnight resumes from here. To use "
            "more tokens, lower `daily_token_reserve_percent`."
        )


class StreamBudget(AbstractAPIBudget):
    """The budget as the HTTP client of one stream sees it; keeps what the stream has spent."""

    def __init__(self, account: TokenBudget) -> None:
        self.spending = Spending()
        self._account = account
        self._lock = threading.Lock()

    def acquire_call(
        self,
        request: PreparedRequest,
        block: bool = True,  # noqa: FBT001, FBT002 - the CDK's signature
        timeout: float | None = None,
    ) -> None:
        with self._lock:
            if self.spending.began is None:
                self.spending.began = time.monotonic()
        waited = self._account.acquire(self._account.cost_of(request.path_url))
        with self._lock:
            self.spending.requests += 1
            self.spending.waited += waited

    def update_from_response(self, request: PreparedRequest, response: Response) -> None:
        cost = self._account.cost_of(request.path_url)
        with self._lock:
            if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                self.spending.tokens += cost
        self._account.answered(cost, response)

    def get_matching_policy(self, request: PreparedRequest) -> None:
        return None

    def request_ended(self) -> None:
        """Take note that the request of this thread is over, with or without an answer."""
        self._account.request_ended()
        self.spending.ended = time.monotonic()

    def count_rows(self, rows: int) -> None:
        """Book the rows that a page brought."""
        with self._lock:
            self.spending.rows += rows

    def stop_sync(self, message: str, failure_type: FailureType) -> SyncStoppedError:
        """Let no further request of any stream start."""
        return self._account.stop_sync(message, failure_type)
