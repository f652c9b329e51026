"""An account in a sandbox, and a copy of its rows that is kept up to date as a destination does."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integration_tests.expected_rows import expected_rows
from integration_tests.platform import Output
from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.protocol.manifest import packaged_streams

Row = dict[str, Any]

# what a salesperson edits; each list has several pages
SIZES = {
    "deals": 1_600,
    "persons": 1_200,
    "organizations": 1_100,
    "activities": 1_600,
    "products": 1_050,
    "notes": 1_100,
    "leads": 1_300,
}
STREAMS = list(SIZES)
ARCHIVABLE = ("deals", "leads")
_MERGEABLE = ("deals", "persons", "organizations")
_LISTS = {
    "deals": r"^/api/v2/deals(/archived)?\?",
    "persons": r"^/api/v2/persons\?",
    "organizations": r"^/api/v2/organizations\?",
    "activities": r"^/api/v2/activities\?",
    "products": r"^/api/v2/products\?",
    "notes": r"^/v1/notes\?",
    "leads": r"^/v1/leads(/archived)?\?",
}


@dataclass
class Replica:
    """A sandbox, a connector for it, and the rows that a destination would have."""

    sandbox: RunningSandbox
    connector: Connector
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))

    def change(self, table: str, action: str, count: int) -> None:
        """Change rows in the account, as a salesperson does."""
        self.sandbox.control("mutate", "POST", **_change(table, action, count))

    def change_everything_during_the_next_read(self) -> None:
        """Change rows of each list, in every way, after the second request for the list."""
        for table in STREAMS:
            actions = ["create", "edit", "delete"]
            actions += ["archive", "unarchive"] * (table in ARCHIVABLE)
            actions += ["merge"] * (table in _MERGEABLE)
            for action in actions:
                self.sandbox.control(
                    "faults",
                    "POST",
                    match={"path": _LISTS[table], "from": 2},
                    action={"mutate": _change(table, action, 20), "when": "after"},
                )

    def count_changes(self) -> list[int]:
        """How often each change was made since `change_everything_during_the_next_read`."""
        return [rule["hit"] for rule in self.sandbox.control("faults")]

    def pass_time(self, seconds: int) -> None:
        """Set the clock ahead; rows just created get their `update_time`."""
        self.sandbox.control("clock", "POST", advance=seconds, settle=True)

    def set_latency(self, seconds: float) -> None:
        self.sandbox.control("settings", "POST", latency=seconds)

    def count_requests(self) -> int:
        """How many requests there were since the last call."""
        requests: int = self.sandbox.control("counters")["requests"]
        self.sandbox.control("counters", "DELETE")
        return requests

    def load(self, output: Output, streams: Sequence[str] = STREAMS) -> None:
        """Load emitted rows: for each key the one with the latest change, or else the last one."""
        for stream in streams:
            for row in output.records(stream):
                key = _key(stream, row)
                before = self.rows[stream].get(key, {})
                if update_time(row) >= update_time(before):
                    self.rows[stream][key] = row

    def assert_no_row_is_missing_or_stale(self, streams: Sequence[str] = STREAMS) -> None:
        for stream in streams:
            originals = {_key(stream, row): row for row in expected_rows(self.sandbox, stream)}
            copies = self.rows[stream]
            assert originals.keys() - copies.keys() == set()
            stale = [
                (row, copies[key])
                for key, row in originals.items()
                if any(copies[key].get(column) != value for column, value in row.items())
            ]
            assert stale == []


def update_time(row: Row) -> str:
    return row.get("update_time") or ""


def _key(stream: str, row: Row) -> str:
    return str([row[column] for column in packaged_streams()[stream].primary_key])


def _change(table: str, action: str, count: int) -> Row:
    return {"table": table, "action": action, "count": count, "seed": 3}
