"""The receiver as a server on a free port, in the process of the test."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Any

import requests
import uvicorn

from source_pipedrive.webhooks.receiver import Receiver
from unit_tests.inbox.deliveries import CREDENTIALS


@dataclass
class RunningReceiver:
    """A receiver that accepts requests."""

    url: str
    server: uvicorn.Server

    def deliver(
        self, delivery: Mapping[str, Any] | None = None, **options: Any
    ) -> requests.Response:
        """Send a delivery as Pipedrive does."""
        options = {"auth": CREDENTIALS, "json": delivery, **options}
        return requests.post(self.url, **options, timeout=30)

    def metric(self, name: str) -> float:
        """Read one value of `/metrics`, such as `duplicates_total`."""
        lines = requests.get(f"{self.url}metrics", timeout=30).text.splitlines()
        prefix = f"pipedrive_webhooks_{name} "
        return next(float(line.removeprefix(prefix)) for line in lines if line.startswith(prefix))

    def health(self) -> int:
        """Return the status of `/health`."""
        return requests.get(f"{self.url}health", timeout=30).status_code


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_ready = threading.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_ready.set()


@contextmanager
def running_receiver(receiver: Receiver) -> Iterator[RunningReceiver]:
    """Serve during the block, then shut down as on SIGTERM."""
    config = uvicorn.Config(receiver.app, port=0, log_config=None, timeout_graceful_shutdown=15)
    server = _Server(config)
    with config.bind_socket() as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        while not server.is_ready.wait(0.1):
            assert thread.is_alive(), "the receiver did not start"
        try:
            yield RunningReceiver(f"http://127.0.0.1:{port}/", server)
        finally:
            server.should_exit = True
            thread.join()
