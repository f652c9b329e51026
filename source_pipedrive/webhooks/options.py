"""Checks of the options of `source-pipedrive webhooks`. Their errors show no password."""

import os
from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from source_pipedrive.webhooks.targets.airbyte_jobs import AirbyteJobs

DEFAULT_INBOX = "sqlite:///inbox.db"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FROM_FILE = "@"


def public_url(
    _context: click.Context, _option: click.Parameter, written: str | None
) -> str | None:
    """Refuse a URL that is not encrypted, or that has a password in it."""
    if not written:
        return written
    url = _split(written)
    if url.username is not None or url.password is not None:
        raise click.BadParameter(
            "The URL contains a user name, which would be printed and stored. Remove it: Pipedrive "
            "sends the user and the password of --credentials."
        )
    if not (url.scheme == "https" or url.hostname in _LOOPBACK):
        raise click.BadParameter(
            "The URL is not encrypted, so anybody on the way could read the password. "
            "Write https://…"
        )
    return written


def database_url(
    context: click.Context, option: click.Parameter, written: str | None
) -> str | None:
    """Read the URL of a database from a file if it is written as `@file`.

    Warns of a password in the command line, which every user of the machine can read.
    """
    if not written:
        return written
    if written.startswith(_FROM_FILE):
        return _content(Path(written.removeprefix(_FROM_FILE)))
    source = context.get_parameter_source(str(option.name))
    if source is click.core.ParameterSource.COMMANDLINE and _split(written).password:
        click.echo(
            f"Warning: everybody on this machine can read the password in {option.opts[0]}, in the "
            f"list of processes. Write {option.opts[0]} @file, or set {option.envvar}.",
            err=True,
        )
    return written


class Number(click.FloatRange):
    """A number from `smallest` to `largest`, without `nan`, which no comparison refuses."""

    def __init__(self, smallest: float, largest: float) -> None:
        super().__init__(smallest, largest)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


def airbyte_jobs(options: Mapping[str, Any]) -> AirbyteJobs:
    """Return the target of --then airbyte, with the credentials in the environment."""
    if not (options["airbyte_url"] and options["connection_id"]):
        raise click.UsageError("--then airbyte needs --url and --connection-id.")
    token, client_id, client_secret = (
        os.environ.get(f"AIRBYTE_{name}", "") for name in ("TOKEN", "CLIENT_ID", "CLIENT_SECRET")
    )
    if not token and not (client_id and client_secret):
        raise click.UsageError(
            "--then airbyte needs credentials. Set AIRBYTE_TOKEN, or AIRBYTE_CLIENT_ID and "
            "AIRBYTE_CLIENT_SECRET, in the environment."
        )
    return AirbyteJobs(
        options["airbyte_url"],
        options["connection_id"],
        options["pause_minutes"] * 60,
        token=token,
        application=None if token else (client_id, client_secret),
    )


def printable_url(written: str) -> str:
    """Return a URL without the user name and the password in it."""
    url = _split(written)
    return url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()


def _split(written: str) -> SplitResult:
    try:
        url = urlsplit(written)
        _ = url.port
    except ValueError as error:
        raise click.BadParameter("It is not a valid URL.") from error
    return url


def _content(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise click.BadParameter(f"The file {file} cannot be read: {reason}.") from error
