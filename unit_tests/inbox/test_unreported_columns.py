"""What tombstones lack is what the published examples of webhooks lack."""

import pytest

from pipedrive_sandbox.webhooks import payloads as sandbox
from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.unreported_columns import (
    REPORTED,
    unreported_columns,
    unreported_columns_of,
)
from unit_tests.inbox.payload_samples import ROWS


def test_the_sandbox_reports_the_same_fields() -> None:
    tables = {kind: table for table, kind in sandbox.OBJECTS.items()}
    properties = {kind: set(sandbox._PROPERTIES[tables[kind]].split()) for kind in REPORTED}  # noqa: SLF001

    assert {kind: set(fields.split()) for kind, fields in REPORTED.items()} == properties
    # a user is never deleted by an event
    assert REPORTED.keys() == sandbox.DOCUMENTED - {"user"}


@pytest.mark.parametrize("kind", REPORTED)
def test_a_tombstone_has_none_of_the_columns_that_are_not_reported(kind: str) -> None:
    delivered, _ = ROWS[kind]

    row = payloads.tombstone(kind, "8", delivered, 1777629600123, None)

    assert row.keys().isdisjoint(unreported_columns(kind))


def test_what_is_known_of_a_stream_is_known_by_its_name() -> None:
    assert "picture_id" in unreported_columns_of("persons")
    assert unreported_columns_of("tasks") == unreported_columns_of("call_logs") == ()
