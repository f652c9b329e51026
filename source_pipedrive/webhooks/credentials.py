"""Credentials that Pipedrive sends with each delivery: from the config, or generated."""

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
_SHORTEST_PASSWORD = 8
_ROOT = 0


@dataclass(frozen=True)
class Credentials:
    """User and password of HTTP Basic authentication. Pipedrive does not sign deliveries."""

    user: str
    password: str = field(repr=False)

    def match(self, authorization: str) -> bool:
        """Compare with an `Authorization` header in constant time."""
        scheme, _, given = authorization.partition(" ")
        expected = base64.b64encode(f"{self.user}:{self.password}".encode())
        same = hmac.compare_digest(given.strip().encode(), expected)
        return same and scheme.lower() == "basic"


class CredentialsError(Exception):
    """There are no usable credentials. The message says what to do."""


def find_credentials(
    config: Mapping[str, Any], file: Path | None, *, generate: bool
) -> Credentials:
    """Return `webhook_user` and `webhook_password` from the config, or else from a file.

    If `generate` is true and the file does not exist, credentials are generated and stored there.
    Only the owner can read the file.
    """
    if config.get("webhook_user") or config.get("webhook_password"):
        return _validated(config, "the config")
    if file is None:
        raise CredentialsError(
            "There are no credentials for the webhook. Set `webhook_user` and `webhook_password` "
            "in the config, or name a file with --credentials to generate them."
        )
    if _exists(file):
        _refuse_link_to_others(file)
        return _validated(_parsed(file), str(file))
    if not generate:
        raise CredentialsError(
            f"The file {file} does not exist. Run `source-pipedrive webhooks register` with the "
            "same --credentials: it creates the file."
        )
    generated = {
        "webhook_user": _GENERATED_USER,
        "webhook_password": secrets.token_urlsafe(32),
    }
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            # the umask may have taken the owner's rights
            os.fchmod(opened.fileno(), 0o600)
            json.dump(generated, opened, indent=2)
    except OSError as error:
        what = "it links to a file that does not exist" if file.is_symlink() else error.strerror
        raise CredentialsError(
            f"The file {file} cannot be created: {what}. Name a file in a folder that you may "
            "write to."
        ) from error
    return _validated(generated, str(file))


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as error:
        raise CredentialsError(f"The file {file} cannot be read: {error.strerror}.") from error


def _refuse_link_to_others(file: Path) -> None:
    """Whoever owns the file knows the password, and can replace it."""
    owner = file.stat().st_uid
    if file.is_symlink() and owner not in {os.geteuid(), _ROOT}:
        raise CredentialsError(
            f"The file {file} is a link to a file of another user, who could read and change the "
            "credentials. Name a file of your own."
        )


def _parsed(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CredentialsError(f"The file {file} cannot be read as JSON: {error}") from error


def _validated(written: Any, where: str) -> Credentials:
    user, password = (
        written.get(name) if isinstance(written, Mapping) else None
        for name in ("webhook_user", "webhook_password")
    )
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        raise CredentialsError(
            f"Both `webhook_user` and `webhook_password` must be non-empty texts in {where}."
        )
    if len(password) < _SHORTEST_PASSWORD or not (user + password).isprintable():
        raise CredentialsError(
            f"`webhook_password` in {where} must have at least {_SHORTEST_PASSWORD} characters. "
            "Neither it nor `webhook_user` may contain control characters."
        )
    if ":" in user:
        raise CredentialsError(
            "`webhook_user` must not contain a colon: HTTP Basic authentication does not allow it."
        )
    return Credentials(user, password)
