"""Airbyte's own standard tests, as `acceptance-test-config.yml` wants them, against the sandbox."""

from typing import ClassVar

import pytest
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests.source_base import SourceTestSuiteBase

from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive import SourcePipedrive


class TestAirbyteStandards(SourceTestSuiteBase):
    url: ClassVar[str]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def account(cls, sandbox: RunningSandbox) -> None:
        cls.url = sandbox.url

    @classmethod
    def create_connector(cls, scenario: ConnectorTestScenario | None) -> SourcePipedrive:
        """Build the source with its config, which the CDK's suite leaves to the command line."""
        root = cls.get_connector_root_dir()
        config = (
            scenario.get_config_dict(connector_root=root, empty_if_missing=True) if scenario else {}
        )
        return SourcePipedrive(config=config | {"api_url": cls.url})
