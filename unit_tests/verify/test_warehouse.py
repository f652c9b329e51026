"""Tables are read as PyAirbyte and Airbyte's destinations write them, and never written."""

from contextlib import closing

import pytest
from sqlalchemy import text

from source_pipedrive.verify import stream_table
from source_pipedrive.verify.database import Database, WarehouseError
from source_pipedrive.verify.table_facts import facts_of, synced_until
from source_pipedrive.verify.versions import folded
from source_pipedrive.verify.warehouse import Warehouse
from unit_tests.verify.conftest import Tables

OLD, NEW = "2024-05-01T10:00:00Z", "2024-05-02T10:00:00Z"
EARLY, LATE = "2024-06-01T00:00:00", "2024-06-02T00:00:00"


def test_of_rows_that_were_appended_the_newest_counts(tables: Tables) -> None:
    tables.write(
        "persons",
        [
            {"id": 1, "name": "old", "update_time": OLD, "_airbyte_extracted_at": LATE},
            {"id": 1, "name": "new", "update_time": NEW, "_airbyte_extracted_at": EARLY},
            {"id": 2, "name": "first", "update_time": None, "_airbyte_extracted_at": EARLY},
            {"id": 2, "name": "last", "update_time": None, "_airbyte_extracted_at": LATE},
        ],
    )

    table = tables.open("persons")

    assert facts_of(table).keys == 2
    assert {key: row["name"] for key, row in table.rows([1, 2, 3]).items()} == {
        1: "new",
        2: "last",
    }
    assert [row["name"] for row in table.ordered()] == ["new", "last"]
    assert table.duplicates() == []


def test_a_version_that_was_loaded_twice_is_a_duplicate(tables: Tables) -> None:
    row = {"id": 1, "update_time": OLD, "_airbyte_raw_id": "same"}
    tables.write("persons", [row, row, {"id": 2, "update_time": OLD}])

    table = tables.open("persons")

    assert facts_of(table).duplicates == 1
    assert table.duplicates() == [1]


def test_rows_arrive_as_the_connector_emitted_them(tables: Tables) -> None:
    emitted = {
        "id": 1,
        "title": "Deal",
        "value": 12.5,
        "is_archived": False,
        "update_time": OLD,
        "expected_close_date": "2024-07-01",
        "label_ids": [1, 2],
        "custom_fields": {"a": 1},
    }
    tables.write("deals", [emitted])

    (row,) = tables.open("deals").ordered()

    assert {name: row[name] for name in emitted} == emitted


def test_a_large_table_is_read_in_parts_without_losing_a_row(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_table, "_ROWS_OF_A_PART", 3)
    followers = [(deal, user) for deal in range(1, 5) for user in range(1, 4)]
    rows = [{"deal_id": deal, "user_id": user} for deal, user in reversed(followers)]
    tables.write("deal_followers", rows)
    tables.write("persons", [{"id": id_, "name": "copy"} for id_ in (9, 1, 5, 5, 7, 3, 2, 8, 4)])

    read = tables.open("deal_followers").ordered()
    persons = tables.open("persons").ordered()

    assert [(row["deal_id"], row["user_id"]) for row in read] == followers
    assert sorted({row["id"] for row in persons}) == [1, 2, 3, 4, 5, 7, 8, 9]


def test_texts_are_ordered_by_their_bytes(tables: Tables) -> None:
    keys = ["b", "A", "a", "B", "-", "é", "z"]
    tables.write("leads", [{"id": key} for key in keys])

    assert [row["id"] for row in tables.open("leads").ordered()] == sorted(keys)


def test_keys_are_drawn_without_repetition(tables: Tables) -> None:
    tables.write("leads", [{"id": f"lead-{number}"} for number in range(50)])
    table = tables.open("leads")

    drawn = table.random_keys(10, "seed")

    assert len(set(drawn)) == 10
    assert drawn == table.random_keys(10, "seed")
    assert drawn != table.random_keys(10, "other")


def test_names_are_folded_as_destinations_fold_them(tables: Tables) -> None:
    tables.write("persons", [{"id": 1}], name="Persons")

    assert facts_of(tables.open("persons")).keys == 1
    assert folded("2nd Größe") == "_2nd_gr__e"


def test_the_schema_that_has_the_tables_is_found(tables: Tables) -> None:
    tables.write("persons", [{"id": 1}], schema="Other")
    tables.write("persons", [{"id": 1}, {"id": 2}], schema="pipedrive")
    tables.write("deals", [{"id": 1}], schema="pipedrive")

    assert facts_of(tables.open("persons")).keys == 2
    assert facts_of(tables.open("persons", "other")).keys == 1
    with pytest.raises(WarehouseError, match="no tables in a schema nowhere"):
        tables.open("persons", "nowhere")


def test_a_table_that_is_missing_is_named(tables: Tables) -> None:
    tables.write("persons", [{"id": 1}])

    with pytest.raises(WarehouseError, match="has no table deals"):
        tables.open("deals")


def test_a_table_is_synced_up_to_its_newest_change(tables: Tables) -> None:
    tables.write(
        "deals",
        [
            {"id": 1, "update_time": OLD, "is_archived": True, "_airbyte_extracted_at": LATE},
            {"id": 2, "update_time": NEW, "is_archived": False, "_airbyte_extracted_at": LATE},
        ],
    )

    assert synced_until(tables.open("deals")) == {"archived": OLD, "live": NEW}


def test_a_sync_is_taken_to_have_begun_an_hour_before_its_last_row(tables: Tables) -> None:
    during_the_sync = {"update_time": "2024-06-01T23:59:00Z", "_airbyte_extracted_at": LATE}
    tables.write("persons", [{"id": 1, **during_the_sync}])

    assert synced_until(tables.open("persons")) == {"live": "2024-06-01T23:00:00Z"}


def test_a_warehouse_cannot_be_written(tables: Tables) -> None:
    tables.write("persons", [{"id": 1}])
    database = Database(tables.dest)

    with closing(database), pytest.raises(WarehouseError, match="read-only"):
        database.all(text("CREATE TABLE other (id integer)"))


@pytest.mark.parametrize(
    ("dest", "said"),
    [
        ("mysql://me:hush-hush@127.0.0.1/crm", "--dest is not usable. Write duckdb:///"),
        ("duckdb:///nowhere.duckdb", "There is no DuckDB file nowhere.duckdb"),
        ("nowhere.duckdb", "Run a sync first, or correct --dest"),
        ("postgresql://me:hush-hush@127.0.0.1:1/crm", "The warehouse cannot be read: "),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence_without_password(
    dest: str, said: str
) -> None:
    with pytest.raises(WarehouseError) as caught:
        Warehouse(dest, None, ["persons"])

    assert said in str(caught.value)
    assert "hush-hush" not in str(caught.value)
