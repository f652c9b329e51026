"""What may still be asked: the burst window of the key, and the daily tokens of the company."""

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.call_rate import AbstractAPIBudget
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import Response

_WINDOW_SECONDS = 2.0
_SMALLEST_PLAN = 20
# calls that leave evenly can arrive in a bunch
_MARGIN_SECONDS = 0.15
_FIRST_ANSWER_SECONDS = 0.02


class SyncStoppedError(AirbyteTracedException):
    """No further request may start: each would meet the same."""


@dataclass
class Spending:
    """What one stream has cost so far. Times are in seconds."""

    rows: int = 0
    requests: int = 0
    tokens: int = 0
    waited: float = 0.0
    began: float = 0.0
    ended: float = 0.0

    def __str__(self) -> str:
        took = max(0.0, self.ended - self.began)
        return (
            f"{self.rows} rows, {self.requests} requests, {self.tokens} tokens, "
            f"{took:.1f} s, {self.waited:.1f} s of it waiting for the rate limit"
        )


class TokenBudget(AbstractAPIBudget):
    """Paces the requests of all threads, and stops them before the company's reserve is touched.

    Burst: a rolling window of two seconds, at the smallest plan's 20 requests until the answers
    announce another limit (`x-ratelimit-limit`). The CDK's policies know fixed limits only.

    Daily: `x-daily-ratelimit-token-remaining` is the balance before the call that carries it. The
    headers can be missing; spending is then counted, but there is no limit to hold it against.
    https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
    """

    def __init__(self, prices: Mapping[str, int], reserve_percent: float) -> None:
        self.spending: dict[str, Spending] = {}
        self._prices = {re.compile(f"/{path}"): tokens for path, tokens in prices.items()}
        self.remaining: int | None = None
        self.limit: int | None = None
        self._reserve_percent = reserve_percent
        self._burst = _SMALLEST_PLAN
        self._sent: deque[float] = deque()
        self._blocked_until = 0.0
        self._in_flight = 0
        self._answered = False
        self._first: int | None = None
        self._stopped: tuple[str, FailureType] | None = None
        self._lock = threading.Lock()
        self._current = threading.local()

    @contextmanager
    def spend(self, stream: str) -> Iterator[None]:
        """Book on a stream what this thread sends meanwhile."""
        with self._lock:
            spending = self.spending.setdefault(stream, Spending(began=time.monotonic()))
        self._current.on, self._current.in_flight = spending, 0
        try:
            yield
        finally:
            with self._lock:
                # a request that got no answer is no longer under way either
                self._in_flight -= self._current.in_flight
                self._answered = True
            spending.ended = time.monotonic()

    def stop(self, message: str, failure_type: FailureType) -> SyncStoppedError:
        """Let no further request start; return the error that all streams tell alike."""
        with self._lock:
            self._stopped = self._stopped or (message, failure_type)
            return _error(*self._stopped)

    def count(self, stream: str, rows: int) -> None:
        """Book the rows that a page brought."""
        with self._lock:
            self.spending[stream].rows += rows

    @property
    def reserve(self) -> float:
        """How many tokens of today are left to the company's other integrations."""
        return (self.limit or 0) * self._reserve_percent / 100

    def acquire_call(self, request: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002 - the CDK's signature
        spending: Spending = self._current.on
        price = self.price_of(request.path_url)
        began = time.monotonic()
        while (wait := self._wait(price)) > 0:
            time.sleep(wait)
        with self._lock:
            spending.requests += 1
            spending.waited += time.monotonic() - began

    def price_of(self, path: str) -> int:
        """Tell what a request for a path costs, in tokens."""
        return next(tokens for pattern, tokens in self._prices.items() if pattern.match(path))

    def _wait(self, price: int) -> float:
        """Take a place in the window, or tell how long to wait for one."""
        with self._lock:
            if not self._answered and self._first not in (None, threading.get_ident()):
                # nobody knows the balance before the first answer
                return _FIRST_ANSWER_SECONDS
            if self.remaining is not None and self.remaining - price < self.reserve:
                self._stopped = self._stopped or (self._sentence(), FailureType.transient_error)
            if self._stopped:
                raise _error(*self._stopped)
            now = time.monotonic()
            while self._sent and self._sent[0] <= now - _WINDOW_SECONDS - _MARGIN_SECONDS:
                self._sent.popleft()
            if now < self._blocked_until:
                return self._blocked_until - now
            if len(self._sent) >= self._burst:
                return self._sent[0] + _WINDOW_SECONDS + _MARGIN_SECONDS - now
            self._sent.append(now)
            self._first = threading.get_ident()
            self._in_flight += price
            self._current.in_flight += price
            if self.remaining is not None:
                self.remaining -= price
            return 0

    def update_from_response(self, request: Any, response: Response) -> None:
        spending: Spending = self._current.on
        price = self.price_of(request.path_url)
        told = response.headers
        with self._lock:
            self._answered = True
            self._in_flight -= price
            self._current.in_flight -= price
            self._burst = max(1, _number(told, "x-ratelimit-limit") or self._burst)
            if response.status_code == 429:  # noqa: PLR2004
                reset = _number(told, "x-ratelimit-reset") or _WINDOW_SECONDS
                self._blocked_until = time.monotonic() + min(reset, 10 * _WINDOW_SECONDS)
            else:
                spending.tokens += price
            self.limit = _number(told, "x-daily-ratelimit-token-limit") or self.limit
            balance = _number(told, "x-daily-ratelimit-token-remaining")
            if balance is not None:
                self._take_balance(balance - price - self._in_flight)

    def _take_balance(self, balance: int) -> None:
        """Believe the lower of what is told and what is known: answers overtake each other.

        A balance far above what is known means that a new day has begun, or tokens were bought.
        """
        known = self.remaining
        risen = known is not None and balance > known + (self.limit or balance) / 4
        self.remaining = balance if known is None or risen else min(known, balance)

    def report(self, logger: logging.Logger) -> None:
        """Log what was spent, a line a stream and one in total."""
        with self._lock:
            # a sync that was stopped has threads that still begin new streams
            spent = dict(self.spending)
        total = Spending()
        for stream, spending in spent.items():
            logger.info("%s: %s.", stream, spending)
            total.rows += spending.rows
            total.requests += spending.requests
            total.tokens += spending.tokens
            total.waited += spending.waited
        began = min((spending.began for spending in spent.values()), default=0.0)
        total.began, total.ended = began, time.monotonic()
        left = f"; {self.remaining} of {self.limit} tokens are left today" if self.limit else ""
        logger.info("Total: %s%s.", total, left)

    def get_matching_policy(self, request: Any) -> None:
        return None

    def _sentence(self) -> str:
        used = sum(spending.tokens for spending in self.spending.values())
        return (
            f"Stopped to keep {self._reserve_percent:g} % of the company's daily API tokens for "
            f"other integrations: {self.remaining} of {self.limit} are left, this sync used {used}."
            " Nothing was lost: the next sync goes on from here, once Pipedrive has renewed them "
            "at midnight. To let the connector use more, lower daily_token_reserve_percent."
        )


def _error(message: str, failure_type: FailureType) -> SyncStoppedError:
    return SyncStoppedError(message=message, internal_message=message, failure_type=failure_type)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(float(text)) if text.replace(".", "", 1).isdigit() else None
