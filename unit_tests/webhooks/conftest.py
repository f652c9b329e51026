"""A fake Pipedrive for the tests of the registration."""

import pytest
import requests_mock as mocking

from unit_tests.webhooks.fake_pipedrive import Pipedrive


@pytest.fixture
def pipedrive(requests_mock: mocking.Mocker) -> Pipedrive:
    return Pipedrive(requests_mock)
