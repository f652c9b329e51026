"""Error answers of the gateway: they come before the endpoint sees the request."""

from __future__ import annotations

from typing import Final

from pipedrive_sandbox.endpoints.errors import DOCUMENTATION, ApiError, envelope

CLOUDFLARE_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body><h1>Sorry, you have been blocked</h1></body></html>"
)


def unauthorized() -> ApiError:
    """Return the error for an unknown token, as recorded on 2026-09-26."""
    body = {
        "success": False,
        "error": "unauthorized access",
        "errorCode": 401,
        "error_info": DOCUMENTATION,
    }
    return ApiError(401, body, {"x-401-by-gw": "true"})


def suspended() -> ApiError:
    """Return the error for a company whose account is not open."""
    return ApiError(402, envelope("Payment required: company account is not open"))


def wrong_scope() -> ApiError:
    """Return the error for an app that lacks the scope for a path."""
    return ApiError(403, envelope("Scope and URL mismatch"))


def over_limit() -> ApiError:
    """Return the error for too many requests or tokens."""
    return ApiError(429, {"success": False, "error": "request over limit", "errorCode": 429})


def blocked() -> ApiError:
    """Return Cloudflare's page, which answers a client that ignores 429 for too long."""
    return ApiError(403, CLOUDFLARE_PAGE, media_type="text/html; charset=UTF-8")
