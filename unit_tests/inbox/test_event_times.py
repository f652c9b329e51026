"""Times of events: no clock makes a tombstone that later rows cannot replace."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.event import Event
from source_pipedrive.inbox.events_stream import event_rows
from source_pipedrive.inbox.store import Inbox
from unit_tests.inbox.deliveries import an_event

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC).timestamp()
HOUR = 60 * 60
DAY = 24 * HOUR


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The receiver's clock, in seconds since 1970."""
    now = [NOW]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def deletion(at: str, **previous: Any) -> Event:
    return an_event("delete", at=at, previous={"id": 8, "title": "Pump", **previous})


def tombstones(url: str) -> list[Mapping[str, Any]]:
    return [row for _, row in Deletions(url, "deal").rows_after(0)]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("at", ["2099-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "9999999999"])
def test_a_time_in_the_future_counts_as_an_hour_from_now(at: str) -> None:
    assert an_event(at=at).happened_at == (NOW + HOUR) * 1000


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("lag", [-HOUR + 1, -1, 0, 1, DAY])
def test_other_times_stay_as_they_are_even_if_this_clock_is_slow(lag: float) -> None:
    assert an_event(at=utc(NOW - lag)).happened_at == (NOW - lag) * 1000


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("at", "previous"),
    [
        ("2099-01-01T00:00:00Z", {}),
        ("2026-05-01T09:00:00Z", {"update_time": "2099-01-01T00:00:00Z"}),
        ("2099-01-01T00:00:00Z", {"update_time": "9999-12-31T23:59:59Z"}),
    ],
    ids=["event", "row", "both"],
)
def test_a_row_of_an_hour_later_replaces_any_tombstone(
    inbox: Inbox, inbox_url: str, at: str, previous: dict[str, Any]
) -> None:
    inbox.append([deletion(at, **previous)])

    (tombstone,) = tombstones(inbox_url)
    assert tombstone["update_time"] <= utc(NOW + HOUR)


@pytest.mark.usefixtures("clock")
def test_a_deletion_happened_before_it_was_received(inbox: Inbox, inbox_url: str) -> None:
    inbox.append([deletion("2099-01-01T00:00:00Z", update_time="2026-05-01T09:00:00Z")])

    (tombstone,) = tombstones(inbox_url)
    assert tombstone["update_time"] == utc(NOW)


def test_a_deletion_that_is_delivered_again_after_its_pruning_is_as_old_as_before(
    inbox: Inbox, inbox_url: str, clock: list[float]
) -> None:
    delivered = deletion(utc(NOW - 1), update_time=utc(NOW - DAY))
    inbox.append([delivered])
    (first,) = tombstones(inbox_url)
    clock[0] += 31 * DAY
    inbox.append([an_event(entity_id=9)])
    inbox.prune(days=30)

    inbox.append([delivered])

    # a row that came back in between is newer
    (again,) = tombstones(inbox_url)
    assert again == first
    assert again["update_time"] == utc(NOW - 1)


def test_times_that_an_earlier_release_stored_are_corrected(
    inbox: Inbox, inbox_url: str, clock: list[float]
) -> None:
    clock[0] = datetime(2099, 1, 1, tzinfo=UTC).timestamp()
    event = deletion("2099-01-01T00:00:00Z")
    clock[0] = NOW
    inbox.append([event])

    (row,) = event_rows(inbox_url, after=0, start=None)
    (tombstone,) = tombstones(inbox_url)

    assert row["changed_at"] == "2026-05-01T11:00:00.000Z"
    assert tombstone["update_time"] == utc(NOW)
