"""Who sends a request: the token, the profile of its owner, and the scopes of its app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.gateway.errors import suspended, unauthorized
from pipedrive_sandbox.gateway.scopes import scopes_of
from pipedrive_sandbox.settings import PROFILES, Profile

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipedrive_sandbox.gateway.oauth import OAuth
    from pipedrive_sandbox.settings import Settings

_UNAUTHORIZED: Final = 401


@dataclass(frozen=True)
class Caller:
    """Who sends a request. `scopes` is `None` with an API token, which opens everything."""

    token: str
    profile: Profile
    scopes: frozenset[str] | None = None

    def may_call(self, path: str) -> bool:
        """Tell whether the app has a scope for the operation of a path."""
        return self.scopes is None or not scopes_of(path) or bool(self.scopes & scopes_of(path))


def caller_of(request: Request, settings: Settings, oauth: OAuth) -> Caller:
    """Return who sends a request; raise `ApiError` where no request is answered."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        grant = oauth.grant_of(bearer)
        profile = _profile(grant.profile if grant else "")
        return Caller(bearer, profile, grant.scopes if grant else frozenset())
    token = request.headers.get("x-api-token") or request.query_params.get("api_token", "")
    return Caller(token, _profile(settings.tokens.get(token, "")))


def _profile(name: str) -> Profile:
    profile = PROFILES.get(name)
    if profile is None or profile.refused == _UNAUTHORIZED:
        raise unauthorized()
    if profile.refused:
        raise suspended()
    return profile
