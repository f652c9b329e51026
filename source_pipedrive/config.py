"""Refuses a bad configuration before any request, and says what to write instead."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft7Validator, ValidationError

from source_pipedrive import timestamps as times

Config = Mapping[str, Any]

_KINDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a JSON object",
    "string": "a text",
}


@cache
def specification() -> Mapping[str, Any]:
    """Return the JSON schema of the settings, as `spec.yaml` has it."""
    written = Path(__file__).with_name("spec.yaml").read_bytes()
    return yaml.load(written, yaml.CSafeLoader)["connectionSpecification"]  # type: ignore[no-any-return]


def refuse_bad(config: Config, specification: Mapping[str, Any]) -> None:
    """Raise one config error that names every wrong setting."""
    # the receiver of webhooks starts without the CDK, whose import takes seconds
    from airbyte_cdk.models import FailureType  # noqa: PLC0415
    from airbyte_cdk.utils.traced_exception import AirbyteTracedException  # noqa: PLC0415

    if message := problems(config, specification):
        raise AirbyteTracedException(
            message=message, internal_message=message, failure_type=FailureType.config_error
        )


def problems(config: Config, specification: Mapping[str, Any]) -> str:
    """Say what is wrong with each setting, without the values of secrets; empty if nothing is.

    Keys that begin with an underscore are the platform's own and pass.
    """
    own = {key: value for key, value in config.items() if not key.startswith("_")}
    found = [*_against_schema(own, specification)]
    return " ".join(
        found or [*_api_key_problems(own), *_start_date_problems(own), *_api_url_problems(own)]
    )


def start(written: str | None) -> str | None:
    """`start_date` as `2024-05-01T00:00:00Z`; a fraction of a second counts as the next second."""
    if not written:
        return None
    start = times.moment(written)
    return times.write(start + timedelta(seconds=1) if start.microsecond else start)


def _against_schema(config: Config, specification: Mapping[str, Any]) -> Iterator[str]:
    # Airbyte wants the published specification open; a misspelt setting must not pass all the same
    strict = {**specification, "additionalProperties": False}
    for error in Draft7Validator(strict).iter_errors(config):
        yield _sentence(error, specification["properties"])


def _sentence(error: ValidationError, properties: Mapping[str, Any]) -> str:
    written: Any = error.instance
    if error.validator == "required":
        missing = next(name for name in properties if f"'{name}'" in error.message)
        return f"`{missing}` is missing: {properties[missing]['description']}"
    if error.validator == "additionalProperties":
        unknown = ", ".join(f"`{name}`" for name in sorted(written.keys() - properties.keys()))
        known = ", ".join(f"`{name}`" for name in properties)
        return f"Unknown setting {unknown}. The settings are {known}."
    name = str(error.path[0]) if error.path else "configuration"
    setting = properties.get(name, {})
    value = "" if setting.get("airbyte_secret") else f" {written!r}"
    example = f", for example {setting['examples'][0]}" if setting.get("examples") else ""
    return f"`{name}`{value} is not valid: write {_expected(setting)}{example}."


def _expected(setting: Mapping[str, Any]) -> str:
    if "enum" in setting:
        return " or ".join(setting["enum"])
    if "maximum" in setting:
        return f"{_KINDS[setting['type']]} from {setting['minimum']} to {setting['maximum']}"
    return setting.get("pattern_descriptor") or _KINDS[setting.get("type", "object")]


def _api_key_problems(config: Config) -> Iterator[str]:
    # a pattern of JSON schema lets a line feed at the end pass, and a header would not
    if not re.fullmatch("[!-~]+", config["api_key"]):
        yield (
            "`api_key` holds a character that no token has, such as a line feed at its end: copy "
            "it again from Personal preferences, API."
        )


def _start_date_problems(config: Config) -> Iterator[str]:
    written = config.get("start_date")
    if not written:
        return
    try:
        start = times.moment(written)
    except ValueError:
        yield f"`start_date` {written!r} is no date of the calendar: write one such as 2024-05-01."
        return
    if start > datetime.now(UTC):
        yield (
            f"`start_date` {written!r} lies in the future, so nothing would be read: write a date "
            "in the past, or leave it empty to read everything."
        )


def _api_url_problems(config: Config) -> Iterator[str]:
    written = config.get("api_url") or ""
    try:
        url = urlsplit(written)
        host, _ = url.hostname or "", url.port
    except ValueError as error:
        yield (
            f"`api_url` {written!r} is no address ({error}): write scheme and host only, for "
            "example https://api.pipedrive.com."
        )
        return
    if url.scheme == "http" and (host == "pipedrive.com" or host.endswith(".pipedrive.com")):
        yield f"`api_url` would send the API key unencrypted: write https://{host}."
