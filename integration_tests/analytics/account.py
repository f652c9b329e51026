"""A made-up account that changed, and the tables that a warehouse has of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipedrive_sandbox.__main__ import build_sandbox, parse
from pipedrive_sandbox.changes.mutations import mutate
from pipedrive_sandbox.control.expected_rows import expected_rows

if TYPE_CHECKING:
    from pathlib import Path

    from pipedrive_sandbox.changes.events import Event
    from pipedrive_sandbox.sandbox import Sandbox

Row = dict[str, Any]
START = "2026-03-04T05:06:07Z"
STREAMS = [
    "deals",
    "persons",
    "organizations",
    "activities",
    "products",
    "leads",
    "notes",
    "deal_products",
    "deal_installments",
    "pipelines",
    "stages",
    "users",
    "currencies",
    "activity_types",
    "goals",
    "deal_fields",
    "deal_changelog",
]
#: Streams whose deletions and merges webhooks report.
REPORTED = ("deals", "persons", "organizations", "activities", "products", "leads", "notes")


@dataclass
class Account:
    """The rows of the account now, and what the tables contain besides."""

    now: datetime
    rows: dict[str, list[Row]]
    #: (stream, id) of a merged record -> id of the record that it was merged into.
    merges: dict[tuple[str, Any], Any] = field(default_factory=dict)
    tombstones: dict[str, list[Row]] = field(default_factory=dict)
    outdated: dict[str, list[Row]] = field(default_factory=dict)

    def tables(self) -> dict[str, list[Row]]:
        """Return the tables of a connection that appends: also outdated rows and tombstones."""
        early, late = str(self.now - timedelta(hours=2)), str(self.now)
        return {
            stream: [
                *(row | {"_airbyte_extracted_at": late} for row in self.tombstones.get(stream, ())),
                *(row | {"_airbyte_extracted_at": late} for row in rows),
                *(row | {"_airbyte_extracted_at": early} for row in self.outdated.get(stream, ())),
            ]
            for stream, rows in self.rows.items()
        }


def changed_account(path: Path, deals: int) -> Account:
    """Return an account of so many deals in which a sales team edited, merged, and deleted."""
    sandbox = build_sandbox(parse(["--deals", str(deals), "--now", START]), path)
    before = _rows(sandbox)
    merges: dict[tuple[str, Any], Any] = {}

    def note_merge(event: Event) -> None:
        if event.merged_to is not None:
            merges[event.table, event.key] = event.merged_to

    sandbox.editor.listeners.append(note_merge)
    sandbox.clock.freeze()
    _change(sandbox)
    sandbox.editor.stamp_new_rows(everything=True)
    after = _rows(sandbox)
    now = datetime.fromisoformat(START).replace(tzinfo=None) + timedelta(days=1)
    sandbox.store.close()
    tombstones = {}
    for stream in REPORTED:
        present = {row["id"] for row in after[stream] if not row.get("is_deleted")}
        tombstones[stream] = [
            row | {"is_deleted": True, "merged_into_id": merges.get((stream, row["id"]))}
            for row in before[stream]
            if row["id"] not in present
        ]
    outdated = {stream: before[stream][:40] for stream in REPORTED}
    return Account(now, after, merges, tombstones, outdated)


def _rows(sandbox: Sandbox) -> dict[str, list[Row]]:
    rows = {stream: list(expected_rows(sandbox.account, stream)) for stream in STREAMS}
    for number, row in enumerate(rows["deal_changelog"]):
        row["id"] = f"{number:08d}"
    return rows


def _change(sandbox: Sandbox) -> None:
    def change(table: str, action: str, **more: Any) -> None:
        sandbox.clock.advance(3_600)
        mutate(sandbox.editor, {"table": table, "action": action, **more})

    change("deals", "edit", ids=[2, 3, 4, 5], set={"status": "won"})
    change("deals", "edit", ids=[3, 4], set={"status": "open"})
    change("deals", "edit", ids=[4, 6], set={"status": "lost", "lost_reason": "Price"})
    change("deals", "edit", ids=[7, 8], set={"stage_id": 9})
    change("deals", "edit", ids=[9], set={"pipeline_id": 3, "owner_id": 2})
    change("deals", "create", count=2, set={"status": "won", "value": 50})
    change("activities", "create", count=2, set={"deal_id": 4, "done": True})
    for table in ("deals", "persons", "organizations"):
        change(table, "merge", ids=[11, 12, 12, 13])
        change(table, "delete", ids=[20, 21])
    change("leads", "delete", count=2)
    change("notes", "delete", count=2)
    change("deals", "archive", count=4)
