"""Limits what a connection may cost: how long it waits, how large its headers are, how many exist.

uvicorn limits none of this by itself: its time limit begins after the first response, and
`limit_concurrency` rejects requests, deliveries included, while idle connections stay open.
"""

import asyncio
import resource
from collections import Counter
from collections.abc import Callable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

LARGEST_HEADERS = 16 * 1024
"""Bytes of the headers of a request; a delivery has less than one kilobyte."""

# Pipedrive sends a request at once, and a proxy opens a connection anew.
SECONDS_TO_WAIT = 10
_MOST_CONNECTIONS = 4000
# for the inbox, the warehouse, and their temporary files
_OTHER_FILES = 100


def allow_many_connections() -> int:
    """Raise the process's limit of open files, and return how many connections fit into it."""
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(_MOST_CONNECTIONS, soft - _OTHER_FILES))


class Connections:
    """The connections of a server: at most `most`, and half as many from one address.

    The rest is for others, if one sender opens connections without end. When there are too many,
    the one that has waited longest for a request makes place; a connection whose request runs is
    never closed. `on_closed` receives why a connection was closed: `limit` or `timeout`.
    """

    def __init__(self, most: int, on_closed: Callable[[str], None] = lambda _: None) -> None:
        self.on_closed = on_closed
        self._most = most
        self._most_of_peer = max(1, most // 2)
        self._count = 0
        self._count_by_peer: Counter[str] = Counter()
        # in the order in which they began to wait
        self._waiting: dict[LimitedProtocol, None] = {}

    def opened(self, connection: "LimitedProtocol") -> bool:
        """Count a connection; return whether there is place for it."""
        peer = connection.peer
        self._count += 1
        self._count_by_peer[peer] += 1
        if self._count_by_peer[peer] > self._most_of_peer:
            return self._make_place(peer)
        return self._count <= self._most or self._make_place()

    def closed(self, connection: "LimitedProtocol") -> None:
        """Forget a connection."""
        self.not_waiting(connection)
        self._count -= 1
        self._count_by_peer[connection.peer] -= 1
        if not self._count_by_peer[connection.peer]:
            del self._count_by_peer[connection.peer]

    def waiting(self, connection: "LimitedProtocol") -> None:
        """Note that a connection waits for a request from now on."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def not_waiting(self, connection: "LimitedProtocol") -> None:
        """Note that the request of a connection has begun."""
        self._waiting.pop(connection, None)

    def _make_place(self, peer: str | None = None) -> bool:
        longest = (one for one in self._waiting if peer in {None, one.peer})
        connection = next(longest, None)
        if connection is None:
            return False
        connection.end("limit")
        return True


class LimitedProtocol(H11Protocol):
    """A connection that is closed if it waits too long for a request, or if there are too many."""

    limits: Connections

    @property
    def peer(self) -> str:
        """The address of the other side, without its port."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        self._timer: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        if self.limits.opened(self):
            self._wait()
        else:
            self.end("limit")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.limits.closed(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self._current:
            self._stop_waiting()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing, since uvicorn would advise to install what serves upgrades."""

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless an answer is under way: nobody may get two."""
        if self._current:
            self._current.disconnected = True
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def end(self, reason: str) -> None:
        """Close the connection without an answer."""
        self._stop_waiting()
        self.limits.on_closed(reason)
        self.transport.abort()

    @property
    def _current(self) -> RequestResponseCycle | None:
        """The request that has no answer yet."""
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        return cycle if cycle and not cycle.response_complete else None

    def _wait(self) -> None:
        self._stop_waiting()
        self.limits.waiting(self)
        self._timer = self.loop.call_later(SECONDS_TO_WAIT, self.end, "timeout")

    def _stop_waiting(self) -> None:
        self.limits.not_waiting(self)
        if self._timer:
            self._timer.cancel()
            self._timer = None


def protocol_with(connections: Connections) -> type[LimitedProtocol]:
    """Return the class of all connections of one server."""

    class Protocol(LimitedProtocol):
        limits = connections

    return Protocol
