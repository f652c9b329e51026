"""A Pipedrive that has webhooks, for the tests of their registration."""

import pytest
import requests_mock as mocking

from unit_tests.webhooks.hooks import Pipedrive


@pytest.fixture
def pipedrive(requests_mock: mocking.Mocker) -> Pipedrive:
    return Pipedrive(requests_mock)
