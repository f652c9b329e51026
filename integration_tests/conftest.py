"""Real sandbox processes for tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from pipedrive_sandbox.client import RunningSandbox, running_sandbox


class StartSandbox(Protocol):
    """Starts a sandbox of its own for one test; takes the options of its command line."""

    def __call__(self, **options: int | str) -> RunningSandbox: ...


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """One small account for all tests that change nothing; the burst limit it announces is wide."""
    with running_sandbox(deals=60, burst=10_000) as running:
        yield running


@pytest.fixture
def start_sandbox() -> Iterator[StartSandbox]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running_sandbox(**options))
