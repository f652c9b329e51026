"""Limits the size of a response, and the time that it may take."""

import time
from collections.abc import Iterator
from typing import Any

import requests
from urllib3 import HTTPResponse

# the largest pages, of 500 rows with all custom fields, have a few MB
_MOST_BYTES = 64 * 1024 * 1024
# long enough for a page of a few MB at 30 kB/s, and short enough for `check` to end
_MOST_SECONDS = 120
_CHUNK_BYTES = 64 * 1024


class ResponseTooLargeError(requests.RequestException):
    """A response with more bytes than the connector can hold."""


class LimitedBody:
    """The body of a response, as `requests` reads it, with limits.

    The timeouts of `requests` count from byte to byte, so a body that drips never ends, and it has
    no limit for the size. Bytes count as they are after decompression: 9 MB can become 10 GB.
    """

    def __init__(self, raw: HTTPResponse) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Yield the decompressed body, in pieces as they arrive."""
        size = 0
        end = time.monotonic() + _MOST_SECONDS
        # not `read`: it returns only when a piece is complete
        while data := self._raw.read1(_CHUNK_BYTES, decode_content=True):
            size += len(data)
            if size > _MOST_BYTES:
                self._raw.close()
                raise ResponseTooLargeError
            if time.monotonic() > end:
                self._raw.close()
                raise requests.ReadTimeout
            yield data
        self._raw.release_conn()


def limit_body(response: requests.Response, **_: Any) -> None:
    """Limit the body of a response that is still to be read: a response hook of `requests`."""
    response.raw = LimitedBody(response.raw)
