import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from source_pipedrive.inbox import database
from source_pipedrive.inbox.store import Inbox, InboxError
from unit_tests.inbox.deliveries import an_event

DAY = 24 * 60 * 60


def test_events_come_back_in_the_order_of_their_commits(inbox: Inbox) -> None:
    inbox.append([an_event(entity_id=1), an_event(entity_id=2)])
    inbox.append([an_event(entity_id=3, at="2020-01-01T00:00:00.000Z")])

    events = list(inbox.events(after=0))

    assert [event.object_id for event in events] == ["1", "2", "3"]
    sequences = [event.sequence for event in events]
    assert sequences == sorted(sequences)
    assert inbox.last_sequence() == sequences[-1]


def test_an_event_is_stored_once_however_often_it_is_delivered(inbox: Inbox) -> None:
    event = an_event(id="1f6c")

    first = inbox.append([event, event])
    retry = inbox.append([an_event(id="1f6c", attempt=2), an_event(id="90aa")])

    assert [event.id for event in first] == ["1f6c"]
    assert [event.id for event in retry] == ["90aa"]
    assert [event.id for event in inbox.events(after=0)] == ["1f6c", "90aa"]


def test_reading_continues_after_a_sequence(inbox: Inbox) -> None:
    inbox.append([an_event(entity_id=1), an_event(entity_id=2)])
    seen = inbox.last_sequence()
    inbox.append([an_event(entity_id=3)])

    assert [event.object_id for event in inbox.events(after=seen)] == ["3"]


def test_more_events_than_fit_on_a_page_are_all_read(inbox: Inbox) -> None:
    inbox.append([an_event(entity_id=number) for number in range(1100)])

    assert [event.object_id for event in inbox.events(after=0)] == list(map(str, range(1100)))


def test_an_event_is_read_back_as_it_was_delivered(inbox: Inbox) -> None:
    written = an_event("change", entity="person", entity_id=12)

    inbox.append([written])

    (event,) = inbox.events(after=0)
    assert event.sequence == inbox.last_sequence()
    assert (event.id, event.object, event.object_id) == (written.id, "person", "12")
    assert (event.action, event.happened_at) == ("change", written.happened_at)
    assert abs(event.received_at / 1000 - time.time()) < DAY
    assert event.payload == json.loads(written.payload)


def test_deletions_are_read_by_kind_of_object(inbox: Inbox) -> None:
    inbox.append(
        [
            an_event("create", entity_id=8),
            an_event("delete", entity_id=8),
            an_event("delete", entity="person", entity_id=9),
        ]
    )

    (deletion,) = inbox.deletions("deal", after=0)

    assert (deletion.object, deletion.object_id, deletion.action) == ("deal", "8", "delete")
    assert list(inbox.deletions("deal", after=deletion.sequence)) == []


@pytest.mark.parametrize("return_by", ["create", "change"])
def test_a_deletion_of_a_row_that_came_back_is_left_out(inbox: Inbox, return_by: str) -> None:
    inbox.append(
        [
            # the later event is delivered first
            an_event(return_by, entity_id=8, at="2026-05-01T12:00:00.000Z"),
            an_event("delete", entity_id=8, at="2026-05-01T11:00:00.000Z"),
        ]
    )

    assert list(inbox.deletions("deal", after=0)) == []


def test_a_late_event_from_before_the_deletion_does_not_undo_it(inbox: Inbox) -> None:
    inbox.append(
        [
            an_event("delete", entity_id=8, at="2026-05-01T11:00:00.000Z"),
            an_event("change", entity_id=8, at="2026-05-01T10:59:59.999Z"),
        ]
    )

    assert [event.object_id for event in inbox.deletions("deal", after=0)] == ["8"]


def test_old_events_are_pruned(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 31 * DAY)
    inbox.append([an_event(entity_id=number) for number in range(1200)])
    monkeypatch.setattr(time, "time", lambda: now)
    inbox.append([an_event(entity_id="new")])

    assert inbox.prune(days=30) == 1200
    assert [event.object_id for event in inbox.events(after=0)] == ["new"]
    assert inbox.size() == 1


def test_sequences_never_decrease_even_if_everything_is_pruned(inbox: Inbox) -> None:
    inbox.append([an_event(), an_event()])
    before = inbox.last_sequence()

    inbox.prune(days=-1)
    inbox.append([an_event()])

    assert inbox.last_sequence() > before


def test_a_new_inbox_starts_beyond_the_sequences_of_older_ones(
    inbox: Inbox, inbox_url: str
) -> None:
    day = 24 * 60 * 60 * 1000

    inbox.append([an_event()])
    with Inbox(inbox_url) as again:
        again.prepare()
    inbox.append([an_event()])

    first, second = (event.sequence for event in inbox.events(after=0))
    assert time.time() * 1000 - day < first < second < first + day
    assert inbox.size() == 2


def test_reading_resumes_from_the_beginning_in_an_inbox_that_never_got_so_far(inbox: Inbox) -> None:
    inbox.append([an_event()])
    last = inbox.last_sequence()

    assert (inbox.resume(last), inbox.resume(last + 1)) == (last, 0)


def test_a_probe_leaves_nothing_behind(inbox: Inbox) -> None:
    inbox.probe()

    assert list(inbox.events(after=0)) == []


def test_an_empty_inbox_has_no_events(inbox: Inbox) -> None:
    assert (inbox.last_sequence(), inbox.size(), list(inbox.events(after=0))) == (0, 0, [])


def test_two_processes_may_prepare_the_same_inbox_at_once(inbox_url: str) -> None:
    failures: list[InboxError] = []

    def prepare() -> None:
        with Inbox(inbox_url) as inbox:
            try:
                inbox.prepare()
            except InboxError as error:
                failures.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_a_reader_never_skips_a_sequence_that_is_committed_later(
    inbox: Inbox, inbox_url: str
) -> None:
    writers, batches, size = 4, 25, 3
    seen: list[int] = []

    def write() -> None:
        with Inbox(inbox_url) as own:
            for _ in range(batches):
                own.append([an_event() for _ in range(size)])

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    while True:
        last_look = not any(thread.is_alive() for thread in threads)
        seen += [event.sequence for event in inbox.events(after=seen[-1] if seen else 0)]
        if last_look:
            break

    assert len(seen) == len(set(seen)) == writers * batches * size


@pytest.mark.parametrize(
    "url", ["", "inbox.db", "sqlite://", "sqlite:///:memory:", "mysql://u:hunter2@h/d", "//:x@@"]
)
def test_an_unusable_url_is_rejected_without_repeating_it(url: str) -> None:
    with pytest.raises(InboxError, match="write sqlite:///folder") as caught:
        Inbox(url)

    assert "hunter2" not in str(caught.value)


def test_reading_a_missing_file_says_how_to_create_the_inbox(tmp_path: Path) -> None:
    inbox = Inbox(f"sqlite:///{tmp_path}/none.db")

    with pytest.raises(InboxError, match="webhooks serve"):
        inbox.last_sequence()

    assert not list(tmp_path.iterdir())


def test_reading_a_database_without_the_table_says_how_to_create_it(inbox_url: str) -> None:
    if inbox_url.startswith("sqlite"):
        Path(inbox_url.removeprefix("sqlite:///")).touch()

    with Inbox(inbox_url) as inbox, pytest.raises(InboxError, match="webhooks serve"):
        inbox.last_sequence()


def test_an_unreachable_server_is_reported_without_the_password() -> None:
    inbox = Inbox("postgresql://pipedrive:hunter2-f00d@127.0.0.1:1/inbox")

    with pytest.raises(InboxError, match="The inbox does not work") as caught:
        inbox.append([an_event()])

    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("_short_lock_wait")
def test_a_write_to_a_locked_inbox_fails_soon(inbox: Inbox, inbox_url: str) -> None:
    began = time.monotonic()

    with lock(inbox_url), pytest.raises(InboxError, match="lock"):
        inbox.append([an_event()])

    assert time.monotonic() - began < 2
    inbox.append([an_event()])


def test_a_write_gives_up_well_before_pipedrive_does() -> None:
    pipedrive_waits = 10

    assert pipedrive_waits > 4 * database.SECONDS_TO_LOCK


def test_the_same_event_from_two_receivers_is_stored_once(inbox: Inbox, inbox_url: str) -> None:
    events = [an_event() for _ in range(200)]
    stored: list[str] = []

    def receive() -> None:
        with Inbox(inbox_url) as own:
            for start in range(0, len(events), 10):
                stored.extend(event.id for event in own.append(events[start : start + 10]))

    threads = [threading.Thread(target=receive) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(stored) == sorted(event.id for event in events)
    assert len(list(inbox.events(after=0))) == len(events)


@contextmanager
def lock(url: str) -> Iterator[None]:
    """Lock the inbox against other writers, as a backup or a migration might."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE inbox_events")
            yield
