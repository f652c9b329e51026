"""Airbyte's standard tests with the scenarios in `acceptance-test-config.yml`, in the sandbox."""

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
        """Return the source with its config; the CDK's tests give it only to the command line."""
        root = cls.get_connector_root_dir()
        config = (
            scenario.get_config_dict(connector_root=root, empty_if_missing=True) if scenario else {}
        )
        return SourcePipedrive(config=config | {"api_url": cls.url})
