"""Syncs into DuckDB: rows arrive, the newest version of each stays, and failures do not end it."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks.targets.target import (
    ExpectedRow,
    SyncFailedError,
    SyncPostponedError,
    TargetError,
)
from unit_tests.inbox.deliveries import an_event
from unit_tests.pipedrive import TOKEN, Api, envelope, error, page, rows, v2_page

if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte has no release for Python 3.13", allow_module_level=True)
# PyAirbyte imports packages that warn about the version of Python
with warnings.catch_warnings(action="ignore"):
    from source_pipedrive.webhooks.targets.warehouse import Warehouse

CONFIG = {"api_key": TOKEN, "custom_fields": "raw", "include_archived": False}
OLD = "2026-05-01T10:00:00Z"
NEW = "2026-05-01T11:00:00Z"

# the same packages warn when they are called
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "crm.duckdb"


@pytest.fixture
def warehouse(file: Path) -> Warehouse:
    return Warehouse(CONFIG, f"duckdb:///{file}", ["persons", "pipelines"])


def expected(id_: int, changed: str | None = NEW, *, is_deleted: bool = False) -> ExpectedRow:
    return ExpectedRow("persons", str(id_), 0, changed, is_deleted=is_deleted)


def persons(*numbers: int, **columns: Any) -> Any:
    return page("persons", rows("persons", numbers, **columns))


def person(number: int, **columns: Any) -> Any:
    (row,) = rows("persons", [number], **columns)
    return envelope(row)


def table(file: Path, name: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file)) as opened:
        return opened.table(name).select("id", "name").fetchall()


@contextmanager
def held_by_another(file: Path) -> Iterator[None]:
    """Open the file in another process, which locks it."""
    program = f"import duckdb; held = duckdb.connect({str(file)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        yield
        other.communicate()


@pytest.mark.parametrize("dest", ["crm.duckdb", "mysql://localhost/crm", "duckdb://", ""])
def test_an_unknown_kind_of_destination_is_rejected(dest: str) -> None:
    with pytest.raises(TargetError, match=r"duckdb:///folder/crm.duckdb"):
        Warehouse(CONFIG, dest, [])


def test_missing_returns_the_rows_that_have_not_arrived_in_the_expected_version(
    api: Api, warehouse: Warehouse
) -> None:
    api.answer("api/v2/persons", persons(7, update_time=OLD))
    api.answer("api/v2/persons/8", person(8, update_time=NEW))
    api.answer("api/v2/pipelines", page("pipelines", []))

    with api.reachable():
        warehouse.sync(None)
        before = warehouse.missing([expected(7), expected(7, OLD), expected(8)])
        warehouse.sync([expected(8)])
        after = warehouse.missing([expected(7, OLD), expected(8), expected(8, is_deleted=True)])

    assert before == [expected(7), expected(8)]
    assert after == [expected(8, is_deleted=True)]


def test_a_new_row_has_arrived_before_pipedrive_set_its_time_of_change(
    api: Api, warehouse: Warehouse
) -> None:
    api.answer("api/v2/persons", persons(7, update_time=None))
    api.answer("api/v2/pipelines", page("pipelines", []))
    new = replace(expected(7), is_new=True)

    with api.reachable():
        warehouse.sync(None)
        missing = warehouse.missing([new, expected(7)])

    assert missing == [expected(7)]


def test_a_sync_after_the_reserve_was_reached_asks_whether_a_new_day_has_begun(
    api: Api, file: Path
) -> None:
    """1,000 tokens a day, of which 100 are left to others."""
    warehouse = Warehouse(CONFIG, f"duckdb:///{file}", ["persons"])
    empty = {"x_daily_ratelimit_token_limit": 1000, "x_daily_ratelimit_token_remaining": 101}
    full = {**empty, "x_daily_ratelimit_token_remaining": 1000}
    first_page = page("persons", rows("persons", [7]), more=True)
    api.answer("api/v2/persons", first_page.with_headers(**empty))
    api.answer("api/v2/persons/8", person(8).with_headers(**full))
    api.answer("api/v2/persons/9", person(9).with_headers(**full))

    with api.reachable():
        with pytest.raises(SyncPostponedError, match="Stopped to keep 10%"):
            warehouse.sync(None)
        first = warehouse.sync([expected(8)])
        second = warehouse.sync([expected(9)])

    assert (first.left, second.left) == (999, 998)


def test_changed_reference_data_is_read_by_its_id(
    api: Api, file: Path, warehouse: Warehouse
) -> None:
    before, after = (rows("pipelines", [1], name=name) for name in ("Old name", "New name"))
    api.answer("api/v2/persons", persons())
    api.answer("api/v2/pipelines", page("pipelines", before))
    api.answer("api/v2/pipelines/1", envelope(after[0]))

    with api.reachable():
        warehouse.sync(None)
        warehouse.sync([ExpectedRow("pipelines", "1", 0, NEW, is_deleted=False)])

    assert table(file, "pipelines") == [(1, "New name")]


def test_a_copied_deal_is_marked_as_archived_and_no_other_archived_deal_is_copied(
    api: Api, file: Path
) -> None:
    """As with lists, `include_archived: false` costs no token for rows that are not copied."""
    warehouse = Warehouse(CONFIG, f"duckdb:///{file}", ["deals"])
    api.answer("api/v2/deals", v2_page(rows("deals", [1], is_archived=False)))
    api.answer("api/v2/deals/1", envelope(rows("deals", [1], is_archived=True)[0]))
    archived = [
        ExpectedRow("deals", id_, 0, NEW, is_deleted=False, is_archived=True) for id_ in "12"
    ]

    with api.reachable():
        warehouse.sync(None)
        cost = warehouse.sync(archived)

    with duckdb.connect(str(file)) as opened:
        assert opened.table("deals").select("id", "is_archived").fetchall() == [(1, True)]
    assert cost.tokens == 1
    # neither is requested again and again
    assert warehouse.missing(archived) == []


def test_a_file_that_is_synced_often_does_not_grow(api: Api, file: Path) -> None:
    def used_blocks() -> int:
        with duckdb.connect(str(file)) as opened:
            (size,) = opened.execute("SELECT used_blocks FROM pragma_database_size()").fetchall()
        return int(size[0])

    warehouse = Warehouse(CONFIG, f"duckdb:///{file}", ["persons"])
    api.answer("api/v2/persons", persons(7))
    api.serve("api/v2/persons/7", lambda _: person(7, update_time=NEW))
    sizes = []
    with api.reachable():
        warehouse.sync(None)
        for _ in range(12):
            warehouse.sync([expected(7)])
            sizes.append(used_blocks())

    assert max(sizes) <= sizes[1] + 2


def test_field_definitions_are_kept_from_sync_to_sync(api: Api, file: Path) -> None:
    config = CONFIG | {"custom_fields": "columns"}
    warehouse = Warehouse(config, f"duckdb:///{file}", ["persons", "person_fields"])
    for path in ("deal", "organization", "product", "project"):
        api.serve(f"api/v2/{path}Fields", lambda _: v2_page(rows("deal_fields", [1])))
    api.serve("v1/leadLabels", lambda _: envelope([]))
    api.serve("api/v2/personFields", lambda _: v2_page(rows("person_fields", [1])))
    api.answer("api/v2/persons", persons(7, update_time=OLD))
    api.answer("api/v2/persons/8", person(8, update_time=NEW))

    with api.reachable():
        warehouse.sync(None)
        before = len(api.asked("api/v2/personFields"))
        warehouse.sync([expected(8)])

    assert len(api.asked("api/v2/personFields")) == before


@pytest.mark.parametrize("database", ["duckdb", "postgresql"])
def test_the_newest_version_of_each_row_stays(
    api: Api, file: Path, request: pytest.FixtureRequest, database: str
) -> None:
    if database == "duckdb":
        dest = f"duckdb:///{file}"
    else:
        dest = request.getfixturevalue("postgres").new_database()
    warehouse = Warehouse(CONFIG, dest, ["persons"])
    newer = rows("persons", [7], update_time=NEW, name="new")
    older = rows("persons", [7], update_time=OLD, name="old")
    api.answer("api/v2/persons", page("persons", [*newer, *older]))
    api.answer("api/v2/persons/7", envelope(older[0]))

    with api.reachable():
        warehouse.sync(None)
        warehouse.sync([expected(7)])

    if database == "duckdb":
        found = table(file, "persons")
    else:
        with psycopg.connect(dest) as opened:
            found = opened.execute("SELECT id, name FROM pipedrive.persons").fetchall()
    assert found == [(7, "new")]


def test_a_failing_stream_does_not_stop_the_others(
    api: Api, file: Path, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    api.answer("api/v2/persons", error(403, "Scope and URL mismatch"))
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", [1])))

    with api.reachable():
        warehouse.sync(None)

    assert table(file, "pipelines") == [(1, None)]
    assert "Stream persons could not be synced" in caplog.text


def test_a_locked_file_fails_the_sync_before_any_request(
    api: Api, file: Path, warehouse: Warehouse
) -> None:
    with (
        held_by_another(file),
        api.reachable(),
        pytest.raises(SyncFailedError, match=r"The warehouse cannot be written: .*lock") as caught,
    ):
        warehouse.sync(None)

    assert api.requests == []
    assert caught.value.seconds == 10


def test_a_table_that_cannot_be_written_fails_the_sync_and_is_named(
    api: Api, file: Path, warehouse: Warehouse
) -> None:
    api.answer("api/v2/persons", persons(7, name="Ada"))
    api.answer("api/v2/persons/7", person(7, name="Ada"))
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", [1])))
    with api.reachable():
        warehouse.sync(None)
        with duckdb.connect(str(file)) as opened:
            opened.execute("ALTER TABLE persons RENAME TO people")
            opened.execute("CREATE VIEW persons AS SELECT * FROM people")

        with pytest.raises(SyncFailedError, match=r"cannot be written: \w+ in persons") as caught:
            warehouse.sync([expected(7)])

    assert "Ada" not in str(caught.value)


def test_a_deleted_row_keeps_its_last_values(api: Api, file: Path, tmp_path: Path) -> None:
    inbox_url = f"sqlite:///{tmp_path}/inbox.db"
    warehouse = Warehouse({**CONFIG, "webhook_inbox": inbox_url}, f"duckdb:///{file}", ["persons"])
    live = rows("persons", [7], update_time=OLD, name="Ada", job_title="CTO", files_count=3)
    reported = {"id": 7, "name": "Ada", "add_time": live[0].get("add_time")}
    api.answer("api/v2/persons", page("persons", live))

    with api.reachable(), Inbox(inbox_url) as inbox:
        inbox.prepare()
        warehouse.sync(None)
        before = whole_row(file)
        inbox.append([an_event("delete", entity="person", entity_id=7, at=NEW, previous=reported)])
        warehouse.sync([expected(7, is_deleted=True)])
        after = whole_row(file)

    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"is_deleted", "update_time"}
    assert (after["job_title"], after["files_count"], after["is_deleted"]) == ("CTO", 3, True)


def whole_row(file: Path) -> dict[str, Any]:
    """Return the only person, without PyAirbyte's columns."""
    with duckdb.connect(str(file)) as opened:
        found = opened.execute("SELECT * FROM persons")
        names = [column[0] for column in found.description or ()]
        (values,) = found.fetchall()
    row = dict(zip(names, values, strict=True))
    return {name: value for name, value in row.items() if not name.startswith("_airbyte")}
