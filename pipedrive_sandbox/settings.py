"""The settings of a sandbox, and the profiles of its tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

DEFAULT_TOKEN: Final = "sandbox-token-5f0c7be2a91d4e83b6d0c2f7"  # noqa: S105 - a made-up one
SEATS: Final = 10

#: Burst per 2 s and daily multiplier of each plan.
#: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
PLANS: Final = {"lite": (20, 1), "growth": (40, 2), "premium": (100, 5), "ultimate": (120, 7)}


@dataclass(frozen=True)
class Profile:
    """What the owner of a token may do.

    `lacks` names features and permissions. `refused` is the status of every answer, if any.
    """

    name: str
    user_id: int
    lacks: frozenset[str] = frozenset()
    refused: int | None = None


#: The features are `admin` (a permission), `projects` (an add-on) and `growth` (a plan).
PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("admin", 1),
        Profile("regular", 2, lacks=frozenset({"admin"})),
        Profile("no-projects", 1, lacks=frozenset({"projects"})),
        Profile("lite", 1, lacks=frozenset({"growth"})),
        Profile("api-disabled", 3, refused=401),
        Profile("suspended", 1, refused=402),
    )
}


@dataclass
class Settings:
    """What `POST /__sandbox/settings` can change, and the tokens.

    Times are in seconds. `latency` is added to each answer. `burst`, `daily_budget` and
    `block_after` (429 answers a minute until Cloudflare blocks the client) are unlimited if 0.
    `oauth_expires_in` is the life of an access token. With `oauth_rotation`, each answer has a new
    refresh token and voids the one before, without `oauth_repeats_refresh_token` it has none.
    `webhook_time_factor` divides all waits of webhooks. `webhook_duplicates` is the share of events
    that are sent twice. `webhook_disorder` is the longest random delay of an event.
    """

    plan: str = "premium"
    burst: int = 20
    daily_budget: int = 30_000 * PLANS["premium"][1] * SEATS
    daily_headers: bool = True
    block_after: int = 100
    latency: float = 0.0
    gzip: bool = True
    empty_v1_lists_are_null: bool = True
    flat_v1_pagination: bool = False
    company_host: bool = False
    update_time_delay: float = 2.0
    oauth_expires_in: int = 3_600
    oauth_rotation: bool = False
    oauth_repeats_refresh_token: bool = True
    webhook_time_factor: float = 1.0
    webhook_duplicates: float = 0.0
    webhook_disorder: float = 0.0
    tokens: dict[str, str] = field(default_factory=dict)

    def with_token(self, token: str) -> Settings:
        """Register `token` for the administrator, and `token-PROFILE` for every other profile."""
        self.tokens[token] = "admin"
        for name in PROFILES:
            self.tokens.setdefault(f"{token}-{name}", name)
        return self
