"""Finds the credentials that Pipedrive must send, or makes them up and keeps them where told."""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_GENERATED_USER = "pipedrive"


@dataclass(frozen=True)
class Credentials:
    """What Pipedrive must send by HTTP Basic authentication: it signs nothing."""

    user: str
    password: str = field(repr=False)

    def match(self, authorization: str) -> bool:
        """Compare with an `Authorization` header, in constant time."""
        scheme, _, given = authorization.partition(" ")
        expected = base64.b64encode(f"{self.user}:{self.password}".encode())
        same = hmac.compare_digest(given.strip().encode(), expected)
        return same and scheme.lower() == "basic"


class CredentialsError(Exception):
    """There are no usable credentials; the text says what to do."""


def find_credentials(
    config: Mapping[str, Any], file: Path | None, *, generate: bool
) -> Credentials:
    """Take `webhook_user` and `webhook_password` from the config, else from a file of its own.

    If `generate` is set and the file does not exist yet, it is made, readable by its owner only.
    """
    if config.get("webhook_user") or config.get("webhook_password"):
        return _of(config, "the config")
    if file is None:
        raise CredentialsError(
            "There are no credentials. Set `webhook_user` and `webhook_password` in the config, or "
            "name a file with --credentials: generated ones are kept there."
        )
    if file.exists():
        return _of(_parsed(file), str(file))
    if not generate:
        raise CredentialsError(f"{file} does not exist: `register` makes it.")
    made = {
        "webhook_user": _GENERATED_USER,
        "webhook_password": secrets.token_urlsafe(32),
    }
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        json.dump(made, opened, indent=2)
    return _of(made, str(file))


def _parsed(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CredentialsError(f"{file} cannot be read: {error}") from error


def _of(written: Any, where: str) -> Credentials:
    user, password = (
        written.get(name) if isinstance(written, Mapping) else None
        for name in ("webhook_user", "webhook_password")
    )
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        raise CredentialsError(
            f"Both `webhook_user` and `webhook_password` must stand in {where}, as texts."
        )
    if ":" in user:
        raise CredentialsError("`webhook_user` must not contain a colon: HTTP Basic forbids it.")
    return Credentials(user, password)
