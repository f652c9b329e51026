"""Hands a changed configuration back to whoever stores it."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any, Final

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from airbyte_cdk.sources.declarative.transformations.config_transformations.config_transformation import (  # noqa: E501 - its name
    ConfigTransformation,
)
from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

from source_pipedrive import config_file
from source_pipedrive.old_settings import migrate

SPEC: Final = {
    "type": "Spec",
    # `spec.yaml` describes the settings
    "connection_specification": {},
    "config_normalization_rules": {
        "type": "ConfigNormalizationRules",
        "config_migrations": [
            {
                "type": "ConfigMigration",
                "description": "The settings of Airbyte's connector become those of this one.",
                "transformations": [
                    {"type": "CustomConfigTransformation", "class_name": f"{__name__}.OldSettings"}
                ],
            }
        ],
    },
}
"""The part of the manifest by which the CDK migrates a config."""


@dataclass
class OldSettings(ConfigTransformation):
    """Brings the settings of Airbyte's official connector into their present form.

    The CDK's `ConfigRemapField` cannot tell a contradiction, nor a date that means everything.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    parameters: InitVar[Mapping[str, Any] | None] = None

    def transform(self, config: Any) -> None:
        migrated = migrate(config)
        config.clear()
        config.update(migrated)


class PlatformUpdates:
    """Hands renewed credentials to an Airbyte platform, and writes them into the config file.

    The platform stores the config of the CONTROL message. Where no platform listens, the file keeps
    the refresh token for the next run.
    """

    def __init__(self, config: Mapping[str, Any], config_path: str | None) -> None:
        self._config = config
        self._config_path = config_path

    def __call__(self, credentials: Mapping[str, Any]) -> None:
        for name in ("access_token", "refresh_token"):
            add_to_secrets(str(credentials[name]))
        emit_configuration_as_airbyte_control_message(
            {**self._config, "credentials": dict(credentials)}
        )
        if self._config_path:
            config_file.update(self._config_path, credentials=dict(credentials))
