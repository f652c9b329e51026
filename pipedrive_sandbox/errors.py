"""Refusals in the words of the real API. Facts §1.4."""

from __future__ import annotations

from typing import Any, Final

import orjson

DOCUMENTATION: Final = "Please check developers.pipedrive.com"
CLOUDFLARE_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body><h1>Sorry, you have been blocked</h1></body></html>"
)


class ApiError(Exception):
    """An answer other than the one that was asked for."""

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
    """Return the refusal of a query or a body that does not validate."""
    return ApiError(400, envelope(error))


def forbidden(error: str = "You do not have permissions to do this.") -> ApiError:
    """Return the refusal for want of a permission."""
    return ApiError(403, envelope(error))


def not_found(error: str = "Entity was not found") -> ApiError:
    """Return the refusal for a path or an id that does not exist."""
    return ApiError(404, envelope(error, "Object was not found."))


def unauthorized() -> ApiError:
    """Return the refusal of an unknown token, as recorded on 2026-09-26."""
    body = {
        "success": False,
        "error": "unauthorized access",
        "errorCode": 401,
        "error_info": DOCUMENTATION,
    }
    return ApiError(401, body, {"x-401-by-gw": "true"})


def suspended() -> ApiError:
    """Return the refusal of a company whose account is not open."""
    return ApiError(402, envelope("Payment required: company account is not open"))


def over_limit() -> ApiError:
    """Return the refusal for too many calls or tokens."""
    return ApiError(429, {"success": False, "error": "request over limit", "errorCode": 429})


def blocked() -> ApiError:
    """Return Cloudflare's page, which follows on ignoring 429 for long."""
    return ApiError(403, CLOUDFLARE_PAGE, media_type="text/html; charset=UTF-8")
