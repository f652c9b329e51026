"""Rows that change between and during syncs: none is lost, and none is read without a reason."""

import fcntl
import json
import signal
import subprocess
import termios
import time
from array import array
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from integration_tests.conftest import StartSandbox
from integration_tests.platform import Output
from integration_tests.process import Connector
from integration_tests.replica import ARCHIVABLE, SIZES, STREAMS, Replica, Row, update_time
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive import timestamps


def committed(output: Output) -> Output:
    """Return the output without the rows that no state of their stream follows."""
    last_state_at = {
        message["state"]["stream"]["stream_descriptor"]["name"]: number
        for number, message in enumerate(output.messages)
        if message["type"] == "STATE"
    }
    lines = output.text.splitlines()
    return Output(
        "\n".join(
            line
            for number, (line, message) in enumerate(zip(lines, output.messages, strict=True))
            if message["type"] != "RECORD"
            or number < last_state_at.get(message["record"]["stream"], -1)
        )
    )


def read_until(process: subprocess.Popen[str], message_type: str, count: int = 1) -> str:
    """Read the output of a running connector up to the n-th message of a type."""
    assert process.stdout
    lines: list[str] = []
    while count:
        lines.append(process.stdout.readline())
        assert lines[-1], f"the output ended before a {message_type} message"
        count -= json.loads(lines[-1])["type"] == message_type
    return "".join(lines)


@pytest.fixture(scope="module")
def large_sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(burst=10_000, **SIZES) as sandbox:
        yield sandbox


@pytest.fixture
def replica(large_sandbox: RunningSandbox, tmp_path: Path) -> Replica:
    replica = Replica(large_sandbox, Connector(tmp_path, large_sandbox.config))
    replica.set_latency(0.0)
    return replica


def test_rows_that_change_while_they_are_read_come_with_the_next_sync(replica: Replica) -> None:
    replica.change_everything_during_the_next_read()

    first = replica.connector.run("read", STREAMS)
    assert set(replica.count_changes()) == {1}, "a list had too few pages"
    replica.pass_time(10)
    second = replica.connector.run("read", STREAMS, first.state_messages)

    replica.load(first)
    replica.load(second)
    assert (first.exit_code, second.exit_code) == (0, 0)
    replica.assert_no_row_is_missing_or_stale()


def test_a_second_sync_reads_changed_rows_and_the_lookback_window(replica: Replica) -> None:
    replica.pass_time(3600)
    first = replica.connector.run("read", STREAMS)
    replica.pass_time(3600)
    for table in STREAMS:
        replica.change(table, "edit", 5)
    replica.pass_time(10)
    replica.count_requests()

    second = replica.connector.run("read", STREAMS, first.state_messages)

    for stream in STREAMS:
        bookmark = oldest_bookmark(first.state(stream))
        lookback = timestamps.shift(bookmark, timedelta(minutes=-5))
        emitted = [timestamps.sortable(update_time(row)) for row in second.records(stream)]
        assert 5 <= len(emitted) < 200
        assert min(emitted) >= lookback
    # one page of each list, and the field definitions
    assert replica.count_requests() <= len(STREAMS) + len(ARCHIVABLE) + 6
    replica.load(first)
    replica.load(second)
    replica.assert_no_row_is_missing_or_stale()


def oldest_bookmark(state: Row) -> str:
    bookmarks: list[str] = [state["update_time"], state.get("archived", state)["update_time"]]
    return min(bookmarks)


def test_a_killed_read_resumes_from_its_last_state(replica: Replica) -> None:
    replica.set_latency(0.3)

    assert_resumes_after_a_kill(replica, STREAMS, states=3)


def test_a_killed_read_of_a_child_stream_resumes_after_the_last_parents(
    start_sandbox: StartSandbox, tmp_path: Path
) -> None:
    sandbox = start_sandbox(deals=320, burst=10_000)
    replica = Replica(sandbox, Connector(tmp_path, sandbox.config))

    assert_resumes_after_a_kill(replica, ["deal_participants"], states=2)

    # one request for each deal, without the first 200, which the second state covers
    assert replica.count_requests() < 320 - 150


def assert_resumes_after_a_kill(replica: Replica, streams: list[str], states: int) -> None:
    with replica.connector.start("read", streams) as process:
        killed = Output(read_until(process, "STATE", states))
        process.kill()
    replica.set_latency(0.0)
    replica.count_requests()
    rest = replica.connector.run("read", streams, killed.state_messages)

    assert rest.exit_code == 0
    replica.load(committed(killed), streams)
    replica.load(rest, streams)
    replica.assert_no_row_is_missing_or_stale(streams)


def test_the_process_exits_quietly_when_stdout_is_closed(replica: Replica) -> None:
    with replica.connector.start("read", STREAMS, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        read_until(process, "RECORD")
        process.stdout.close()
        process.wait(timeout=15)
        stderr = process.stderr.read()

    assert process.returncode == 1
    assert stderr == ""


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_sigterm_ends_a_read_between_two_lines(unbuffered: str, replica: Replica) -> None:
    replica.set_latency(0.3)

    with replica.connector.start("read", STREAMS, PYTHONUNBUFFERED=unbuffered) as process:
        assert process.stdout
        text = read_until(process, "RECORD")
        process.terminate()
        text += process.stdout.read()
        process.wait(timeout=15)

    assert process.returncode == -signal.SIGTERM
    assert all(Output(text).messages)


def test_sigterm_ends_a_read_whose_output_nobody_consumes(replica: Replica) -> None:
    with replica.connector.start("read", STREAMS) as process:
        assert process.stdout
        read_until(process, "RECORD")
        wait_until_full(process.stdout)
        began = time.monotonic()
        process.terminate()
        process.wait(timeout=15)

    assert process.returncode == -signal.SIGTERM
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("status", [429, 503])
def test_sigterm_ends_a_read_that_waits_for_pipedrive(status: int, replica: Replica) -> None:
    answer = {"status": status, "headers": {"x-ratelimit-reset": 60}}
    replica.sandbox.control("faults", "POST", match={"times": None}, action=answer)

    with replica.connector.start("read", STREAMS) as process:
        assert process.stdout
        assert any("Retrying until" in line for line in process.stdout)
        began = time.monotonic()
        process.terminate()
        process.wait(timeout=15)

    assert process.returncode == -signal.SIGTERM
    assert time.monotonic() - began < 5


def wait_until_full(pipe: IO[Any]) -> None:
    """Wait until a pipe holds as much as it can."""
    capacity, waiting = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ), array("i", [0])
    deadline = time.monotonic() + 30
    # a write that does not fit as a whole leaves less than a page of memory free
    while waiting[0] < capacity - 4096:
        assert time.monotonic() < deadline, f"{waiting[0]} of {capacity} bytes"
        fcntl.ioctl(pipe, termios.FIONREAD, waiting)
