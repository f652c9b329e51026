"""Sandboxes as processes of their own, for tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from integration_tests.process import launcher_closed_at_the_end
from pipedrive_sandbox.client import RunningSandbox, running_sandbox


class StartSandbox(Protocol):
    """Starts a sandbox for one test; takes the options of its command line."""

    def __call__(self, **options: int | str) -> RunningSandbox: ...


@pytest.fixture(scope="session", autouse=True)
def _launcher() -> Iterator[None]:
    with launcher_closed_at_the_end():
        yield


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """A small account with a high burst limit, for all tests that change nothing in it."""
    with running_sandbox(deals=60, burst=10_000) as running:
        yield running


@pytest.fixture
def start_sandbox() -> Iterator[StartSandbox]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running_sandbox(**options))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the standard tests that Airbyte skips: a wrong key is only for `check`."""
    inapplicable = [
        item
        for item in items
        if "config_with_a_wrong_key" in item.name and not item.name.startswith("test_check[")
    ]
    if inapplicable:
        config.hook.pytest_deselected(items=inapplicable)
        items[:] = [item for item in items if item not in inapplicable]
