"""Rate limits: a rolling two-second burst per token, and a daily token budget per company.

https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, MINUTE
from pipedrive_sandbox.gateway.errors import blocked, over_limit

if TYPE_CHECKING:
    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.endpoints.errors import ApiError

WINDOW: Final = 2.0
OAUTH_FACTOR: Final = 4


@dataclass
class _Caller:
    calls: deque[float] = field(default_factory=deque)
    refused: deque[float] = field(default_factory=deque)


class Limits:
    """Admits or refuses requests, and states in headers what is left.

    The burst window runs on real time, so that a frozen sandbox clock cannot lock a client out.
    The day is that of the sandbox clock, in UTC. A refused request costs nothing.
    """

    def __init__(self, account: Account) -> None:
        """Begin with everything left."""
        self._settings = account.settings
        self._clock = account.clock
        self._callers: dict[str, _Caller] = {}
        self._day = self._clock.now() // DAY
        self._spent = 0

    @property
    def remaining(self) -> int:
        """The tokens that are left today."""
        today = self._clock.now() // DAY
        if today != self._day:
            self._day, self._spent = today, 0
        return max(0, self._settings.daily_budget - self._spent)

    def reset(self) -> None:
        """Forget every request: full burst, full budget, no client blocked."""
        self._callers.clear()
        self._spent = 0

    def admit(
        self, token: str, cost: int, *, is_oauth: bool
    ) -> tuple[dict[str, str], ApiError | None]:
        """Charge one request; return the headers of its answer, and the error if it is refused."""
        caller = self._callers.setdefault(token, _Caller())
        now = time.monotonic()
        _forget(caller.calls, now - WINDOW)
        _forget(caller.refused, now - MINUTE)
        burst = self._settings.burst * (OAUTH_FACTOR if is_oauth else 1)
        left = self.remaining
        headers = self._daily_headers(left)
        if self._settings.block_after and len(caller.refused) >= self._settings.block_after:
            return {}, blocked()
        if burst and len(caller.calls) >= burst:
            caller.refused.append(now)
            return headers | _burst_headers(burst, 0, caller.calls[0] + WINDOW - now), over_limit()
        caller.calls.append(now)
        if burst:
            free = burst - len(caller.calls)
            headers |= _burst_headers(burst, free, caller.calls[0] + WINDOW - now)
        if self._settings.daily_budget and left < cost:
            caller.refused.append(now)
            return headers, over_limit()
        self._spent += cost
        return headers, None

    def _daily_headers(self, left: int) -> dict[str, str]:
        if not (self._settings.daily_headers and self._settings.daily_budget):
            return {}
        return {
            "x-daily-ratelimit-token-limit": str(self._settings.daily_budget),
            "x-daily-ratelimit-token-remaining": str(left),
        }


def _burst_headers(limit: int, remaining: int, wait: float) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(max(1, ceil(wait))),
    }


def _forget(instants: deque[float], before: float) -> None:
    while instants and instants[0] <= before:
        instants.popleft()
