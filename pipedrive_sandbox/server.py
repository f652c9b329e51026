"""The configuration of uvicorn."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipedrive_sandbox.app import build_app
from pipedrive_sandbox.gateway.answers import TRANSPORT

if TYPE_CHECKING:
    from typing import Any

    from pipedrive_sandbox.sandbox import Sandbox


class Protocol(HttpToolsProtocol):
    """HTTP that passes the connection to each request, so that a fault can break it."""

    def on_message_begin(self) -> None:
        """Add the connection to the scope of a new request."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRANSPORT] = self.transport


def configuration(sandbox: Sandbox) -> uvicorn.Config:
    """Return the configuration of a server. The gateway sets `date`, by the sandbox's clock."""
    return uvicorn.Config(
        build_app(sandbox),
        http=Protocol,
        lifespan="on",
        access_log=False,
        log_config=None,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
