"""The requests to the API: counted by operation, and listed one by one."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipedrive_sandbox.store import Row

_LISTED: Final = 200_000


@dataclass
class Counter:
    """The requests to one operation, and their tokens; `refused` counts its 429 answers."""

    requests: int = 0
    tokens: int = 0
    refused: int = 0


@dataclass
class RequestLog:
    """The counters of all operations, and the last requests: method, target and status."""

    counters: dict[tuple[str, str], Counter] = field(default_factory=dict)
    requests: deque[tuple[str, str, int]] = field(default_factory=lambda: deque(maxlen=_LISTED))

    def counter(self, method: str, path: str) -> Counter:
        """Return the counter of one operation."""
        return self.counters.setdefault((method, path), Counter())

    def clear(self) -> None:
        """Forget all requests."""
        self.counters.clear()
        self.requests.clear()

    def report(self) -> Row:
        """Return the counters by operation, and their sums."""
        return {
            "endpoints": {
                f"{method} {path}": asdict(counter)
                for (method, path), counter in sorted(self.counters.items())
            },
            "requests": sum(counter.requests for counter in self.counters.values()),
            "tokens": sum(counter.tokens for counter in self.counters.values()),
            "refused": sum(counter.refused for counter in self.counters.values()),
        }
