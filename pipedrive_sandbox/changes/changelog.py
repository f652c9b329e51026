"""Appends changes to the change logs of deals, persons, organizations and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.changes.events import AUTHOR
from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.data.edits import Edit
from pipedrive_sandbox.data.history import log_row

if TYPE_CHECKING:
    from pipedrive_sandbox.changes.events import Event
    from pipedrive_sandbox.store import Row, Store

_ENTITIES: Final = {"deals": "deal", "persons": "person", "organizations": "organization"}
#: Properties that follow from others, from activities, or from a deletion.
_NOT_LOGGED: Final = frozenset(
    {
        "update_time",
        "deleted_at",
        "is_deleted",
        "custom_fields",
        "stage_change_time",
        "close_time",
        "won_time",
        "lost_time",
        "first_won_time",
        "local_close_date",
        "local_won_date",
        "local_lost_date",
        "archive_time",
        "status_change_time",
    },
)


def record(store: Store, event: Event) -> None:
    """Append a change to the log of its deal, person, organization or project."""
    edits = _edits(event)
    if event.table == "projects" and edits:
        row: Row = {
            "change_source": "api",
            "change_source_user_agent": None,
            "time": Stamp.MILLIS.text(int(event.instant)),
            "new_values": {edit.name: edit.new for edit in edits},
            "old_values": {edit.name: edit.old for edit in edits},
            "actor_user_id": AUTHOR,
            "project_id": event.key,
        }
        store.put("project_changes", row)
    elif event.table in _ENTITIES:
        for edit in edits:
            store.put("changes", log_row(_ENTITIES[event.table], event.key, edit))


def _edits(event: Event) -> list[Edit]:
    """Return what changed, by property; of a deleted project, its status."""
    previous = event.previous or {}
    current = event.current or {}
    if event.action == "create":
        return []
    if event.action == "delete":
        current = {"status": "deleted"} if event.table == "projects" else {}
    old = {**previous, **(previous.get("custom_fields") or {})}
    new = {**current, **(current.get("custom_fields") or {})}
    return [
        Edit(int(event.instant), name, old.get(name), value, AUTHOR)
        for name, value in new.items()
        if name not in _NOT_LOGGED and old.get(name) != value
    ]
