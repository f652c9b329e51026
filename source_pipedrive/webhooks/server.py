"""Runs the receiver as an HTTP server until a signal ends it."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from socket import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.connections import (
    LARGEST_HEADERS,
    Connections,
    allow_many_connections,
    protocol_with,
)

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_HOUR = 60 * 60
_SECONDS_TO_FINISH = 5
# Docker and Kubernetes wait ten seconds or more, then kill.
_SECONDS_TO_END = 9


async def prune_hourly(inbox: Inbox, days: float) -> None:
    """Delete events received more than `days` ago, once an hour, until cancelled."""
    while True:
        try:
            pruned = await asyncio.to_thread(partial(inbox.prune, days))
        except InboxError as error:
            _LOGGER.warning(
                "Old events could not be deleted. The next try is in an hour. %s", error
            )
        else:
            if pruned:
                _LOGGER.info("Deleted %d events older than %g days.", pruned, days)
        await asyncio.sleep(_HOUR)


def run_server(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    announce: Callable[[str], None],
    on_closed: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT. Requests that have begun are still answered.

    The process ends within ten seconds, even if a database does not answer, or if a sync runs: the
    next one resumes it. `announce` is called with the address once requests are accepted, and
    `on_closed` as in `Connections`. Port 0 means any free port.
    """
    connections = Connections(allow_many_connections(), on_closed)
    _Server(server_config(app, host, port, connections), announce).run()


def server_config(app: ASGIApp, host: str, port: int, connections: Connections) -> uvicorn.Config:
    """Return the settings of the server, of which none depends on what else is installed."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=protocol_with(connections),
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        ws="none",
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        end = threading.Timer(_SECONDS_TO_END, _end_now)
        end.daemon = True
        end.start()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            port = server.sockets[0].getsockname()[1]
            url = f"http://{self.config.host}:{port}"  # ignore-https-check: a proxy has TLS
            self._announce(url)


def _end_now() -> None:
    """End the process although a thread still waits for a database."""
    _LOGGER.error(
        "A database or a sync did not end in time. The process ends without it. Events that were "
        "not answered are delivered again, and the next sync resumes this one."
    )
    logging.shutdown()
    os._exit(1)
