"""Spreads the tokens of real time over the day, so that one busy hour does not spend them all."""

import time
from collections.abc import Callable

from source_pipedrive.webhooks.targets.target import SyncCost

_DAY = 24 * 60 * 60
# what may be spent in one go, after a quiet time
_SHARE_IN_ONE_GO = 0.1
# of the company's daily tokens, where no number is given
_DEFAULT_SHARE = 0.25
_SHARE_OF_FULL_RESYNCS = 0.1


class TokenPace:
    """Says when the next sync may start, so that any 24 hours cost at most `daily_tokens`.

    By default they are a quarter of the company's daily limit, once an answer has announced it. A
    tenth of them may be spent in one go; the rest becomes available evenly over the day. When
    Pipedrive's day begins is not documented, so the rule does not depend on it.
    `on_cost` hears what each sync cost.
    https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
    """

    def __init__(
        self,
        daily_tokens: float | None = None,
        on_cost: Callable[[SyncCost], None] = lambda _: None,
    ) -> None:
        self._daily_tokens = daily_tokens
        self._limit: int | None = None
        self._debt = 0.0
        self._counted_at = time.monotonic()
        self._full_resyncs: list[int] = []
        self._on_cost = on_cost

    @property
    def daily_tokens(self) -> float | None:
        """Tokens for a day; `None` if neither a setting nor Pipedrive says how many."""
        if self._daily_tokens is not None:
            return self._daily_tokens
        return self._limit * _DEFAULT_SHARE if self._limit else None

    def spend(
        self, cost: SyncCost, *, is_full_resync: bool = False, has_failed: bool = False
    ) -> None:
        """Take note of what a sync cost."""
        self._on_cost(cost)
        self._limit = cost.limit or self._limit
        if is_full_resync:
            if not has_failed:
                self._full_resyncs.append(cost.tokens)
            return
        now = time.monotonic()
        self._debt = max(0, self._debt - (now - self._counted_at) * self._per_second) + cost.tokens
        self._counted_at = now

    @property
    def seconds_to_wait(self) -> float:
        """How long the next sync of changed rows has to wait."""
        if not (daily := self.daily_tokens):
            return 0
        paid = (time.monotonic() - self._counted_at) * self._per_second
        excess = self._debt - paid - daily * _SHARE_IN_ONE_GO
        return max(0, excess / self._per_second)

    def seconds_to_full_resync(self, usual: float) -> float:
        """How long after a full resync the next one starts: `usual`, or longer if it is expensive.

        All of a day may cost a tenth of the company's daily tokens. The first one does not count:
        it may have been the first sync of all.
        """
        if not self._limit or len(self._full_resyncs) < 2:  # noqa: PLR2004 - the first, and another
            return usual
        tokens_a_day = self._limit * _SHARE_OF_FULL_RESYNCS
        return max(usual, self._full_resyncs[-1] * _DAY / tokens_a_day)

    @property
    def _per_second(self) -> float:
        return (self.daily_tokens or 0) * (1 - _SHARE_IN_ONE_GO) / _DAY
