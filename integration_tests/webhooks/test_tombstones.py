"""The row of a deleted or merged record is its last state in the account, column by column.

What a webhook does not report is what `docs/real-time.md` lists, and the own loader keeps it.
"""

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pytest

from integration_tests.expected_rows import expected_rows
from integration_tests.webhooks.account import Account, running_account
from integration_tests.webhooks.process import running_receiver
from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.unreported_columns import unreported_columns_of
from source_pipedrive.protocol.manifest import packaged_streams
from source_pipedrive.verify.verification import verify
from source_pipedrive.webhooks.targets.target import ExpectedRow

if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte has no release for Python 3.13", allow_module_level=True)
# PyAirbyte imports packages that warn about the version of Python
with warnings.catch_warnings(action="ignore"):
    from source_pipedrive.webhooks.targets.warehouse import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore")

Row = dict[str, Any]

KINDS = {
    spec.name: kind
    for spec in packaged_streams().values()
    if (kind := spec.event_object or spec.deleted_object)
}
"""For each stream with tombstones, what webhooks call its object."""

# in the sandbox
TABLES = {
    "deal_installments": "installments",
    "project_boards": "boards",
    "project_phases": "phases",
}
MERGED = ["deals", "persons", "organizations"]
CASES = [(stream, "delete") for stream in KINDS] + [(stream, "merge") for stream in MERGED]
MARKS = {"is_deleted", "update_time", "merged_into_id", "active_flag", "parent_update_time"}
# the API lists their deletions, with this status
STATUS = {"deals": {"status"}, "projects": {"status", "status_change_time"}}


@dataclass
class Copy:
    """A DuckDB file before and after one row of each stream was deleted, and others merged."""

    account: Account
    gone: dict[tuple[str, str], Any] = field(default_factory=dict)
    last: dict[tuple[str, str], Row] = field(default_factory=dict)
    before: dict[tuple[str, str], Row] = field(default_factory=dict)
    after: dict[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.account.folder / "crm.duckdb"

    def row(self, stream: str, id_: Any) -> Row:
        """Return a row of the table, without what PyAirbyte adds."""
        with duckdb.connect(str(self.file), read_only=True) as opened:
            opened.execute(f"SELECT * FROM {stream} WHERE id = ?", [id_])
            names = [column[0] for column in opened.description or ()]
            (values,) = opened.fetchall()
        return {
            name: value
            for name, value in zip(names, values, strict=True)
            if not name.startswith("_airbyte")
        }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    with (
        running_account(tmp_path_factory.mktemp("account"), deals=60) as account,
        running_receiver(account.inbox_url, port=account.port),
    ):
        account.register()
        found = Copy(account)
        dest = f"duckdb:///{found.file}"
        warehouse = Warehouse(account.config, dest, [*KINDS])
        warehouse.sync(None)
        # what is in the table is the last state in the account
        assert verify(account.config, dest, full=True, is_synced=True).exit_code == 0
        for case in CASES:
            delete(found, *case)
        account.settle()
        warehouse.sync(
            [
                ExpectedRow(stream, str(id_), 0, None, is_deleted=True)
                for (stream, _), id_ in found.gone.items()
            ]
        )
        for case, id_ in found.gone.items():
            found.after[case] = found.row(case[0], id_)
        yield found


def delete(copy: Copy, stream: str, action: str) -> None:
    """Delete or merge a row that is not deleted yet, and remember its last state."""
    rows = {
        row["id"]: row
        for row in expected_rows(copy.account.sandbox, stream)
        if row.get("status") != "deleted"
    }
    table = TABLES.get(stream, stream)
    # other rows may be children of the first row of pipelines, boards, and the like
    ids = sorted(rows)[-2:] if action == "delete" else sorted(rows)[:2]
    chosen = ids[-1:] if action == "delete" else ids
    copy.before[stream, action] = copy.row(stream, chosen[0])
    copy.account.change(table, action, ids=chosen)
    copy.gone[stream, action] = chosen[0]
    copy.last[stream, action] = rows[chosen[0]]


def comparable(value: Any) -> Any:
    """Return JSON parsed, without the names of time zones; null in place of an empty text."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        value = json.loads(value)
    if isinstance(value, dict):
        return {name: comparable(one) for name, one in value.items() if name != "timezone_name"}
    return None if value == "" else value


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Return the columns that have another value, or none any more."""
    return {name for name in before if comparable(before[name]) != comparable(after.get(name))}


@pytest.mark.parametrize(("stream", "action"), CASES)
def test_in_duckdb_a_deleted_row_is_the_last_state_of_the_account(
    copy: Copy, stream: str, action: str
) -> None:
    before, after = copy.before[stream, action], copy.after[stream, action]

    changed = differing(before, after)

    assert after["is_deleted"] is True
    assert changed <= MARKS | STATUS.get(stream, set()) | only_label(stream, before)


@pytest.mark.parametrize(("stream", "action"), [case for case in CASES if case[0] not in STATUS])
def test_a_tombstone_lacks_just_the_columns_that_the_docs_list(
    copy: Copy, stream: str, action: str
) -> None:
    """Of what `read` emits, for the destinations of Airbyte."""
    kind, id_ = KINDS[stream], copy.gone[stream, action]
    assert STREAMS[kind] == stream
    last = copy.last[stream, action]

    (tombstone,) = [
        row for _, row in Deletions(copy.account.inbox_url, kind).rows_after(0) if row["id"] == id_
    ]

    lost = differing(last, tombstone) - MARKS - only_label(stream, last)
    assert lost <= {*unreported_columns_of(stream)}


def only_label(stream: str, row: Row) -> set[str]:
    """Return the columns of labels if a row has several, since webhooks report the first one."""
    labels = comparable(row["label_ids"]) if stream in {"persons", "organizations"} else []
    return {"label_ids", "labels"} if len(labels or ()) > 1 else set()
