"""The rows that a warehouse should have: those of the sandbox, in the form of the schemas."""

from typing import Any

from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.conformance.conformer import Conformer
from unit_tests.schemas.reading import schema_of

Row = dict[str, Any]

_LENGTH_OF_A_KEY = 40


def expected_rows(sandbox: RunningSandbox, stream: str) -> list[Row]:
    """Return the rows of a stream as they are now, without what the connector adds to them."""
    rows = sandbox.rows(stream)
    if stream == "leads":
        rows = [_with_gathered_values(row) for row in rows]
    return Conformer(schema_of(stream)).rows(rows)


def _with_gathered_values(lead: Row) -> Row:
    values = {key: value for key, value in lead.items() if len(key) >= _LENGTH_OF_A_KEY}
    rest = {key: value for key, value in lead.items() if key not in values}
    return {**rest, "custom_fields": values or None}
