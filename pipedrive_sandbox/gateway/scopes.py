"""The scopes of OAuth: which of them an app must have for an operation; one is enough."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

#: By the path of the operation, the first that fits. `deals` is `deals:read` and `deals:full`.
_SCOPES: Final = (
    (r"/v1/(users/me|userSettings|currencies)", "base"),
    (r"/v1/(deals|persons|organizations)/\{id\}/changelog", "recents:read"),
    (r"/v1/.*(mailbox|mailMessages).*", "mail"),
    (r"/v1/(roles|permissionSets|webhooks).*|/api/v2/activityFields.*", "admin"),
    (r"/v1/callLogs", "phone-integration"),
    (r"/v1/(users|legacyTeams).*", "users:read"),
    (r"/api/v2/deals/products", "products deals"),
    (r"/v1/(files|filters).*", "deals activities contacts"),
    (r"/v1/note.*", "deals contacts"),
    (r"/.*/dealFields.*", "deals deal-fields:full admin"),
    (r"/.*/(person|organization)Fields.*", "contacts contact-fields:full admin"),
    (r"/.*/productFields.*", "products product-fields:full"),
    (r"/.*/projectFields.*", "projects project-fields:full"),
    (r"/v1/leadFields", "leads admin"),
    (r"/v1/activityTypes", "activities admin"),
    (r"/api/v2/(pipelines|stages).*", "deals admin"),
    (r"/.*/(project|board|phase|task).*", "projects"),
    (r"/.*/(persons|organization).*", "contacts"),
    (r"/.*/deals.*", "deals"),
    (r"/.*/activit.*", "activities"),
    (r"/.*/goals.*", "goals"),
    (r"/.*/lead.*", "leads"),
    (r"/.*/products.*", "products"),
)
_WHOLE: Final = {"base", "admin", "phone-integration"}
_READ: Final = (
    *("deals", "activities", "contacts", "products", "projects", "leads", "goals", "mail"),
    *("recents", "users"),
)
ALL_SCOPES: Final = frozenset(_WHOLE | {f"{name}:read" for name in _READ})


@cache
def scopes_of(path: str) -> frozenset[str]:
    """Return the scopes that open an operation; none if the sandbox does not serve the path."""
    names = next((names for pattern, names in _SCOPES if re.fullmatch(pattern, path)), "")
    return frozenset(scope for name in names.split() for scope in _expanded(name))


def _expanded(name: str) -> tuple[str, ...]:
    return (name,) if name in _WHOLE or ":" in name else (f"{name}:read", f"{name}:full")
