"""A full read emits the rows of the account: none is missing, invented, or stale."""

from collections import Counter
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator, FormatChecker

from integration_tests.expected_rows import expected_rows
from integration_tests.platform import STREAMS_OF_EVERY_ACCOUNT, Output
from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.protocol.manifest import packaged_streams

Row = dict[str, Any]


@pytest.fixture(scope="module")
def full_read(tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox) -> Output:
    """One read of all streams."""
    connector = Connector(tmp_path_factory.mktemp("full_read"), sandbox.config)
    return connector.run("read", STREAMS_OF_EVERY_ACCOUNT)


@pytest.mark.parametrize("stream", STREAMS_OF_EVERY_ACCOUNT)
def test_a_full_read_emits_every_row_of_the_account(
    stream: str, full_read: Output, sandbox: RunningSandbox
) -> None:
    expected = expected_rows(sandbox, stream)
    if stream == "organization_relationships":
        # each is listed for both organizations; `org_id` tells which list a row is from
        expected = [
            {name: value for name, value in row.items() if name != "org_id"}
            for row in expected
            if row["org_id"] == row["rel_owner_org_id"]["value"]
        ]
    emitted = full_read.records(stream)

    # the connector adds columns of its own
    columns = {column for row in expected for column in row}
    assert counted(emitted, columns) == counted(expected, columns)
    assert full_read.status(stream) == "COMPLETE"


def counted(rows: list[Row], columns: set[str]) -> Counter[bytes]:
    return Counter(orjson.dumps([row.get(column) for column in sorted(columns)]) for row in rows)


def key_of(stream: str, row: Row) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in packaged_streams()[stream].primary_key)


@pytest.fixture(scope="module")
def discovered_schemas(
    tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox
) -> dict[str, dict[str, Any]]:
    """The schemas of all streams, with the columns of custom fields."""
    connector = Connector(tmp_path_factory.mktemp("discovered"), sandbox.config)
    (found,) = connector.run("discover").of_type("CATALOG")
    return {stream["name"]: stream["json_schema"] for stream in found["streams"]}


@pytest.mark.parametrize("stream", STREAMS_OF_EVERY_ACCOUNT)
def test_every_record_matches_the_discovered_schema(
    stream: str, full_read: Output, discovered_schemas: dict[str, dict[str, Any]]
) -> None:
    schema = discovered_schemas[stream]
    validator = Draft7Validator(schema, format_checker=FormatChecker())
    custom = {name for name in schema["properties"] if name.startswith("custom_")}

    for row in full_read.records(stream):
        validator.validate(row)
        assert {name for name in row if name.startswith("custom_")} <= custom


@pytest.mark.parametrize("stream", STREAMS_OF_EVERY_ACCOUNT)
def test_no_two_rows_have_the_same_primary_key(stream: str, full_read: Output) -> None:
    keys = Counter(key_of(stream, row) for row in full_read.records(stream))

    assert {key: count for key, count in keys.items() if count > 1 or None in key} == {}


def test_a_full_read_sends_only_get_requests(full_read: Output, sandbox: RunningSandbox) -> None:
    assert full_read.exit_code == 0
    assert {method for method, _, _ in sandbox.control("log")} == {"GET"}
