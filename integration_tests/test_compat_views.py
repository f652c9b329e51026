"""The views of `compat/` have the official connector's streams, columns, and types."""

import sys
from collections.abc import Iterator, Mapping

import duckdb
import psycopg
import pytest
from duckdb import DuckDBPyConnection

from docs.compat import OURS, THEIRS, views
from docs.official import OfficialStream, official_streams, our_types
from integration_tests.warehouses import empty_warehouse
from pipedrive_sandbox.client import running_sandbox
from unit_tests.inbox.postgres import running_postgres

STREAMS = list(dict.fromkeys(stream.ours for stream in official_streams()))
# what Airbyte's destination for PostgreSQL makes of our types
POSTGRES_TYPES = {
    "array": "jsonb",
    "boolean": "boolean",
    "date": "date",
    "integer": "bigint",
    "number": "numeric",
    "object": "jsonb",
    "text": "varchar",
    "time": "time",
    "timestamptz": "timestamptz",
}
SQL_TYPES = {
    "array": {"JSON"},
    "boolean": {"BOOLEAN"},
    "date": {"DATE"},
    # a number may have been declared an integer, and the other way round
    "integer": {"BIGINT", "INTEGER", "DECIMAL(38,9)"},
    "number": {"BIGINT", "INTEGER", "DECIMAL(38,9)"},
    "object": {"JSON"},
    "text": {"VARCHAR"},
    "timestamp": {"TIMESTAMP"},
    "timestamptz": {"TIMESTAMP"},
}
# our types of these stay, as the page on the switch says
OTHER_TYPES = {("text", "timestamptz"), ("integer", "text")}
CONDITIONS = {
    "deals": "WHERE NOT is_archived",
    "deals_archived": "WHERE is_archived",
    "leads": "WHERE NOT is_archived",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    """A synced account in DuckDB with all views."""
    folder = tmp_path_factory.mktemp("compat")
    with (
        running_sandbox(deals=40, burst=10_000) as sandbox,
        empty_warehouse("DuckDB", sandbox, folder) as synced,
    ):
        synced.sync(STREAMS)
    with duckdb.connect(folder / "crm.duckdb") as connection:
        connection.execute(f"CREATE SCHEMA {THEIRS}")
        for _, text in views():
            connection.execute(text.replace(f"FROM {OURS}.", "FROM main."))
        yield connection


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13")
# the packages of PyAirbyte warn, and it ends the connector with a signal
@pytest.mark.filterwarnings("ignore")
def test_every_view_has_the_official_columns_with_our_values(warehouse: DuckDBPyConnection) -> None:
    for stream in official_streams():
        view = f'{THEIRS}."{stream.name}"'
        columns = warehouse.execute(f"DESCRIBE {view}").fetchall()
        types = {name: str(kind) for name, kind, *_ in columns if not name.startswith("_airbyte")}
        ours = {one.name: one.ours if one.our_type else "NULL" for one in stream}

        assert list(types) == list(stream.columns)
        assert wrong_types(stream, types) == {}
        assert counts(warehouse, view, {name: name for name in ours}) == counts(
            warehouse, f"main.{stream.ours} {CONDITIONS.get(stream.name, '')}", ours
        )


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13")
@pytest.mark.filterwarnings("ignore")
def test_the_views_of_live_and_archived_deals_are_all_deals(warehouse: DuckDBPyConnection) -> None:
    tables = ["main.deals", f"{THEIRS}.deals", f"{THEIRS}.deals_archived"]
    every, live, archived = (counts(warehouse, table, {"id": "id"})["id"] for table in tables)

    assert live > 0
    assert archived > 0
    assert live + archived == every


def wrong_types(stream: OfficialStream, types: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The columns of a view whose type is neither the official one nor one that we keep."""
    return {
        one.name: (one.type, types[one.name])
        for one in stream
        if (one.type, one.our_type) not in OTHER_TYPES
        and types[one.name] not in SQL_TYPES.get(one.type, {types[one.name]})
    }


def counts(warehouse: DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> dict[str, int]:
    """How many rows have a value, for each name of a column or NULL."""
    selected = ", ".join(
        "count(NULL)" if column == "NULL" else f'count("{column}")' for column in columns.values()
    )
    row = warehouse.execute(f"SELECT {selected} FROM {table}").fetchone()
    assert row
    return dict(zip(columns, row, strict=True))


def test_postgresql_accepts_every_view() -> None:
    with running_postgres() as server, psycopg.connect(server.new_database()) as connection:
        for schema in (OURS, THEIRS):
            connection.execute(f"CREATE SCHEMA {schema}")
        for stream in STREAMS:
            columns = {name: POSTGRES_TYPES[kind] for name, kind in our_types(stream).items()}
            columns |= {
                "_airbyte_raw_id": "varchar",
                "_airbyte_extracted_at": "timestamptz",
                "_airbyte_meta": "jsonb",
            }
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {OURS}.{stream} ({declared})")
        for file, text in views():
            connection.execute(text)
            connection.execute(f'SELECT * FROM {THEIRS}."{file.stem}"')
