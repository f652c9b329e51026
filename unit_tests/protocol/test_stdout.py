"""Standard output of the process, and the signal that ends it."""

import json
import logging

import pytest

from source_pipedrive.protocol.stdout import Output, Page, Room, StoppedError


def test_a_signal_in_the_middle_of_a_log_line_still_ends_the_process() -> None:
    output = Output()

    class Interrupted(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            output.stop()
            return record.getMessage()

    handler = logging.StreamHandler(output)
    handler.setFormatter(Interrupted())

    with pytest.raises(StoppedError):
        handler.emit(logging.makeLogRecord({"msg": "page 7"}))


def test_a_signal_in_the_middle_of_a_line_lets_it_be_finished(
    capfd: pytest.CaptureFixture[str],
) -> None:
    output = Output()

    class Interrupting(str):
        __slots__ = ()

        def encode(self, *_: str) -> bytes:
            output.stop()
            return b"whole\n"

    with pytest.raises(StoppedError):
        output.write(Interrupting())

    assert capfd.readouterr().out == "whole\n"


# none or one too many where the blocks of a page meet
@pytest.mark.parametrize("count", [1, 20, 21, 500])
def test_a_page_is_written_with_a_line_for_each_row(
    count: int, capfd: pytest.CaptureFixture[str]
) -> None:
    output = Output()
    Room().take()

    output.write_page(Page.of("deals", ({"id": number} for number in range(count)), count))
    output.flush()

    lines = capfd.readouterr().out.splitlines()
    records = [json.loads(line)["record"] for line in lines]
    assert [one["data"]["id"] for one in records] == list(range(count))
    assert {one["stream"] for one in records} == {"deals"}
