"""The settings as users see them."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from source_pipedrive.config import specification
from unit_tests.conftest import Connector

SPEC: Mapping[str, Any] = specification()
SETTINGS: dict[str, Any] = SPEC["properties"]

each_setting = pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)


def test_spec_prints_spec_yaml(connector: Connector) -> None:
    output = connector("spec")

    (spec,) = output.of_type("SPEC")
    assert spec["connectionSpecification"] == SPEC
    assert output.exit_code == 0


def test_only_the_api_key_is_required() -> None:
    assert SPEC["required"] == ["api_key"]


def test_credentials_are_secret() -> None:
    secrets = {name for name, setting in SETTINGS.items() if setting.get("airbyte_secret")}

    assert secrets == {"api_key", "webhook_inbox", "webhook_password"}


@each_setting
def test_every_setting_has_a_title_and_a_description(setting: dict[str, Any]) -> None:
    assert setting["title"] == setting["title"].strip()
    assert all(word[0].isupper() for word in re.findall(r"[A-Za-z]{3,}", setting["title"]))
    assert setting["description"].endswith(".")


@each_setting
def test_every_pattern_is_described(setting: dict[str, Any]) -> None:
    assert ("pattern" in setting) == ("pattern_descriptor" in setting)


def test_settings_are_listed_in_display_order() -> None:
    orders = [setting["order"] for setting in SETTINGS.values()]

    assert orders == list(range(len(orders)))
