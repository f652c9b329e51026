"""Rows that change, also while they are read: nothing is lost, and nothing is read for nothing."""

import json
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import StartSandbox
from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive import timestamps as times
from unit_tests import catalog
from unit_tests.output import Output

Row = dict[str, Any]

# what a salesperson edits, each in lists of several pages
SIZES = {
    "deals": 1_600,
    "persons": 1_200,
    "organizations": 1_100,
    "activities": 1_600,
    "products": 1_050,
    "notes": 1_100,
    "leads": 1_300,
}
DOCUMENTS = list(SIZES)
ARCHIVABLE = ("deals", "leads")
MERGEABLE = ("deals", "persons", "organizations")


@dataclass
class Account:
    """A sandbox, a connector for it, and a warehouse that keeps what was read."""

    sandbox: RunningSandbox
    connector: Connector
    kept: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))

    def change(self, table: str, action: str, count: int) -> None:
        """Do what a salesperson does."""
        self.sandbox.control("mutate", "POST", table=table, action=action, count=count, seed=3)

    def change_everything(self) -> None:
        for table in DOCUMENTS:
            for action in ("create", "edit", "delete"):
                self.change(table, action, 20)
        for table in ARCHIVABLE:
            self.change(table, "archive", 20)
            self.change(table, "unarchive", 20)
        for table in MERGEABLE:
            self.change(table, "merge", 20)

    def pass_time(self, seconds: int) -> None:
        """Turn the clock on; rows just created get their `update_time`."""
        self.sandbox.control("clock", "POST", advance=seconds, settle=True)

    def answer_after(self, seconds: float) -> None:
        self.sandbox.control("settings", "POST", latency=seconds)

    def count_requests(self) -> int:
        """How many requests there were since the last count."""
        requests: int = self.sandbox.control("counters")["requests"]
        self.sandbox.control("counters", "DELETE")
        return requests

    def keep(self, output: Output, streams: Sequence[str] = DOCUMENTS) -> None:
        """Take rows in as a destination does: of each key the latest change, or else row."""
        for stream in streams:
            for row in output.records(stream):
                before = self.kept[stream].get(key(stream, row), {})
                if changed(row) >= changed(before):
                    self.kept[stream][key(stream, row)] = row

    def assert_nothing_is_missing_or_old(self, streams: Sequence[str] = DOCUMENTS) -> None:
        for stream in streams:
            held = {key(stream, row): row for row in self.sandbox.rows(stream)}
            kept = self.kept[stream]
            assert held.keys() - kept.keys() == set()
            old = [
                (row, kept[name])
                for name, row in held.items()
                if any(kept[name].get(column) != content for column, content in row.items())
            ]
            assert old == []


def key(stream: str, row: Row) -> str:
    return str([row[column] for column in catalog.primary_key(stream)])


def changed(row: Row) -> str:
    return row.get("update_time") or ""


def committed(output: Output) -> Output:
    """What a destination has made durable: of each stream the rows before its last state."""
    last = {
        message["state"]["stream"]["stream_descriptor"]["name"]: number
        for number, message in enumerate(output.messages)
        if message["type"] == "STATE"
    }
    lines = output.text.splitlines()
    return Output(
        "\n".join(
            line
            for number, (line, message) in enumerate(zip(lines, output.messages, strict=True))
            if message["type"] != "RECORD" or number < last.get(message["record"]["stream"], -1)
        )
    )


def until(process: subprocess.Popen[str], kind: str, times: int = 1) -> str:
    """Read the output of a running connector up to the n-th message of a type."""
    assert process.stdout
    lines: list[str] = []
    while times:
        lines.append(process.stdout.readline())
        assert lines[-1], f"ended before it said {kind}"
        times -= json.loads(lines[-1])["type"] == kind
    return "".join(lines)


@pytest.fixture(scope="module")
def busy_sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(burst=10_000, **SIZES) as sandbox:
        yield sandbox


@pytest.fixture
def account(busy_sandbox: RunningSandbox, tmp_path: Path) -> Account:
    account = Account(busy_sandbox, Connector(tmp_path, busy_sandbox.config))
    account.answer_after(0.0)
    return account


def test_rows_that_change_while_they_are_read_come_with_the_next_sync(account: Account) -> None:
    account.answer_after(1.0)

    with account.connector.start("read", DOCUMENTS) as process:
        assert process.stdout
        text = until(process, "RECORD")
        account.change_everything()
        account.count_requests()
        text += process.stdout.read()
    first = Output(text, process.returncode)
    assert account.count_requests() > 3, "the changes came too late for a test"
    account.answer_after(0.0)
    account.pass_time(10)
    second = account.connector.run("read", DOCUMENTS, first.state_messages)

    account.keep(first)
    account.keep(second)
    assert (first.exit_code, second.exit_code) == (0, 0)
    account.assert_nothing_is_missing_or_old()


def test_a_second_sync_reads_what_changed_and_the_look_back(account: Account) -> None:
    account.pass_time(3600)
    first = account.connector.run("read", DOCUMENTS)
    account.pass_time(3600)
    for table in DOCUMENTS:
        account.change(table, "edit", 5)
    account.pass_time(10)
    account.count_requests()

    second = account.connector.run("read", DOCUMENTS, first.state_messages)

    for stream in DOCUMENTS:
        look_back = times.shift(oldest_mark(first.state(stream)), timedelta(minutes=-5))
        emitted = [times.sortable(changed(row)) for row in second.records(stream)]
        assert 5 <= len(emitted) < 200
        assert min(emitted) >= look_back
    # a page of each list, and the definitions of custom fields
    assert account.count_requests() <= len(DOCUMENTS) + len(ARCHIVABLE) + 6
    account.keep(first)
    account.keep(second)
    account.assert_nothing_is_missing_or_old()


def oldest_mark(state: Row) -> str:
    marks: list[str] = [state["update_time"], state.get("archived", state)["update_time"]]
    return min(marks)


def test_a_read_that_was_killed_goes_on_from_its_last_state(account: Account) -> None:
    account.answer_after(0.3)

    assert_resumes(account, DOCUMENTS, states=3)


def test_a_killed_read_of_children_goes_on_behind_the_last_parents(
    start_sandbox: StartSandbox, tmp_path: Path
) -> None:
    sandbox = start_sandbox(deals=320, burst=10_000)
    account = Account(sandbox, Connector(tmp_path, sandbox.config))

    assert_resumes(account, ["deal_participants"], states=2)

    # a request a deal; all but the first 200, whose children the second state had done
    assert account.count_requests() < 320 - 150


def assert_resumes(account: Account, streams: list[str], states: int) -> None:
    with account.connector.start("read", streams) as process:
        killed = Output(until(process, "STATE", states))
        process.kill()
    account.answer_after(0.0)
    account.count_requests()
    rest = account.connector.run("read", streams, killed.state_messages)

    assert rest.exit_code == 0
    account.keep(committed(killed), streams)
    account.keep(rest, streams)
    account.assert_nothing_is_missing_or_old(streams)


def test_a_reader_who_leaves_ends_the_process(account: Account) -> None:
    with account.connector.start("read", DOCUMENTS) as process:
        assert process.stdout
        until(process, "RECORD")
        process.stdout.close()
        process.wait(timeout=15)

    assert process.returncode == 1


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_sigterm_ends_a_read_between_two_lines(unbuffered: str, account: Account) -> None:
    account.answer_after(0.3)

    with account.connector.start("read", DOCUMENTS, PYTHONUNBUFFERED=unbuffered) as process:
        assert process.stdout
        text = until(process, "RECORD")
        process.terminate()
        text += process.stdout.read()
        process.wait(timeout=15)

    assert process.returncode == 128 + signal.SIGTERM
    assert all(Output(text).messages)
