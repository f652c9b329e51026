"""Inboxes of both kinds, for the tests of the inbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from source_pipedrive.inbox import database
from source_pipedrive.inbox.store import Inbox
from unit_tests.inbox.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def _short_lock_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let statements of inboxes opened from now on wait for a lock only briefly."""
    monkeypatch.setattr(database, "SECONDS_TO_LOCK", 0.1)


@pytest.fixture(params=["sqlite", "postgresql"])
def inbox_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/inbox.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def inbox(inbox_url: str) -> Iterator[Inbox]:
    with Inbox(inbox_url) as inbox:
        inbox.prepare()
        yield inbox
