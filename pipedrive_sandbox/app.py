"""The ASGI application: the routes of the API and the control routes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.routing import Route

from pipedrive_sandbox.control.routes import control_routes
from pipedrive_sandbox.endpoints.operations import by_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pipedrive_sandbox.sandbox import Sandbox

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_app(sandbox: Sandbox) -> Starlette:
    """Return the application of a sandbox."""
    gateway = sandbox.gateway
    routes = control_routes(sandbox)
    for path, operations in by_path().items():
        endpoint = gateway.endpoint(operations)
        routes.append(Route(path, endpoint, methods=_METHODS))
        if path.startswith("/v1/"):
            routes.append(Route(f"/api{path}", endpoint, methods=_METHODS))
    routes.append(Route("/oauth/token", gateway.token_endpoint, methods=["POST"]))
    routes.append(Route("/{rest:path}", gateway.endpoint({}), methods=_METHODS))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await sandbox.deliveries.close()

    return Starlette(routes=routes, lifespan=lifespan)
