"""Error answers in the words of the real API.

https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes
"""

from __future__ import annotations

from typing import Any, Final

import orjson

DOCUMENTATION: Final = "Please check developers.pipedrive.com"


class ApiError(Exception):
    """An answer other than the requested one."""

    def __init__(
        self,
        status: int,
        body: object,
        headers: dict[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        """Take the status, the body (text as it is, all else as JSON), further headers."""
        super().__init__(status)
        self.status = status
        self.body = body.encode() if isinstance(body, str) else orjson.dumps(body)
        self.headers = headers or {}
        self.media_type = media_type


def envelope(error: str, info: str = DOCUMENTATION) -> dict[str, Any]:
    """Return the usual error envelope."""
    return {
        "success": False,
        "error": error,
        "error_info": info,
        "data": None,
        "additional_data": None,
    }


def bad_request(error: str) -> ApiError:
    """Return the error for a query or a body that is not valid."""
    return ApiError(400, envelope(error))


def forbidden(error: str = "You do not have permissions to do this.") -> ApiError:
    """Return the error for a missing permission."""
    return ApiError(403, envelope(error))


def not_found(error: str = "Entity was not found") -> ApiError:
    """Return the error for a path or an id that does not exist."""
    return ApiError(404, envelope(error, "Object was not found."))
