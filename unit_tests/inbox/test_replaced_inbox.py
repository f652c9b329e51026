"""An inbox that is deleted, replaced, or restored from a backup: nothing is lost silently."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from source_pipedrive.inbox.errors import ReplacedInboxError
from source_pipedrive.inbox.store import Inbox
from unit_tests.conftest import Read
from unit_tests.inbox.deliveries import an_event
from unit_tests.pipedrive import Api, page

Restore = Callable[[], None]


def ids(inbox: Inbox, after: int = 0) -> list[str]:
    return [event.object_id for event in inbox.events(after)]


def backup(url: str) -> Restore:
    """Back up an inbox that no process has open. The result restores it."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        copy = Path(shutil.copy(file, file.with_suffix(".backup")))

        def replace() -> None:
            copy.replace(file)

        return replace
    tables = ("inbox_events", "inbox_starts")
    position = "pg_get_serial_sequence('inbox_events', 'sequence')"
    with psycopg.connect(url) as connection:
        rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        last = connection.execute(f"SELECT pg_sequence_last_value({position}::regclass)").fetchone()

    def restore() -> None:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            for table, kept in rows.items():
                cursor.execute(f"DELETE FROM {table}")
                places = ", ".join(["%s"] * len(kept[0]))
                insert = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE VALUES ({places})"
                cursor.executemany(insert, kept)
            cursor.execute(f"SELECT setval({position}, %s)", last)

    return restore


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_is_deleted_or_replaced_accepts_no_event(
    tmp_path: Path, suffix: str, *, replaced: bool
) -> None:
    file = tmp_path / f"inbox.db{suffix}"
    with Inbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        inbox.prepare()
        inbox.append([an_event(entity_id=1)])
        file.unlink()
        if replaced:
            file.touch()

        with pytest.raises(ReplacedInboxError, match="deleted, replaced"):
            inbox.append([an_event(entity_id=2)])
        with pytest.raises(ReplacedInboxError):
            inbox.probe()


def test_another_process_that_reads_the_inbox_does_not_replace_it(tmp_path: Path) -> None:
    """The last process that closes an SQLite file deletes its log: it must not seem the last."""
    file = tmp_path / "inbox.db"
    program = (
        "import sqlite3, sys; inbox = sqlite3.connect(sys.argv[1]); "
        "print(inbox.execute('SELECT count(*) FROM inbox_events').fetchone()[0]); inbox.close()"
    )
    with Inbox(f"sqlite:///{file}") as inbox:
        # as `serve` does
        inbox.prepare()
        inbox.prepare()
        inbox.append([an_event(entity_id=1)])
        other = [sys.executable, "-c", program, str(file)]
        count = subprocess.run(other, capture_output=True, check=True, text=True).stdout
        inbox.append([an_event(entity_id=2)])

        assert count == "1\n"
        assert ids(inbox) == ["1", "2"]


def test_a_deleted_file_is_created_again(tmp_path: Path) -> None:
    with Inbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        inbox.prepare()
        inbox.append([an_event(entity_id=1)])
        before = inbox.last_sequence()
        (tmp_path / "inbox.db").unlink()

        inbox.reopen()
        inbox.append([an_event(entity_id=2)])

        assert ids(inbox) == ["2"]
        assert inbox.resume(before) == 0
        assert inbox.last_sequence() > before


def test_an_open_inbox_whose_newest_event_is_gone_accepts_no_event(
    inbox: Inbox, inbox_url: str
) -> None:
    inbox.append([an_event(entity_id=number) for number in range(3)])
    delete = f"DELETE FROM inbox_events WHERE sequence = {inbox.last_sequence()}"
    if inbox_url.startswith("sqlite"):
        with closing(sqlite3.connect(inbox_url.removeprefix("sqlite:///"))) as file, file:
            file.execute(delete)
    else:
        with psycopg.connect(inbox_url) as server:
            server.execute(delete.encode())

    with pytest.raises(ReplacedInboxError):
        inbox.probe()
    inbox.reopen()
    inbox.append([an_event(entity_id=3)])

    assert ids(inbox) == ["0", "1", "3"]


def test_after_an_older_backup_every_new_event_is_read(inbox_url: str) -> None:
    with Inbox(inbox_url) as first:
        first.prepare()
        first.append([an_event(entity_id=f"kept {number}") for number in range(3)])
    restore = backup(inbox_url)
    with Inbox(inbox_url) as second:
        second.append([an_event(entity_id=f"lost {number}") for number in range(10)])
        read_until = second.last_sequence()
    restore()

    with Inbox(inbox_url) as restored:
        restored.prepare()
        restored.append([an_event(entity_id=f"new {number}") for number in range(20)])

        assert ids(restored, after=read_until) == [f"new {number}" for number in range(20)]
        assert restored.resume(read_until) == 0
        assert restored.resume(restored.last_sequence()) == restored.last_sequence()


def test_a_restart_changes_nothing_for_the_connector(inbox_url: str) -> None:
    with Inbox(inbox_url) as inbox:
        inbox.prepare()
        inbox.append([an_event(entity_id=1), an_event(entity_id=2)])
        read_until = inbox.last_sequence()
        inbox.prepare()
        inbox.prepare()

        assert inbox.resume(read_until) == read_until
        inbox.append([an_event(entity_id=3)])
        assert inbox.resume(read_until) == read_until
        assert ids(inbox, read_until) == ["3"]


def test_the_connector_says_that_an_inbox_was_restored_and_reads_it_again(
    api: Api, read: Read, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/inbox.db"
    with Inbox(url) as inbox:
        inbox.prepare()
        inbox.append([an_event("delete", entity="person", entity_id=1)])
    restore = backup(url)
    with Inbox(url) as inbox:
        inbox.append([an_event("delete", entity="person", entity_id=2)])
    api.serve("api/v2/persons", lambda _: page("persons", []))
    first = read("persons", "events", webhook_inbox=url)
    state = {stream: first.state(stream) for stream in ("persons", "events")}
    restore()
    with Inbox(url) as inbox:
        inbox.prepare()
        inbox.append([an_event("delete", entity="person", entity_id=3)])

    second = read("persons", "events", webhook_inbox=url, state=state)
    state = {stream: second.state(stream) for stream in ("persons", "events")}
    third = read("persons", "events", webhook_inbox=url, state=state)

    assert [row["id"] for row in first.records("persons")] == [1, 2]
    assert [row["id"] for row in second.records("persons")] == [1, 3]
    assert [row["object_id"] for row in second.records("events")] == ["1", "3"]
    warnings = [line for line in second.logs("WARN") if "older backup" in line]
    assert sorted(line.split(":")[0] for line in warnings) == ["Stream events", "Stream persons"]
    assert third.records("persons") == third.records("events") == []
    assert [line for line in third.logs("WARN") if "older backup" in line] == []
