"""The form that the user fills in."""

from collections.abc import Mapping
from typing import Any

import pytest

from source_pipedrive.config import specification
from unit_tests.conftest import Connector

SPEC: Mapping[str, Any] = specification()
SETTINGS: dict[str, Any] = SPEC["properties"]

each_setting = pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)


def test_spec_prints_the_form_of_the_manifest(connector: Connector) -> None:
    output = connector("spec")

    (spec,) = output.of_type("SPEC")
    assert spec["connectionSpecification"] == SPEC
    assert output.exit_code == 0


def test_only_the_key_is_required() -> None:
    assert SPEC["required"] == ["api_key"]


def test_what_opens_a_door_is_secret() -> None:
    secrets = {name for name, setting in SETTINGS.items() if setting.get("airbyte_secret")}

    assert secrets == {"api_key", "webhook_inbox", "webhook_password"}


@each_setting
def test_every_setting_is_titled_and_described(setting: dict[str, Any]) -> None:
    assert setting["title"] == setting["title"].strip()
    assert setting["title"][0].isupper()
    assert setting["description"].endswith(".")


@each_setting
def test_every_pattern_is_put_in_words(setting: dict[str, Any]) -> None:
    assert ("pattern" in setting) == ("pattern_descriptor" in setting)


def test_settings_stand_in_the_order_of_the_form() -> None:
    orders = [setting["order"] for setting in SETTINGS.values()]

    assert orders == list(range(len(orders)))
