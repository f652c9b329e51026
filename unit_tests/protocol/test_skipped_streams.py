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


def test_streams_with_another_name_are_named_with_it(api: Api, read: Read) -> None:
    api.answer("api/v2/stages", v2_page(rows("stages", [1])))

    output = read("stages", "mail", "mailThreads", "deals_archived", "deal_flow", "old_deals")

    (line,) = output.logs("WARN")
    assert (
        "mail (now mail_messages), mailThreads (now mail_threads), deals_archived (now deals), "
        "deal_flow (now deal_changelog), old_deals." in line
    )


def test_unknown_streams_of_the_state_are_in_the_same_warning(api: Api, read: Read) -> None:
    api.answer("api/v2/stages", v2_page(rows("stages", [1])))
    bookmark = {"update_time": "2024-05-01T10:00:00Z"}
    state = {"stages": {}, "deals_archived": bookmark, "deal_flow": {"states": []}, "old": bookmark}

    output = read("stages", "mail", state=state)

    (line,) = output.logs("WARN")
    assert "selected streams: mail (now mail_messages)" in line
    assert (
        "saved state has streams that the connector does not have: deals_archived (now deals), "
        "deal_flow (now deal_changelog), old." in line
    )
    assert "The state of deals_archived continues in deals." in line


def test_states_that_were_taken_over_cause_no_warning(api: Api, read: Read) -> None:
    api.answer("api/v2/stages", v2_page(rows("stages", [1])))
    bookmark = {"update_time": "2024-05-01T10:00:00Z"}
    state = {
        "persons": {**bookmark, "never_changed": bookmark},
        "deals_archived": bookmark,
        "mailThreads": {"__ab_no_cursor_state_message": True},
    }

    assert read("stages", state=state).logs("WARN") == []
