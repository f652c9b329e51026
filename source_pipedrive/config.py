"""Validates the settings before any request, and says what to enter instead."""

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from jsonschema import Draft7Validator, ValidationError

from source_pipedrive import timestamps
from source_pipedrive.addresses import is_unencrypted, warning_of, without_credentials

_LOGGER = logging.getLogger("airbyte")

Config = Mapping[str, Any]

_KINDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a JSON object",
    "string": "text",
}


@cache
def specification() -> Mapping[str, Any]:
    """Return the JSON schema of the settings, from `spec.yaml`."""
    content = Path(__file__).with_name("spec.yaml").read_bytes()
    spec: dict[str, Any] = yaml.load(content, yaml.CSafeLoader)
    schema: dict[str, Any] = spec["connectionSpecification"]
    return schema


def require_valid(config: Config, specification: Mapping[str, Any]) -> None:
    """Raise one config error that names every invalid setting."""
    # the webhook receiver starts without the CDK, whose import takes seconds
    from airbyte_cdk.models import FailureType  # noqa: PLC0415
    from airbyte_cdk.utils.traced_exception import AirbyteTracedException  # noqa: PLC0415

    if message := describe_problems(config, specification):
        raise AirbyteTracedException(
            message=message, internal_message=message, failure_type=FailureType.config_error
        )
    if warning := warning_of(config.get("api_url") or ""):
        _LOGGER.warning(warning)


def describe_problems(config: Config, specification: Mapping[str, Any]) -> str:
    """Describe every invalid setting without the values of secrets; empty if all are valid.

    Keys that begin with an underscore belong to the platform and are ignored.
    """
    own = {key: value for key, value in config.items() if not key.startswith("_")}
    found = [*_against_schema(own, specification)]
    return " ".join(
        found or [*_api_key_problems(own), *_start_date_problems(own), *_api_url_problems(own)]
    )


def normalize_start_date(value: str | None) -> str | None:
    """Write `start_date` as `2024-05-01T00:00:00Z`, rounded up to a whole second."""
    if not value:
        return None
    start = timestamps.parse(value)
    return timestamps.format_utc(start + timedelta(seconds=1) if start.microsecond else start)


def _against_schema(config: Config, specification: Mapping[str, Any]) -> Iterator[str]:
    # Airbyte requires `additionalProperties: true`; a misspelled setting must still be an error
    strict = {**specification, "additionalProperties": False}
    for error in Draft7Validator(strict).iter_errors(config):
        yield _describe(error, specification["properties"])


def _describe(error: ValidationError, properties: Mapping[str, Any]) -> str:
    value: Any = error.instance
    if error.validator == "required":
        missing = next(name for name in properties if f"'{name}'" in error.message)
        return f"`{missing}` is missing. {properties[missing]['description']}"
    if error.validator == "additionalProperties":
        unknown = ", ".join(f"`{name}`" for name in sorted(value.keys() - properties.keys()))
        known = ", ".join(f"`{name}`" for name in properties)
        return (
            f"Unknown setting {unknown}. The settings are {known}. Correct the name, or remove it."
        )
    name = str(error.path[0]) if error.path else "configuration"
    setting = properties.get(name, {})
    shown = "" if setting.get("airbyte_secret") else f" {without_credentials(repr(value))}"
    example = f", for example {setting['examples'][0]}" if setting.get("examples") else ""
    return f"`{name}`{shown} is not valid. Enter {_expected(setting)}{example}."


def _expected(setting: Mapping[str, Any]) -> str:
    if "enum" in setting:
        return " or ".join(f"`{value}`" for value in setting["enum"])
    if "maximum" in setting:
        return f"{_KINDS[setting['type']]} from {setting['minimum']} to {setting['maximum']}"
    return setting.get("pattern_descriptor") or _KINDS[setting.get("type", "object")]


def _api_key_problems(config: Config) -> Iterator[str]:
    # a JSON schema pattern accepts a line feed at the end, an HTTP header does not
    if not re.fullmatch("[!-~]+", config["api_key"]):
        yield (
            "`api_key` contains a character that no key has, such as a line feed at its end. Copy "
            "the key again from Personal preferences > API."
        )


def _start_date_problems(config: Config) -> Iterator[str]:
    value = config.get("start_date")
    if not value:
        return
    try:
        start = timestamps.parse(value)
    except ValueError:
        yield f"`start_date` {value!r} is not in the calendar. Enter a date such as 2024-05-01."
        return
    if start > datetime.now(UTC):
        yield (
            f"`start_date` {value!r} is in the future. Nothing would be copied. Enter a date in "
            "the past, or leave it empty to copy everything."
        )


def _api_url_problems(config: Config) -> Iterator[str]:
    value = config.get("api_url")
    if not value:
        return
    try:
        url = urlsplit(value)
        host, _ = url.hostname or "", url.port
        # the HTTP client has rules of its own about hosts
        requests.Request("GET", value).prepare()
    except ValueError as error:  # which the client's errors about addresses are too
        yield (
            f"`api_url` {value!r} is not a valid address ({error}). Enter scheme and host only, "
            "for example https://api.pipedrive.com."
        )
        return
    if is_unencrypted(value):
        yield f"`api_url` would send the API key unencrypted. Enter https://{host}."
