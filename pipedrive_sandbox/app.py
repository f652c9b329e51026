"""The ASGI application: routes of the API and of the control."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.routing import Route

from pipedrive_sandbox.control import control_routes
from pipedrive_sandbox.gateway import Gateway
from pipedrive_sandbox.operations import by_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pipedrive_sandbox.sandbox import Sandbox

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_app(sandbox: Sandbox, cache_bytes: int = 0) -> Starlette:
    """Assemble the application; `cache_bytes` bounds the store of rendered pages."""
    gateway = Gateway(sandbox, cache_bytes)
    routes = control_routes(sandbox)
    for path, operations in by_path().items():
        endpoint = gateway.serve(operations)
        routes.append(Route(path, endpoint, methods=_METHODS))
        if path.startswith("/v1/"):
            routes.append(Route(f"/api{path}", endpoint, methods=_METHODS))
    routes.append(Route("/{rest:path}", gateway.serve({}), methods=_METHODS))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await sandbox.deliveries.close()

    return Starlette(routes=routes, lifespan=lifespan)
