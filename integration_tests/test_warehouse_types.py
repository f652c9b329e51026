"""`source_pipedrive.pyairbyte` loads every column with its SQL type and its values.

The account has a custom field of every type. PyAirbyte takes ten seconds to import, so all tests
share one import, and one sync into each warehouse.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from integration_tests.platform import Output
from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from unit_tests.inbox.postgres import running_postgres

pytestmark = [
    pytest.mark.skipif(sys.version_info >= (3, 13), reason="PyAirbyte has no release for 3.13"),
    # PyAirbyte ends a check with SIGTERM once it has the result, and then reports that as a failure
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <generator object Executor.execute"
        ":pytest.PytestUnraisableExceptionWarning"
    ),
]

STREAMS = ["deals", "leads", "notes", "products"]
# their texts look like numbers, which PyAirbyte's own PostgresCache takes them for
STREAMS += ["call_logs", "organizations", "persons", "projects", "users"]
SQL_TYPES = {
    "DuckDB": {
        "boolean": "BOOLEAN",
        "date": "DATE",
        "integer": "BIGINT",
        "json": "JSON",
        "number": "DECIMAL(38,9)",
        "text": "VARCHAR",
        "time": "TIMESTAMP",
        "time of day": "TIME",
    },
    "PostgreSQL": {
        "boolean": "boolean",
        "date": "date",
        "integer": "bigint",
        "json": "json",
        "number": "numeric",
        "text": "character varying",
        "time": "timestamp without time zone",
        "time of day": "time without time zone",
    },
}
# columns of deals and leads, by kind of type
CUSTOM_COLUMNS = {
    "date": "renewal_date contract_period contract_period_until",
    "integer": "contract_type_id catalogue_item_id grosse_908cd3b2_id 2nd_choice_id "
    "account_manager partner_organization decision_maker call_time_timezone_id "
    "delivery_window_timezone_id",
    "json": "fields regions regions_ids",
    "number": "budget score grosse_de0d1623",
    "time of day": "call_time delivery_window delivery_window_until",
    "text": "contract_type catalogue_item grosse_908cd3b2 2nd_choice budget_currency account_code "
    "briefing hotline reference_number grosse_85ccd965 rocket_fire select id gukefanhao "
    "call_time_timezone delivery_window_timezone "
    f"{'long_' * 11}l "
    "site_address site_address_subpremise site_address_street_number site_address_route "
    "site_address_sublocality site_address_locality site_address_admin_area_level_1 "
    "site_address_admin_area_level_2 site_address_country site_address_postal_code",
}
# Pipedrive writes update_time in three forms: those of deals, notes, and leads
BUILT_IN_COLUMNS = {
    "deals": {
        "id": "integer",
        "title": "text",
        "value": "number",
        "is_archived": "boolean",
        "expected_close_date": "date",
        "update_time": "time",
        "label_ids": "json",
        "labels": "json",
        "custom_fields": "json",
    },
    "leads": {"id": "text", "value": "json", "labels": "json", "update_time": "time"},
    "notes": {"id": "integer", "content": "text", "update_time": "time"},
    "products": {"id": "integer", "category": "text", "prices": "json", "update_time": "time"},
    "call_logs": {"id": "text", "from_phone_number": "text", "duration": "integer"},
    "users": {"id": "integer", "phone": "text", "is_admin": "boolean"},
}

Row = dict[str, Any]
# how a database client returns a JSON value, by kind of type
CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "date": date.fromisoformat,
    "number": lambda value: Decimal(str(value)),
    "time": lambda text: datetime.fromisoformat(text).replace(tzinfo=None),
    "time of day": time.fromisoformat,
}


@dataclass(frozen=True)
class Warehouse:
    """A warehouse after a sync: its SQL types by stream and column, its rows by stream and id."""

    name: str
    types: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, Mapping[Any, Row]]

    def kinds(self, stream: str) -> dict[str, str]:
        names = {sql: kind for kind, sql in SQL_TYPES[self.name].items()}
        return {column: names.get(sql, sql) for column, sql in self.types[stream].items()}


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    """An account in which nothing changes; its clock stands still."""
    with running_sandbox(deals=60, burst=10_000) as running:
        running.control("clock", "POST", freeze=True)
        yield running


@pytest.fixture(scope="module")
def emitted(account: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Output:
    return Connector(tmp_path_factory.mktemp("emitted"), account.config).run("read", STREAMS)


@pytest.fixture(scope="module")
def pyairbyte() -> Any:
    with warnings.catch_warnings():
        # its dependencies emit warnings
        warnings.simplefilter("ignore")
        # other tests in this process expect that it leaves no files in the current folder
        import_module("source_pipedrive.webhooks.targets.service_settings")
        return import_module("source_pipedrive.pyairbyte")


@pytest.fixture(scope="module")
def source(pyairbyte: Any, account: RunningSandbox) -> Any:
    return pyairbyte.get_source(account.config, streams=STREAMS)


@pytest.fixture(scope="module", params=SQL_TYPES)
def warehouse(
    request: pytest.FixtureRequest,
    pyairbyte: Any,
    source: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Warehouse]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("warehouse")
        if request.param == "PostgreSQL":
            server = stack.enter_context(running_postgres())
            opened = pyairbyte.PostgresCache(
                host="127.0.0.1",
                port=server.port,
                username="postgres",
                # the server does not ask for one
                password="p@ss/w%rd",
                database=server.new_database().rpartition("/")[2],
                schema_name="pipedrive",
                cache_dir=folder,
            )
        else:
            opened = pyairbyte.DuckDBCache(db_path=folder / "pipedrive.duckdb", cache_dir=folder)
        cache = stack.enter_context(opened)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source.read(cache=cache)
        types: dict[str, dict[str, str]] = {stream: {} for stream in STREAMS}
        for row in cache.run_sql_query(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = '{cache.schema_name}' AND table_name IN"
            f" ({', '.join(repr(stream) for stream in STREAMS)})"
        ):
            types[row["table_name"]][row["column_name"]] = row["data_type"]
        rows = {
            stream: {
                row["id"]: dict(row)
                for row in cache.run_sql_query(f"SELECT * FROM {cache.schema_name}.{stream}")
            }
            for stream in STREAMS
        }
        yield Warehouse(request.param, types, rows)


@pytest.mark.parametrize("stream", ["deals", "leads"])
def test_columns_of_custom_fields_have_their_sql_types(stream: str, warehouse: Warehouse) -> None:
    kinds = warehouse.kinds(stream)
    expected = {
        f"custom_{name}": kind for kind, names in CUSTOM_COLUMNS.items() for name in names.split()
    }
    if stream == "leads":
        # API v1 gives no names of time zones
        expected = {name: kind for name, kind in expected.items() if not name.endswith("_timezone")}

    assert {name: kind for name, kind in kinds.items() if name.startswith("custom_")} == expected


@pytest.mark.parametrize("stream", BUILT_IN_COLUMNS)
def test_built_in_columns_have_their_sql_types(stream: str, warehouse: Warehouse) -> None:
    kinds = warehouse.kinds(stream)

    assert {name: kinds[name] for name in BUILT_IN_COLUMNS[stream]} == BUILT_IN_COLUMNS[stream]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_warehouse_has_the_values_that_the_connector_emitted(
    stream: str, warehouse: Warehouse, emitted: Output
) -> None:
    kinds = warehouse.kinds(stream)
    columns = [name for name in kinds if not name.startswith("_airbyte")]

    def expected_value(row: Row, column: str) -> Any:
        value, convert = row.get(column), CONVERSIONS.get(kinds[column])
        return value if value is None or convert is None else convert(value)

    def loaded_value(row: Row, column: str) -> Any:
        value = row[column]
        return json.loads(value) if kinds[column] == "json" and isinstance(value, str) else value

    expected = {
        row["id"]: {column: expected_value(row, column) for column in columns}
        for row in emitted.records(stream)
    }
    assert expected
    assert {
        key: {column: loaded_value(row, column) for column in columns}
        for key, row in warehouse.rows[stream].items()
    } == expected


def test_every_custom_column_has_a_value_in_some_row(emitted: Output) -> None:
    """Otherwise, the test of values does not cover it."""
    names = {f"custom_{name}" for text in CUSTOM_COLUMNS.values() for name in text.split()}
    seen = {column for row in emitted.records("deals") for column in row if row[column] is not None}

    # no address in the sandbox has this part
    assert names - seen == {"custom_site_address_admin_area_level_2"}
