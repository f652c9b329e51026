"""An answer that is about to be sent, and the ways to send it: at once, slowly, in part."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

#: The key of the connection in an ASGI scope; `server.Protocol` sets it.
TRANSPORT: Final = "sandbox.transport"
_PARTS: Final = 20


@dataclass
class Answer:
    """What is about to be sent, and how: over `drip` seconds, cut in the middle, or not at all."""

    status: int
    body: bytes
    headers: dict[str, str]
    media_type: str
    drip: float = 0.0
    cut: bool = False
    reset: bool = False

    def response(self, request: Request) -> Response:
        """Return the response that sends it."""
        if self.reset or self.cut:
            return _BrokenResponse(self, request.scope)
        if self.drip:
            headers = {**self.headers, "content-length": str(len(self.body))}
            parts = _slow_parts(self.body, self.drip)
            return StreamingResponse(parts, self.status, headers, self.media_type)
        return Response(self.body, self.status, self.headers, self.media_type)


async def _slow_parts(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    size = max(1, -(-len(body) // _PARTS))
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _PARTS)
        yield body[start : start + size]


class _BrokenResponse(Response):
    """A response whose connection ends before the body does."""

    def __init__(self, answer: Answer, scope: Scope) -> None:
        super().__init__(answer.body, answer.status, answer.headers, answer.media_type)
        self._reset = answer.reset
        self._transport: asyncio.Transport = scope[TRANSPORT]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        if self._reset:
            # with SO_LINGER at zero, closing is a TCP reset
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            half = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            self._transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
