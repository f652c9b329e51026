"""Columns change their types between two syncs of `make sync`, in DuckDB and in PostgreSQL."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from integration_tests.warehouses import DATABASES, Warehouse, empty_warehouse
from pipedrive_sandbox.client import RunningSandbox, running_sandbox

pytestmark = [
    pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13"),
    # the packages of PyAirbyte warn, and it ends the connector with a signal
    pytest.mark.filterwarnings("ignore"),
]

STREAMS = ["deals", "notes"]


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    with running_sandbox(deals=30, burst=10_000) as running:
        yield running


@pytest.fixture(scope="module", params=DATABASES)
def warehouse(
    request: pytest.FixtureRequest,
    account: RunningSandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("warehouse")
    with empty_warehouse(request.param, account, folder) as empty:
        yield empty


def change(account: RunningSandbox, table: str, action: str, **given: Any) -> list[Any]:
    ids: list[Any] = account.control("mutate", "POST", table=table, action=action, **given)["ids"]
    return ids


def create_size(account: RunningSandbox, field_type: str) -> str:
    given = {"entity": "deal", "field_name": "Size", "field_type": field_type}
    (code,) = change(account, "fields", "create", set=given)
    return str(code)


def test_a_field_that_is_created_again_with_another_type_loses_no_value(
    account: RunningSandbox, warehouse: Warehouse
) -> None:
    first, second, third = [row["id"] for row in account.rows("deals")[:3]]
    number = create_size(account, "double")
    change(account, "deals", "edit", ids=[first], set={"custom_fields": {number: 42}})
    change(account, "deals", "edit", ids=[second], set={"custom_fields": {number: 1.5}})
    # a later change moves the lookback window, so that the next sync reads only one deal
    account.control("clock", "POST", advance=3600)
    change(account, "deals", "edit", ids=[third], set={"title": "Boots"})
    warehouse.sync(STREAMS)
    change(account, "fields", "delete", ids=[number])
    words = create_size(account, "varchar")
    change(account, "deals", "edit", ids=[third], set={"custom_fields": {words: "large"}})

    read = warehouse.sync(STREAMS)

    sizes = {row["id"]: row["custom_size"] for row in warehouse.rows("deals")}
    assert {first: sizes[first], second: sizes[second], third: sizes[third]} == {
        first: "42",
        second: "1.5",
        third: "large",
    }
    # the newest archived deal is always in the lookback window of its list
    assert read["deals"].read == 1 + any(row["is_archived"] for row in account.rows("deals"))
    change(account, "fields", "delete", ids=[words])


def test_tables_of_an_earlier_release_get_the_types_and_keep_the_values(
    warehouse: Warehouse,
) -> None:
    warehouse.sync(STREAMS)
    types = {stream: warehouse.types(stream) for stream in STREAMS}
    rows = {stream: warehouse.rows(stream) for stream in STREAMS}
    changes = [
        _as_before(stream, column, sql_type)
        for stream in STREAMS
        for column, sql_type in types[stream].items()
        if column != "id"
    ]
    warehouse.run(*changes)

    warehouse.sync(STREAMS)

    for stream in STREAMS:
        assert warehouse.types(stream) == types[stream]
        assert warehouse.rows(stream) == rows[stream]


def _as_before(stream: str, column: str, sql_type: str) -> str:
    """Return SQL that makes a column text, or a number if it is a boolean."""
    old, value = "VARCHAR", f'CAST("{column}" AS VARCHAR)'
    if sql_type.upper() == "BOOLEAN":
        old, value = "BIGINT", f'CAST("{column}" AS INTEGER)'
    return (
        f'ALTER TABLE {{schema}}.{stream} ALTER COLUMN "{column}" SET DATA TYPE {old} USING {value}'
    )
