"""Who sends a request: the token, and the profile of its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.gateway.errors import suspended, unauthorized
from pipedrive_sandbox.settings import PROFILES, Profile

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipedrive_sandbox.settings import Settings

_UNAUTHORIZED: Final = 401


def token_of(request: Request) -> tuple[str, bool]:
    """Return the token of a request, and whether it is an OAuth token."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer, True
    token = request.headers.get("x-api-token") or request.query_params.get("api_token", "")
    return token, False


def profile_of(token: str, settings: Settings) -> Profile:
    """Return the profile of a token's owner; raise `ApiError` where no request is answered."""
    profile = PROFILES.get(settings.tokens.get(token, ""))
    if profile is None or profile.refused == _UNAUTHORIZED:
        raise unauthorized()
    if profile.refused:
        raise suspended()
    return profile
