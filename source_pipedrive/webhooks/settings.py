"""The settings of the `webhooks` commands: those of the connector's config file."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from source_pipedrive.api.access import Access, access_kept_in
from source_pipedrive.config import describe_problems, normalize, specification, warnings_about
from source_pipedrive.webhooks.registration import Registrar


@dataclass(frozen=True)
class Settings:
    """The settings of a config file, and the access to Pipedrive that they describe."""

    config: dict[str, Any]
    file: Path

    @cached_property
    def access(self) -> Access:
        """Shared by all parts of the process: each has the tokens that another one renewed."""
        return access_kept_in(self.file, self.config)

    @property
    def registrar(self) -> Registrar:
        return Registrar(self.access)


def parse_settings(_context: click.Context, _option: click.Parameter, file: Path) -> Settings:
    """Read the file of the option `--config`, and refuse settings that are not valid."""
    try:
        config = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise click.BadParameter(f"{file} is not a JSON object.")
    if found := describe_problems(config, specification()):
        raise click.BadParameter(found)
    for warning in warnings_about(config):
        click.echo(f"Warning: {warning}", err=True)
    return Settings(normalize(config), file)
