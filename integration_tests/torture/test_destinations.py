"""The short form of `python -m integration_tests.torture --scenarios 0 --destinations 1`."""

import sys

import pytest

from integration_tests.torture.destinations import DestinationResult, run_destinations
from integration_tests.warehouses import DATABASES


@pytest.fixture(scope="module")
def results() -> dict[str, DestinationResult]:
    return {result.database: result for result in run_destinations([1], deals=20)}


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13")
# PyAirbyte ends the connector with a signal, and its packages warn
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("database", DATABASES)
def test_random_values_fail_no_sync_and_lose_no_row(
    database: str, results: dict[str, DestinationResult]
) -> None:
    assert results[database].rows > 0
    assert not results[database].failures, str(results[database])
