"""What a read emits is what the account holds: no row missing, none invented, none out of date."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator, FormatChecker

from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox
from unit_tests import catalog
from unit_tests.output import Output

Row = dict[str, Any]

# the sandbox counts options where the connector writes text
HELD: dict[str, Callable[[Row], Row]] = {
    "field_options": lambda row: row | {"option_id": str(row["option_id"])},
}
# a link between two organizations is seen from both sides, and emitted as one of them sees it
OF_A_SIDE = {
    "organization_relationships": {
        "org_id",
        "calculated_type",
        "calculated_related_org_id",
        "related_organization_name",
    }
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox) -> Output:
    """One read of all streams."""
    connector = Connector(tmp_path_factory.mktemp("everything"), sandbox.config)
    return connector.run("read", catalog.ALWAYS)


@pytest.mark.parametrize("stream", catalog.ALWAYS)
def test_a_full_read_is_what_the_account_holds(
    stream: str, everything: Output, sandbox: RunningSandbox
) -> None:
    held = [HELD.get(stream, dict)(row) for row in sandbox.rows(stream)]
    if stream in OF_A_SIDE:
        held = list({key_of(stream, row): row for row in held}.values())
    emitted = everything.records(stream)

    # the connector adds columns of its own
    columns = {column for row in held for column in row} - OF_A_SIDE.get(stream, set())
    assert bag(emitted, columns) == bag(held, columns)
    assert everything.status(stream) == "COMPLETE"


def bag(rows: list[Row], columns: set[str]) -> Counter[bytes]:
    return Counter(orjson.dumps([row.get(column) for column in sorted(columns)]) for row in rows)


def key_of(stream: str, row: Row) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in catalog.primary_key(stream))


@pytest.fixture(scope="module")
def discovered(
    tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox
) -> dict[str, dict[str, Any]]:
    """The schemas of all streams, with the columns of custom fields."""
    connector = Connector(tmp_path_factory.mktemp("discovered"), sandbox.config)
    (found,) = connector.run("discover").of_type("CATALOG")
    return {stream["name"]: stream["json_schema"] for stream in found["streams"]}


@pytest.mark.parametrize("stream", catalog.ALWAYS)
def test_every_record_fits_the_discovered_schema(
    stream: str, everything: Output, discovered: dict[str, dict[str, Any]]
) -> None:
    schema = discovered[stream]
    validator = Draft7Validator(schema, format_checker=FormatChecker())
    custom = {name for name in schema["properties"] if name.startswith("custom_")}

    for row in everything.records(stream):
        validator.validate(row)
        assert {name for name in row if name.startswith("custom_")} <= custom


@pytest.mark.parametrize("stream", catalog.ALWAYS)
def test_no_two_rows_have_the_same_primary_key(stream: str, everything: Output) -> None:
    keys = Counter(key_of(stream, row) for row in everything.records(stream))

    assert {key: count for key, count in keys.items() if count > 1 or None in key} == {}


def test_a_full_read_only_gets(everything: Output, sandbox: RunningSandbox) -> None:
    assert everything.exit_code == 0
    assert {method for method, _, _ in sandbox.control("log")} == {"GET"}
