"""A fake Pipedrive for the tests of the registration, and a scheduler in virtual time."""

from collections.abc import Iterator

import pytest
import requests_mock as mocking

from source_pipedrive.inbox.store import Inbox
from unit_tests.webhooks.fake_pipedrive import Pipedrive
from unit_tests.webhooks.scheduling import Harness


@pytest.fixture
def pipedrive(requests_mock: mocking.Mocker) -> Pipedrive:
    return Pipedrive(requests_mock)


@pytest.fixture
def harness(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Harness]:
    with Inbox(f"sqlite:///{tmp_path_factory.mktemp('inbox')}/inbox.db") as inbox:
        inbox.prepare()
        yield Harness(inbox, monkeypatch)
