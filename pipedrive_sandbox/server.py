"""uvicorn as the sandbox runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipedrive_sandbox.app import build_app
from pipedrive_sandbox.faults import TRANSPORT

if TYPE_CHECKING:
    from typing import Any

    from pipedrive_sandbox.sandbox import Sandbox


class Protocol(HttpToolsProtocol):
    """HTTP whose requests know their connection, so that a fault can break it."""

    def on_message_begin(self) -> None:
        """Put the connection into the scope of the request that begins."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRANSPORT] = self.transport


def configuration(sandbox: Sandbox, cache_bytes: int = 0) -> uvicorn.Config:
    """Return the configuration of a server; the clock in `date` is the sandbox's."""
    return uvicorn.Config(
        build_app(sandbox, cache_bytes),
        http=Protocol,
        lifespan="on",
        access_log=False,
        log_config=None,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
