"""Standard output of the process, and the signal that ends it."""

import json
import logging
import signal

import pytest

from source_pipedrive.protocol.stdout import Stdout, StoppedError
from source_pipedrive.streams.records import PageRecords, RecordPage


def test_a_signal_in_the_middle_of_a_log_line_still_ends_the_process() -> None:
    stdout = Stdout()

    class Interrupted(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            stdout.stop(signal.SIGTERM)
            return record.getMessage()

    handler = logging.StreamHandler(stdout)
    handler.setFormatter(Interrupted())

    with pytest.raises(StoppedError):
        handler.emit(logging.makeLogRecord({"msg": "page 7"}))


def test_a_signal_in_the_middle_of_a_line_lets_it_be_finished(
    capfd: pytest.CaptureFixture[str],
) -> None:
    stdout = Stdout()

    class Interrupting(str):
        __slots__ = ()

        def encode(self, *_: str) -> bytes:
            stdout.stop(signal.SIGTERM)
            return b"whole\n"

    with pytest.raises(StoppedError):
        stdout.write(Interrupting())

    assert capfd.readouterr().out == "whole\n"


# none or one too many where the blocks of a page meet
@pytest.mark.parametrize("count", [1, 20, 21, 500])
def test_a_page_is_written_with_a_line_for_each_row(
    count: int, capfd: pytest.CaptureFixture[str]
) -> None:
    stdout = Stdout()
    rows = ({"id": number} for number in range(count))

    stdout.write_page(RecordPage.of("deals", rows, count, PageRecords().take_slot()))
    stdout.flush()

    lines = capfd.readouterr().out.splitlines()
    records = [json.loads(line)["record"] for line in lines]
    assert [one["data"]["id"] for one in records] == list(range(count))
    assert {one["stream"] for one in records} == {"deals"}
