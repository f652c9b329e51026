"""Validates the settings before any request, and says what to enter instead."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import yaml
from jsonschema import Draft7Validator, ValidationError

from source_pipedrive import timestamps
from source_pipedrive.addresses import is_unencrypted, warning_of, without_credentials
from source_pipedrive.old_settings import OLD_SETTINGS, migrate, old_problems

Config = Mapping[str, Any]

DEFAULT_API = "https://api.pipedrive.com"

# of the letters of two names, from 0 to 1: `apikey` is `api_key`, and `include_archive` is not far
_SIMILARITY = 0.8
_KINDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a JSON object",
    "string": "text",
}


@cache
def packaged_spec() -> Mapping[str, Any]:
    """Return `spec.yaml`: what the verb `spec` prints."""
    content = Path(__file__).with_name("spec.yaml").read_bytes()
    spec: dict[str, Any] = yaml.load(content, yaml.CSafeLoader)
    return spec


def specification() -> Mapping[str, Any]:
    """Return the JSON schema of the settings, from `spec.yaml`."""
    schema: dict[str, Any] = packaged_spec()["connectionSpecification"]
    return schema


def normalize(config: Config) -> dict[str, Any]:
    """Return the settings as the connector uses them.

    Old settings are in their present form, and settings that are null or empty are left out, also
    within `credentials`. What is not valid stays as it is, for `describe_problems`.
    """
    normalized = _without_empty(migrate(config))
    credentials = normalized.get("credentials")
    if isinstance(credentials, Mapping):
        given = normalized["credentials"] = _without_empty(credentials)
        # a form may fill in the type of credentials that are not used
        if not given.keys() - {"auth_type"}:
            del normalized["credentials"]
    return normalized


def _without_empty(settings: Config) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None and value != ""}


def require_valid(config: Config, specification: Mapping[str, Any]) -> None:
    """Raise one config error that names every invalid setting."""
    # the webhook receiver starts without the CDK, whose import takes seconds
    from airbyte_cdk.models import FailureType  # noqa: PLC0415
    from airbyte_cdk.utils.traced_exception import AirbyteTracedException  # noqa: PLC0415

    if message := describe_problems(config, specification):
        raise AirbyteTracedException(
            message=message, internal_message=message, failure_type=FailureType.config_error
        )


def describe_problems(config: Config, specification: Mapping[str, Any]) -> str:
    """Describe every invalid setting without the values of secrets; empty if all are valid.

    Keys that begin with an underscore belong to the platform and are ignored.
    """
    own = _own(config)
    found = [
        *old_problems(own),
        *_misspelled(own, specification),
        *_against_schema(own, specification),
        *_credentials_problems(own, specification),
    ]
    return " ".join(found or [*_start_date_problems(own), *_api_url_problems(own)])


def warnings_about(config: Config) -> Iterator[str]:
    """Yield a sentence for each setting that is accepted, but probably a mistake."""
    if warning := warning_of(_own(config).get("api_url", "")):
        yield warning
    known = specification()["properties"]
    found = sorted(_own(config).keys() - known.keys() - {*OLD_SETTINGS})
    if found:
        yield f"There are no such settings: {_quoted(found)}. Remove them, or correct the names."


def normalize_start_date(value: str | None) -> str | None:
    """Write `start_date` as `2024-05-01T00:00:00Z`, rounded up to a whole second."""
    if not value:
        return None
    start = timestamps.parse(value)
    return timestamps.format_utc(start + timedelta(seconds=1) if start.microsecond else start)


def _own(config: Config) -> dict[str, Any]:
    """Return the settings that are set, without those of the platform."""
    return {key: value for key, value in normalize(config).items() if not key.startswith("_")}


def _misspelled(config: Config, specification: Mapping[str, Any]) -> Iterator[str]:
    """Describe the settings that are not known, but similar to one that is.

    The specification allows additional settings, as Airbyte requires.
    """
    known = {_letters(name): name for name in specification["properties"]}
    for name in sorted(config.keys() - {*known.values(), *OLD_SETTINGS}):
        for close in get_close_matches(_letters(name), known, n=1, cutoff=_SIMILARITY):
            yield f"There is no setting `{name}`. If you mean `{known[close]}`, correct the name."


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _against_schema(config: Config, specification: Mapping[str, Any]) -> Iterator[str]:
    elsewhere = {*OLD_SETTINGS, "credentials"}
    checked = {name: value for name, value in config.items() if name not in elsewhere}
    for error in Draft7Validator(specification).iter_errors(checked):
        yield _describe(error, specification["properties"])


def _describe(error: ValidationError, properties: Mapping[str, Any], parent: str = "") -> str:
    value: Any = error.instance
    if error.validator == "required":
        missing = next(name for name in properties if f"'{name}'" in error.message)
        return f"`{parent}{missing}` is missing. {properties[missing]['description']}"
    name = str(error.path[0]) if error.path else "configuration"
    setting = properties.get(name, {})
    shown = "" if setting.get("airbyte_secret") else f" {without_credentials(repr(value))}"
    example = f", for example {setting['examples'][0]}" if setting.get("examples") else ""
    return f"`{parent}{name}`{shown} is not valid. Enter {_expected(setting)}{example}."


def _expected(setting: Mapping[str, Any]) -> str:
    if "enum" in setting:
        return " or ".join(f"`{value}`" for value in setting["enum"])
    if "maximum" in setting:
        return f"{_KINDS[setting['type']]} from {setting['minimum']} to {setting['maximum']}"
    return setting.get("pattern_descriptor") or _KINDS[setting.get("type", "object")]


def _credentials_problems(config: Config, specification: Mapping[str, Any]) -> Iterator[str]:
    settings = specification["properties"]
    api_key, credentials = config.get("api_key"), config.get("credentials")
    if api_key is None and credentials is None:
        # an old setting that cannot be used is described already
        if not config.keys() & {*OLD_SETTINGS}:
            yield f"`api_key` is missing. {settings['api_key']['description']}"
        return
    if isinstance(api_key, str):
        yield from _unsendable({"api_key": api_key}, settings)
    if credentials is None:
        return
    options = {
        option["properties"]["auth_type"]["const"]: option
        for option in settings["credentials"]["oneOf"]
    }
    kind = credentials.get("auth_type") if isinstance(credentials, Mapping) else None
    if not isinstance(kind, str) or kind not in options:
        names = " or ".join(f"`{name}`" for name in options)
        yield f"`credentials.auth_type` is missing or not valid. Enter {names}."
        return
    known = options[kind]["properties"]
    found = [
        _describe(error, known, "credentials.")
        for error in Draft7Validator(options[kind]).iter_errors(credentials)
    ]
    yield from found or _unsendable(credentials, known, "credentials.")
    if not found and "api_domain" in credentials:
        yield from _address_problems("credentials.api_domain", credentials["api_domain"])
    if api_key is not None and api_key != credentials.get("api_token"):
        yield "`api_key` and `credentials` contradict each other. Remove one of them."


def _unsendable(
    given: Mapping[str, Any], settings: Mapping[str, Any], parent: str = ""
) -> Iterator[str]:
    """Describe the secrets that no HTTP header takes."""
    for name, value in given.items():
        is_secret = settings.get(name, {}).get("airbyte_secret")
        # a JSON schema pattern accepts a line feed at the end, an HTTP header does not
        if is_secret and re.fullmatch(r"\S+\n?", value) and not re.fullmatch("[!-~]+", value):
            yield (
                f"`{parent}{name}` contains a character that no key has, such as a line feed at "
                "its end. Copy it again from Pipedrive."
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
    if value := config.get("api_url"):
        yield from _address_problems("api_url", value)
    domain = config.get("credentials", {}).get("api_domain")
    if value and domain and value.rstrip("/") not in {DEFAULT_API, domain.rstrip("/")}:
        companies = [one for one in (value, domain) if is_pipedrive(one) and one != DEFAULT_API]
        if len(companies) > 1:
            yield (
                f"`api_url` {value!r} and `credentials.api_domain` {domain!r} contradict each "
                "other. Remove `api_url`."
            )


def _address_problems(name: str, value: str) -> Iterator[str]:
    try:
        host, _ = urlsplit(value).hostname or "", urlsplit(value).port
        # the HTTP client has rules of its own about hosts
        requests.Request("GET", value).prepare()
    except ValueError as error:  # which the client's errors about addresses are too
        yield (
            f"`{name}` {value!r} is not a valid address ({error}). Enter scheme and host only, "
            f"for example {DEFAULT_API}."
        )
        return
    if is_unencrypted(value):
        secret = "API key" if name == "api_url" else "access token"
        yield f"`{name}` would send the {secret} unencrypted. Enter https://{host}."


def is_pipedrive(address: str) -> bool:
    """Tell whether an address is one of Pipedrive's, and not that of a proxy or a test."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return host == "pipedrive.com" or host.endswith(".pipedrive.com")
