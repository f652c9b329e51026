"""A server whose responses do not end."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from threading import Event, Thread

_BLANKS = b" " * 1024 * 1024


@contextmanager
def endless_responses(kind: str) -> Iterator[str]:
    """Start a server, and return its URL. Its responses are `plain`, `gzip`, or `slow`."""
    stopped = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("transfer-encoding", "chunked")
            if kind == "gzip":
                self.send_header("content-encoding", "gzip")
            self.end_headers()
            # the client closes the connection
            with suppress(OSError):
                for piece in _pieces(kind, stopped):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            stopped.set()
            server.shutdown()


def _pieces(kind: str, stopped: Event) -> Iterator[bytes]:
    if kind == "slow":
        while not stopped.wait(0.02):
            yield b" "
    elif kind == "plain":
        yield from repeat(_BLANKS)
    else:
        compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        for blanks in repeat(_BLANKS):
            if piece := compressor.compress(blanks):
                yield piece
