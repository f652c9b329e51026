"""Loads into DuckDB and PostgreSQL: values stay as they are, and a failed load leaves nothing."""

import time
from importlib.util import find_spec
from typing import Any

import pytest

from unit_tests.inbox.postgres import Postgres

if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte has no release for Python 3.13", allow_module_level=True)
from ulid import ULID

from unit_tests.webhooks.targets.loads import LoadError, destination_opener, load, table, tables

# PyAirbyte's packages warn when they are called
pytestmark = pytest.mark.filterwarnings("ignore")

TEXT = {"type": ["null", "string"]}
INTEGER = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
BOOLEAN = {"type": ["null", "boolean"]}
TOO_LARGE = 10**30


@pytest.mark.parametrize(
    "value",
    [
        "00610",
        "09:30:00",
        "2026-05-01",
        "1e400",
        "",
        "null",
        "true",
        r"\u0000",
        "100 % :name 'x' \\",
    ],
)
def test_text_stays_as_it_is(destination: Any, value: str) -> None:
    load(destination, {"title": TEXT}, [{"id": 1, "title": value}, {"id": 2, "title": None}])

    assert [row["title"] for row in table(destination)] == [value, None]


def test_a_null_character_does_not_fail_the_load(destination: Any) -> None:
    load(destination, {"title": TEXT}, [{"id": 1, "title": "a\0\0b"}])

    (row,) = table(destination)
    assert row["title"].replace("\0", "") == "ab"


def test_thousands_of_rows_are_loaded_once(destination: Any) -> None:
    rows = [{"id": number, "title": f"Deal {number}"} for number in range(3500)]

    load(destination, {"title": TEXT}, rows)
    load(destination, {"title": TEXT}, rows)

    assert table(destination) == rows


def test_a_refused_value_is_reported_with_its_column_and_leaves_no_table(destination: Any) -> None:
    columns = {"title": TEXT, "custom_size": INTEGER}
    load(destination, columns, [{"id": 1, "title": "Boots", "custom_size": 42}])

    with pytest.raises(LoadError, match="the column custom_size of deals: ") as caught:
        load(destination, columns, [{"id": 2, "title": "Hats", "custom_size": TOO_LARGE}])

    assert "\n" not in str(caught.value)
    assert ".jsonl" not in str(caught.value)
    assert tables(destination) == {"deals"}
    assert len(table(destination)) == 1


def test_temporary_tables_of_killed_syncs_are_dropped_after_a_day(destination: Any) -> None:
    columns = {"title": TEXT}
    load(destination, columns, [{"id": 1, "title": "Boots"}])
    yesterday = str(ULID.from_timestamp(time.time() - 25 * 60 * 60)).lower()
    now = str(ULID()).lower()
    of_today = f"deals_{now[:6]}{now[-3:]}"
    names = [f"deals_{yesterday[:6]}{yesterday[-3:]}", of_today, "deals_of_today", "deal_followers"]
    with destination.get_sql_engine().begin() as connection:
        for name in names:
            connection.exec_driver_sql(
                f"CREATE TABLE {destination.schema_name}.{name} (_airbyte_raw_id VARCHAR)"
            )

    load(destination, columns, [{"id": 2, "title": "Hats"}])

    assert tables(destination) == {"deals", of_today, "deals_of_today", "deal_followers"}


def test_a_view_that_prevents_a_change_of_type_is_reported(
    postgres: Postgres,
) -> None:
    with destination_opener(postgres.new_database())() as destination:
        load(destination, {"custom_size": INTEGER}, [{"id": 1, "custom_size": 42}])
        with destination.get_sql_engine().begin() as connection:
            connection.exec_driver_sql(
                "CREATE VIEW sizes AS SELECT custom_size FROM pipedrive.deals"
            )

        with pytest.raises(LoadError, match=r"the table deals: .* view sizes depends on column"):
            load(destination, {"custom_size": TEXT}, [{"id": 1, "custom_size": "L"}])

        assert tables(destination) == {"deals"}


def test_a_tombstone_keeps_the_values_that_webhooks_do_not_report(destination: Any) -> None:
    columns = {"title": TEXT, "is_deleted": BOOLEAN, "arr": NUMBER, "notes_count": INTEGER}
    live = {"id": 1, "title": "Valve", "arr": 1200.5, "notes_count": 3}
    load(destination, columns, [live, {**live, "id": 2}])

    load(destination, columns, [{"id": 1, "title": None, "is_deleted": True}])
    # a deleted row of the API is complete
    load(destination, columns, [{"id": 2, "is_deleted": True, "arr": None, "notes_count": 0}])

    assert table(destination) == [
        {"id": 1, "title": None, "is_deleted": True, "arr": 1200.5, "notes_count": 3},
        {"id": 2, "title": None, "is_deleted": True, "arr": None, "notes_count": 0},
    ]


def test_a_tombstone_keeps_the_name_of_a_time_zone_unless_its_number_changed(
    destination: Any,
) -> None:
    columns = {
        "is_deleted": BOOLEAN,
        "arr": NUMBER,
        "custom_call_timezone": TEXT,
        "custom_call_timezone_id": INTEGER,
    }
    zone = {"custom_call_timezone": "Europe/Tallinn", "custom_call_timezone_id": 83}
    load(destination, columns, [{"id": id_, "arr": 5, **zone} for id_ in (1, 2)])

    # webhooks know its number only
    last = [{"id": 1, "custom_call_timezone_id": 83}, {"id": 2, "custom_call_timezone_id": 42}]
    load(destination, columns, [{**row, "is_deleted": True} for row in last])

    assert [
        (row["custom_call_timezone"], row["custom_call_timezone_id"]) for row in table(destination)
    ] == [("Europe/Tallinn", 83), (None, 42)]
