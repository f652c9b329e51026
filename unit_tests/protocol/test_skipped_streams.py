"""Streams of the catalog that the connector cannot read cause a warning."""

import pytest

from unit_tests.conftest import Clock, Read
from unit_tests.pipedrive import Api, rows, v2_page


def test_streams_that_are_not_read_cause_one_warning(api: Api, read: Read) -> None:
    api.answer("api/v2/stages", v2_page(rows("stages", [1])))

    output = read("events", "pipelines_of_another_connector", "stages", "old_deals")

    (line,) = output.logs("WARN")
    assert "does not have these selected streams: pipelines_of_another_connector, old_deals" in line
    assert "require `webhook_inbox`: events" in line
    assert output.records("stages") == rows("stages", [1])
    assert output.status("stages") == "COMPLETE"
    assert output.status("events") == "INCOMPLETE"
    assert output.exit_code == 0


@pytest.mark.parametrize("stream", ["events", "old_deals"])
def test_a_catalog_of_skipped_streams_alone_is_incomplete(
    stream: str, read: Read, clock: Clock
) -> None:
    clock.now = 6_455.4  # since the machine started

    output = read(stream, webhook_inbox="")

    (line,) = output.logs("WARN")
    assert stream in line
    assert output.status(stream) == "INCOMPLETE"
    (total,) = [line for line in output.logs("INFO") if line.startswith("Total: ")]
    assert "0 rows, 0 requests, 0 tokens, 0.0 s" in total


def test_no_warning_if_every_stream_is_read(api: Api, read: Read) -> None:
    api.answer("api/v2/stages", v2_page(rows("stages", [1])))

    output = read("stages")

    assert output.logs("WARN") == []
