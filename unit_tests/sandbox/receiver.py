"""A receiver of the sandbox's webhooks, and the fixtures that start it."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unit_tests.sandbox.client import Client

HOOK = {"event_action": "*", "event_object": "*", "name": "all", "version": "2.0"}
FAST = {"webhook_time_factor": 1000.0}


class Receiver:
    """Takes deliveries; answers with the statuses it was given, then with 200."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.taken: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.arrived = threading.Condition()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self.arrived:
            self.taken.append(json.loads(body))
            self.headers.append(headers)
            self.arrived.notify_all()
            return self.statuses.pop(0) if self.statuses else 200

    def wait(self, count: int) -> list[dict[str, Any]]:
        """Return the first `count` deliveries as soon as they are there."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.taken) >= count, timeout=5), self.taken
            return self.taken[:count]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(taking.take(dict(self.headers), body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    taking = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield taking
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hooked(own: Client, receiver: Receiver) -> Client:
    own.control("settings", "POST", **FAST)
    own.write("POST", "/v1/webhooks", {**HOOK, "subscription_url": receiver.url})
    return own


def settled(client: Client) -> dict[str, Any]:
    """Return the standing of the one webhook once nothing is pending."""
    deadline = time.monotonic() + 5
    while True:
        (standing,) = client.control("webhooks").values()
        if not standing["pending"]:
            return dict(standing)
        assert time.monotonic() < deadline, standing
