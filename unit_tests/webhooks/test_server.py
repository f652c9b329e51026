import asyncio
import logging
from pathlib import Path

import pytest

from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.server import prune_hourly
from unit_tests.webhooks.virtual_time import run_in_virtual_time

HOUR = 3600


class PrunedInbox(Inbox):
    """An inbox that records how it is pruned, and fails if the test sets it so."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.days: list[float] = []
        self.is_broken = False

    def prune(self, days: float) -> int:
        self.days.append(days)
        if self.is_broken:
            raise InboxError("The inbox does not work: the disk is full")
        return 3


@pytest.fixture
def inbox(tmp_path: Path) -> PrunedInbox:
    return PrunedInbox(f"sqlite:///{tmp_path}/inbox.db")


def prune_for_hours(inbox: PrunedInbox, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        task = asyncio.create_task(prune_hourly(inbox, 30))
        await asyncio.sleep(hours * HOUR - 1)
        task.cancel()

    run_in_virtual_time(monkeypatch, scenario)


def test_old_events_are_deleted_every_hour(
    inbox: PrunedInbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    prune_for_hours(inbox, 3, monkeypatch)

    assert inbox.days == [30, 30, 30]
    assert "Deleted 3 events older than 30 days." in caplog.text


def test_a_failed_deletion_is_retried_after_an_hour(
    inbox: PrunedInbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.is_broken = True

    prune_for_hours(inbox, 2, monkeypatch)

    assert inbox.days == [30, 30]
    assert "Old events could not be deleted" in caplog.text
    assert "the disk is full" in caplog.text
