"""The settings as users see them."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from airbyte_cdk.models import ConnectorSpecificationSerializer
from airbyte_cdk.sources.declarative.models.declarative_component_schema import AuthFlow
from airbyte_protocol_dataclasses.models import AdvancedAuth, OauthConnectorInputSpecification
from jsonschema import Draft7Validator

from source_pipedrive.api.oauth import TOKEN_URL
from source_pipedrive.config import packaged_spec, specification
from unit_tests.conftest import Connector

SPEC: Mapping[str, Any] = specification()
SETTINGS: dict[str, Any] = SPEC["properties"]

OPTIONS: dict[str, dict[str, Any]] = {
    option["properties"]["auth_type"]["const"]: option
    for option in SETTINGS["credentials"]["oneOf"]
}
FORMS = {"": SETTINGS} | {name: option["properties"] for name, option in OPTIONS.items()}
EVERY_SETTING = {
    f"{form} {name}".strip(): setting
    for form, settings in FORMS.items()
    for name, setting in settings.items()
    if name != "auth_type"
}
SERVER_OUTPUT = "complete_oauth_server_output_specification"

each_setting = pytest.mark.parametrize("setting", EVERY_SETTING.values(), ids=EVERY_SETTING)


def secrets(settings: Mapping[str, Any]) -> set[str]:
    return {name for name, setting in settings.items() if setting.get("airbyte_secret")}


def test_spec_prints_spec_yaml(connector: Connector) -> None:
    output = connector("spec")

    (spec,) = output.of_type("SPEC")
    assert spec == packaged_spec()
    assert spec["connectionSpecification"] == SPEC
    assert output.exit_code == 0


def test_no_setting_is_required_because_there_are_two_ways_to_give_credentials() -> None:
    assert SPEC["required"] == []
    assert list(SETTINGS)[:2] == ["api_key", "credentials"]


def test_credentials_are_secret() -> None:
    assert secrets(SETTINGS) == {"api_key", "webhook_inbox", "webhook_password"}
    assert secrets(OPTIONS["api_token"]["properties"]) == {"api_token"}
    assert secrets(OPTIONS["oauth2.0"]["properties"]) == {
        *("client_id", "client_secret", "refresh_token", "access_token")
    }


def test_credentials_have_the_form_of_airbytes_official_connector() -> None:
    assert OPTIONS["api_token"]["required"] == ["auth_type", "api_token"]
    assert set(OPTIONS["oauth2.0"]["required"]) == {
        *("auth_type", "client_id", "client_secret", "refresh_token", "api_domain")
    }
    optional = OPTIONS["oauth2.0"]["properties"].keys() - set(OPTIONS["oauth2.0"]["required"])
    assert optional == {"access_token", "token_expiry_date"}


def test_the_spec_passes_the_models_of_airbyte() -> None:
    spec = packaged_spec()
    dumped = ConnectorSpecificationSerializer.dump(ConnectorSpecificationSerializer.load(spec))

    assert {name: dumped[name] for name in spec} == spec
    assert AuthFlow.parse_obj(spec["advanced_auth"]).predicate_value == "oauth2.0"
    Draft7Validator.check_schema(SPEC)


def test_the_oauth_dialog_of_the_platform_fills_in_what_the_form_asks_for() -> None:
    auth = AdvancedAuth(**packaged_spec()["advanced_auth"])
    flow = auth.oauth_config_specification
    dialog = OauthConnectorInputSpecification(**flow["oauth_connector_input_specification"])
    (field, choice) = auth.predicate_key or []

    assert auth.predicate_value in OPTIONS
    assert choice == "auth_type"
    assert dialog.access_token_url == TOKEN_URL
    assert urlsplit(dialog.consent_url)[:3] == ("https", "oauth.pipedrive.com", "/oauth/authorize")
    filled = {
        tuple(setting["path_in_connector_config"])
        for part in ("complete_oauth_output_specification", SERVER_OUTPUT)
        for setting in flow[part]["properties"].values()
    }
    required = set(OPTIONS["oauth2.0"]["required"]) - {choice}
    assert {(field, name) for name in required} <= filled
    assert {path[1] for path in filled} <= OPTIONS["oauth2.0"]["properties"].keys()
    from_answer = flow["complete_oauth_output_specification"]["properties"].values()
    assert set(dialog.extract_output or []) == {
        setting["path_in_oauth_response"][0] for setting in from_answer
    }


@each_setting
def test_every_setting_has_a_title_and_a_description(setting: dict[str, Any]) -> None:
    assert setting["title"] == setting["title"].strip()
    assert all(word[0].isupper() for word in re.findall(r"[A-Za-z]{3,}", setting["title"]))
    assert setting["description"].endswith(".")


@each_setting
def test_every_pattern_is_described(setting: dict[str, Any]) -> None:
    assert ("pattern" in setting) == ("pattern_descriptor" in setting)


@pytest.mark.parametrize("settings", FORMS.values(), ids=FORMS)
def test_settings_are_listed_in_display_order(settings: dict[str, Any]) -> None:
    orders = [setting["order"] for setting in settings.values()]

    assert orders == list(range(len(orders)))
