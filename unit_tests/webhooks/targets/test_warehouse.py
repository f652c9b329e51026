"""What syncs make of DuckDB: rows that arrive, the newest of each, and no end when it is away."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pipedrive.webhooks.scheduler import DestinationError, SyncFailedError, Wanted
from unit_tests.pipedrive import TOKEN, Api, envelope, error, page, rows, v2_page

# what PyAirbyte imports warns of Python's age
with warnings.catch_warnings(action="ignore"):
    pytest.importorskip("airbyte", reason="PyAirbyte, of the extra `sync`, is not installed here")
    from source_pipedrive.webhooks.targets.warehouse import Warehouse

CONFIG = {"api_key": TOKEN, "custom_fields": "raw", "include_archived": False}
OLD = "2026-05-01T10:00:00Z"
NEW = "2026-05-01T11:00:00Z"

# so does what it calls
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "crm.duckdb"


@pytest.fixture
def warehouse(file: Path) -> Warehouse:
    return Warehouse(CONFIG, f"duckdb:///{file}", ["persons", "pipelines"])


def wanted(id_: int, changed: str | None = NEW, *, is_deleted: bool = False) -> Wanted:
    return Wanted("persons", str(id_), 0, changed, is_deleted=is_deleted)


def persons(*numbers: int, **columns: Any) -> Any:
    return page("persons", rows("persons", numbers, **columns))


def table(file: Path, name: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file)) as opened:
        return opened.table(name).select("id", "name").fetchall()


@contextmanager
def held_by_another(file: Path) -> Iterator[None]:
    """Have another process look at the file, which keeps all others out."""
    program = f"import duckdb; held = duckdb.connect({str(file)!r}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        yield
        other.communicate()


@pytest.mark.parametrize("dest", ["crm.duckdb", "mysql://localhost/crm", "duckdb://", ""])
def test_another_kind_of_destination_is_refused_at_once(dest: str) -> None:
    with pytest.raises(DestinationError, match=r"duckdb:///folder/crm.duckdb"):
        Warehouse(CONFIG, dest, [])


def test_rows_arrive_and_are_seen_to_have(api: Api, warehouse: Warehouse) -> None:
    api.answer("api/v2/persons", persons(7, update_time=OLD), persons(8, update_time=NEW))
    api.answer("api/v2/pipelines", page("pipelines", []))

    with api.reachable():
        warehouse.sync(None)
        before = warehouse.missing([wanted(7), wanted(7, OLD), wanted(8)])
        warehouse.sync({"persons"})
        after = warehouse.missing([wanted(7, OLD), wanted(8), wanted(8, is_deleted=True)])

    assert before == [wanted(7), wanted(8)]
    assert after == [wanted(8, is_deleted=True)]


def test_reference_data_is_read_anew_with_each_sync(
    api: Api, file: Path, warehouse: Warehouse
) -> None:
    before, after = (rows("pipelines", [1], name=name) for name in ("Old name", "New name"))
    api.answer("api/v2/persons", persons())
    api.answer("api/v2/pipelines", page("pipelines", before), page("pipelines", after))

    with api.reachable():
        warehouse.sync(None)
        warehouse.sync({"pipelines"})

    assert table(file, "pipelines") == [(1, "New name")]


def test_definitions_of_custom_fields_are_kept_from_sync_to_sync(api: Api, file: Path) -> None:
    config = CONFIG | {"custom_fields": "columns"}
    warehouse = Warehouse(config, f"duckdb:///{file}", ["persons", "person_fields"])
    for path in ("deal", "organization", "product", "project"):
        api.serve(f"api/v2/{path}Fields", lambda _: v2_page([]))
    api.serve("v1/leadLabels", lambda _: envelope([]))
    api.serve("api/v2/personFields", lambda _: v2_page([]))
    api.answer("api/v2/persons", persons(7, update_time=OLD), persons(8, update_time=NEW))

    with api.reachable():
        warehouse.sync(None)
        before = len(api.asked("api/v2/personFields"))
        warehouse.sync({"persons"})

    assert len(api.asked("api/v2/personFields")) == before


def test_of_each_row_the_newest_version_stays(api: Api, file: Path, warehouse: Warehouse) -> None:
    newer = rows("persons", [7], update_time=NEW, name="new")
    older = rows("persons", [7], update_time=OLD, name="old")
    api.answer("api/v2/persons", page("persons", [*newer, *older]), page("persons", older))
    api.answer("api/v2/pipelines", page("pipelines", []))

    with api.reachable():
        warehouse.sync(None)
        warehouse.sync({"persons"})

    assert table(file, "persons") == [(7, "new")]


def test_a_stream_that_fails_leaves_the_others(
    api: Api, file: Path, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    api.answer("api/v2/persons", error(403, "Scope and URL mismatch"))
    api.answer("api/v2/pipelines", page("pipelines", rows("pipelines", [1])))

    with api.reachable():
        warehouse.sync(None)

    assert table(file, "pipelines") == [(1, None)]
    assert "Stream persons did not come" in caplog.text


def test_a_file_that_another_has_open_is_told_and_costs_no_request(
    api: Api, file: Path, warehouse: Warehouse
) -> None:
    with (
        held_by_another(file),
        api.reachable(),
        pytest.raises(SyncFailedError, match=r"The warehouse does not work: .*lock") as caught,
    ):
        warehouse.sync(None)

    assert api.requests == []
    assert caught.value.seconds == 10
