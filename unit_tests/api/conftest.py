"""Runs the connector with OAuth."""

from collections.abc import Callable

import pytest

from integration_tests.platform import Output, configured
from unit_tests.api.oauth_answers import APP
from unit_tests.conftest import Connector


@pytest.fixture
def check(connector: Connector) -> Callable[..., Output]:
    """`check(access_token=…)` checks the connection with further credentials."""
    return lambda **more: connector("check", config={"credentials": {**APP, **more}})


@pytest.fixture
def read_users(connector: Connector) -> Callable[..., Output]:
    """Read one stream."""
    return lambda **more: connector(
        "read",
        config={"credentials": {**APP, **more}},
        catalog={"streams": [configured("users")]},
    )
