"""How long failed requests are retried: five times each, or for ten minutes a sync."""

import math
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_RETRIES = 5
_SECONDS_A_SYNC = 600
# shorter failures, as under a burst limit that others use too, do not use up the ten minutes
_SECONDS_NOT_COUNTED = 60
_SECONDS_BETWEEN_LOG_LINES = 60


@dataclass
class _FailingRequest:
    """A request that failed and is retried. `own_failures` may be those of this request alone."""

    since: float
    failures: int = 0
    own_failures: int = 0
    is_temporary: bool = False


class RetryTime:
    """Decides whether a failed request is retried. All threads of a sync share the ten minutes.

    Temporary failures are those that any request can meet and that end by themselves: the burst
    limit, 502, 503, 504, timeouts, lost connections. They are retried for ten minutes in total.
    What counts is the time from a request's first failure to its success, once for all threads,
    and only if it is a minute or more: a sync that makes progress next to a busy integration
    does not use up its time. When the time is used up, a request has five retries while others
    succeed, and none while nothing succeeds.

    Any other failure may be that of one request, and must not hold the sync: it is retried five
    times. A 500 is temporary too if further requests fail and none has succeeded since, because
    then all of Pipedrive is in trouble. A malformed answer is not: it may come from another server.

    The retries themselves are the CDK's, whose `max_retries` and `max_time` know one request only.
    """

    def __init__(self) -> None:
        # a thread has one request at a time
        self._failing: dict[int, _FailingRequest] = {}
        self._used = 0.0
        self._counted_until = -math.inf
        self._used_up_at: float | None = None
        self._succeeded_at = -math.inf
        self._next_log_line = -math.inf
        self._lock = threading.Lock()

    @property
    def has_succeeded(self) -> bool:
        """Whether Pipedrive has answered any request of this sync."""
        return self._succeeded_at > -math.inf

    def retries(self, *, is_temporary: bool, if_all_fail: bool = False) -> bool:
        """Take note that this thread's request failed. Return whether it is retried.

        With `if_all_fail`, the failure is temporary if further requests fail and none succeeds.
        """
        with self._lock:
            now = time.monotonic()
            request = self._failing.setdefault(threading.get_ident(), _FailingRequest(now))
            request.failures += 1
            request.own_failures += not is_temporary
            request.is_temporary |= is_temporary
            if self._seconds_left(request, now) <= 0:
                self._used_up_at = now if self._used_up_at is None else self._used_up_at
                return request.failures <= _RETRIES and self._succeeded_at > self._used_up_at
            if is_temporary or request.own_failures <= _RETRIES:
                return True
            if if_all_fail and len(self._failing) > 1 and self._succeeded_at < request.since:
                # five more retries, in which others may succeed again
                request.own_failures, request.is_temporary = 0, True
                return True
            return False

    def succeeded(self) -> None:
        """Take note that Pipedrive answered a request, be it with a refusal."""
        self._succeeded_at = time.monotonic()

    def request_ended(self) -> None:
        """Forget the request of this thread, and count the time for which it was retried."""
        with self._lock:
            request = self._failing.pop(threading.get_ident(), None)
            now = time.monotonic()
            if request and request.is_temporary and now - request.since >= _SECONDS_NOT_COUNTED:
                self._used += now - max(request.since, self._counted_until)
                self._counted_until = now

    def log_line(self) -> str:
        """Say how long this thread's request is retried; nothing within a minute of the last."""
        with self._lock:
            now = time.monotonic()
            request = self._failing[threading.get_ident()]
            if now < self._next_log_line:
                return ""
            self._next_log_line = now + _SECONDS_BETWEEN_LOG_LINES
            if not request.is_temporary:
                return "Retrying."
            end = datetime.now(UTC) + timedelta(seconds=self._seconds_left(request, now))
            return (
                f"Retrying until {end:%H:%M} UTC at the latest, for {now - request.since:.0f} s so "
                "far."
            )

    def summary(self) -> str:
        """Say that the retry time of the sync is used up, if it is."""
        if self._used_up_at is None:
            return ""
        return f" Failed requests were retried for {_SECONDS_A_SYNC // 60} minutes in this sync."

    def _seconds_left(self, request: _FailingRequest, now: float) -> float:
        counted_from = max(request.since, self._counted_until)
        return _SECONDS_A_SYNC - self._used - (now - counted_from)
