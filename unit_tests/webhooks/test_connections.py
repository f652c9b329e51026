"""What a connection may cost: time, memory, and a place among others."""

import asyncio
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import uvicorn

from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks import connections as connections_module
from source_pipedrive.webhooks.connections import Connections, allow_many_connections
from source_pipedrive.webhooks.credentials import Credentials
from source_pipedrive.webhooks.receiver import Receiver
from source_pipedrive.webhooks.server import server_config
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery

MOST = 6


@dataclass
class Server:
    """A receiver with a place for `MOST` connections, and for three from one address."""

    port: int
    closed: list[str] = field(default_factory=list)

    @contextmanager
    def connected(self, address: str = "127.0.0.1") -> Iterator[socket.socket]:
        """A connection from one of the addresses of this machine."""
        with socket.create_connection(
            ("127.0.0.1", self.port), timeout=30, source_address=(address, 0)
        ) as connection:
            yield connection

    def deliver(self, connection: socket.socket) -> bytes:
        """Send a delivery through an open connection; return the first line of the answer."""
        request = requests.Request(
            "POST", f"http://127.0.0.1:{self.port}/", auth=CREDENTIALS, json=a_delivery()
        ).prepare()
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        body = request.body if isinstance(request.body, bytes) else b""
        connection.sendall(f"POST / HTTP/1.1\r\nhost: hooks\r\n{head}\r\n".encode() + body)
        return connection.recv(4096).split(b"\r\n")[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Inbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        receiver = Receiver(inbox, Credentials(*CREDENTIALS))
        found = Server(0)
        config = server_config(receiver.app, "127.0.0.1", 0, Connections(MOST, found.closed.append))
        running = uvicorn.Server(config)
        with config.bind_socket() as listener:
            found.port = listener.getsockname()[1]
            thread = threading.Thread(target=lambda: asyncio.run(running.serve([listener])))
            thread.start()
            while not running.started:
                assert thread.is_alive(), "the receiver did not start"
            try:
                yield found
            finally:
                running.should_exit = True
                thread.join()


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other side closes the connection; what it sends before is dropped."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HTTP/1.1\r\nhost: hooks\r\n", b"GET /health HTTP/1.1\r\nhost: a\r\n\r\nPOST /"],
    ids=["nothing", "half of the headers", "half of a second request"],
)
def test_a_connection_that_waits_too_long_is_closed(
    server: Server, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections_module, "SECONDS_TO_WAIT", 0.05)

    with server.connected() as connection:
        connection.sendall(sent)

        assert is_closed(connection)

    assert server.closed == ["timeout"]


def test_one_address_gets_half_of_the_places(server: Server) -> None:
    with ExitStack() as stack:
        first, *others = [stack.enter_context(server.connected()) for _ in range(3)]
        elsewhere = stack.enter_context(server.connected("127.0.0.2"))

        newest = stack.enter_context(server.connected())

        assert is_closed(first)
        for connection in (newest, elsewhere, *others):
            assert server.deliver(connection) == b"HTTP/1.1 200 OK"
    assert server.closed == ["limit"]


def test_idle_connections_never_keep_a_delivery_out(server: Server) -> None:
    with ExitStack() as stack:
        addresses = [f"127.0.0.{number}" for number in range(2, 2 + 2 * MOST)]
        idle = [stack.enter_context(server.connected(address)) for address in addresses]

        newest = stack.enter_context(server.connected())

        assert server.deliver(newest) == b"HTTP/1.1 200 OK"
        assert all(is_closed(connection) for connection in idle[: MOST + 1])
    assert set(server.closed) == {"limit"}


def test_headers_beyond_the_limit_are_refused(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: hooks\r\nx: " + b"x" * 200_000)

        assert connection.recv(4096).startswith(b"HTTP/1.1 4")
        assert is_closed(connection)


AMBIGUOUS: dict[str, bytes] = {
    "both lengths": (
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /health HTTP/1.1\r\nhost: a\r\n\r\n"
    ),
    "both lengths and no chunk": (
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\nabcd"
    ),
    "a websocket": (
        b"POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"content-length: 0\r\n\r\n"
    ),
    "HTTP/2": (
        b"POST / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
        b"http2-settings: AAMAAABk\r\ncontent-length: 0\r\n\r\n"
    ),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_an_ambiguous_request_gets_one_answer_and_is_refused(
    server: Server, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = b""
    with server.connected() as connection:
        connection.sendall(AMBIGUOUS[case])
        while part := connection.recv(4096):
            answer += part

    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 4")
    assert "Traceback" not in caplog.text
    # uvicorn would advise to install what serves them
    assert "pip install" not in caplog.text


@pytest.mark.parametrize(
    ("soft", "hard", "expected", "raised"),
    [
        (1024, 1024, 924, None),
        (1024, 1_000_000, 4000, 4100),
        (1_000_000, 1_000_000, 4000, None),
        (256, 2000, 1900, 2000),
    ],
)
def test_there_are_never_more_connections_than_files(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, expected: int, raised: int | None
) -> None:
    limits: list[tuple[int, int]] = []
    record: Callable[[int, tuple[int, int]], None] = lambda _, new: limits.append(new)  # noqa: E731
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", record)

    assert allow_many_connections() == expected
    assert [new for new, _ in limits if new != soft] == ([raised] if raised else [])
