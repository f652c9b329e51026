"""One edit in Pipedrive costs the price of one row, and the warehouse then has that row."""

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from integration_tests.expected_rows import expected_rows
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.webhooks.targets.target import ExpectedRow

if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte has no release for Python 3.13", allow_module_level=True)
# PyAirbyte imports packages that warn about the version of Python
with warnings.catch_warnings(action="ignore"):
    from source_pipedrive.webhooks.targets.warehouse import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore")

STREAMS = {
    "deals": 1,
    "persons": 1,
    "organizations": 1,
    "activities": 1,
    "products": 1,
    "projects": 1,
    "tasks": 1,
    "pipelines": 1,
    "stages": 1,
    "leads": 2,
    "notes": 2,
    "users": 2,
}
"""What one row costs: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting"""
LINES = {"deal_products": 10, "deal_installments": 10}


def time_column(stream: str) -> str:
    return "modified" if stream == "users" else "update_time"


class Copy:
    """A DuckDB file that is synced from a sandbox."""

    def __init__(self, sandbox: RunningSandbox, file: Path, streams: list[str]) -> None:
        self.sandbox = sandbox
        self._file = file
        self._warehouse = Warehouse(sandbox.config, f"duckdb:///{file}", streams)
        self._warehouse.sync(None)

    def change(self, table: str, action: str = "edit", count: int = 1, **more: Any) -> list[Any]:
        given = {"table": table, "action": action, "count": count, "seed": 5, **more}
        ids: list[Any] = self.sandbox.control("mutate", "POST", **given)["ids"]
        return ids

    def sync(self, stream: str, *ids: Any, parent_id: str | None = None) -> int:
        """Sync these rows, as events would ask for; return the tokens that the sandbox counted."""
        self.sandbox.control("counters", "DELETE")
        cost = self._warehouse.sync(
            [
                ExpectedRow(stream, str(one), 0, None, is_deleted=False, parent_id=parent_id)
                for one in ids
            ]
        )
        tokens: int = self.sandbox.control("counters")["tokens"]
        assert cost.tokens == tokens
        return tokens

    def rows(self, stream: str, *ids: Any) -> list[tuple[Any, Any]]:
        """Return ids and times of change, as they are in DuckDB."""
        time = time_column(stream)
        query = f"SELECT id, epoch({time}) FROM {stream} WHERE id IN ? ORDER BY id"
        with duckdb.connect(str(self._file), read_only=True) as opened:
            return opened.execute(query, [ids]).fetchall()

    def expected(self, stream: str, *ids: Any) -> list[tuple[Any, Any]]:
        """Return the same of the rows in the account."""
        query = "SELECT epoch(?::TIMESTAMPTZ)"
        time = time_column(stream)
        return sorted(
            (row["id"], duckdb.execute(query, [row[time]]).fetchall()[0][0])
            for row in expected_rows(self.sandbox, stream)
            if row["id"] in ids
        )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    with running_sandbox(deals=40, burst=10_000) as sandbox:
        yield Copy(sandbox, tmp_path_factory.mktemp("copy") / "crm.duckdb", [*STREAMS])


@pytest.mark.parametrize("stream", STREAMS)
def test_one_edit_costs_the_price_of_one_row(copy: Copy, stream: str) -> None:
    ids = copy.change(stream)

    assert copy.sync(stream, *ids) == STREAMS[stream]
    assert copy.rows(stream, *ids) == copy.expected(stream, *ids)


def test_many_edits_cost_the_price_of_a_page(copy: Copy) -> None:
    ids = copy.change("persons", count=30)

    assert copy.sync("persons", *ids) == 10
    assert copy.rows("persons", *ids) == copy.expected("persons", *ids)


@pytest.mark.parametrize("lines", [["deal_products"], [*LINES]], ids=",".join)
def test_the_lines_of_a_deal_come_with_it(copy: Copy, tmp_path: Path, lines: list[str]) -> None:
    with_lines = Copy(copy.sandbox, tmp_path / "crm.duckdb", ["deals", *lines])
    ids = with_lines.change("deals")

    assert with_lines.sync("deals", *ids) == 1 + sum(LINES[one] for one in lines)
    assert with_lines.rows("deals", *ids) == with_lines.expected("deals", *ids)


@pytest.mark.parametrize(
    ("stream", "table", "edited"),
    [
        ("deal_products", "deal_products", "name"),
        ("deal_installments", "installments", "description"),
    ],
)
def test_one_edit_of_a_line_costs_the_price_of_the_lines_of_a_deal(
    copy: Copy, tmp_path: Path, stream: str, table: str, edited: str
) -> None:
    lines = Copy(copy.sandbox, tmp_path / "crm.duckdb", [stream])
    (id_,) = lines.change(table)
    (row,) = (row for row in copy.sandbox.rows(stream) if row["id"] == id_)

    assert lines.sync(stream, id_, parent_id=str(row["deal_id"])) == LINES[stream]
    with duckdb.connect(str(tmp_path / "crm.duckdb"), read_only=True) as opened:
        query = f"SELECT {edited} FROM {stream} WHERE id = ?"
        assert opened.execute(query, [id_]).fetchall() == [(row[edited],)]


def test_one_edit_of_a_board_or_of_a_phase_costs_the_price_of_its_lists(
    copy: Copy, tmp_path: Path
) -> None:
    projects = Copy(copy.sandbox, tmp_path / "crm.duckdb", ["project_boards", "project_phases"])
    boards = projects.change("boards")
    phases = projects.change("phases")

    assert projects.sync("project_boards", *boards) == 10
    # phases are listed board by board
    assert projects.sync("project_phases", *phases) == 10 + 10 * len(
        copy.sandbox.rows("project_boards")
    )
    for stream, ids in (("project_boards", boards), ("project_phases", phases)):
        assert projects.rows(stream, *ids) == projects.expected(stream, *ids)
