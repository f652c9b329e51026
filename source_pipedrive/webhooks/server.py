"""Runs the receiver as an HTTP server until a signal ends it."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from socket import socket

import uvicorn
from starlette.types import ASGIApp

from source_pipedrive.inbox.store import Inbox, InboxError

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_HOUR = 60 * 60
_SECONDS_TO_FINISH = 15


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


def run_server(app: ASGIApp, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. Requests that have begun are still answered.

    `announce` is called with the address once requests are accepted. Port 0 means any free port.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    _Server(config, announce).run()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            port = server.sockets[0].getsockname()[1]
            self._announce(f"http://{self.config.host}:{port}")
