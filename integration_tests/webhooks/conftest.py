"""An account for each test, and a PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.webhooks.account import Account, running_account
from unit_tests.inbox.postgres import Postgres, running_postgres


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with running_account(tmp_path, deals=40) as account:
        yield account


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server
