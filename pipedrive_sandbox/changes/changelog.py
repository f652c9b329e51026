"""The change logs of deals, persons, organizations and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from pipedrive_sandbox.changes.events import AUTHOR
from pipedrive_sandbox.clock import Stamp

if TYPE_CHECKING:
    from pipedrive_sandbox.changes.events import Event
    from pipedrive_sandbox.store import Row, Store

_ENTITIES: Final = {"deals": "deal", "persons": "person", "organizations": "organization"}
_NOT_LOGGED: Final = frozenset({"update_time", "deleted_at", "custom_fields"})


def changed_values(event: Event) -> dict[str, tuple[object, object]]:
    """Return the old and the new value of each property that changed."""
    current, previous = event.current or {}, event.previous or {}
    changed = {
        name: (previous.get(name), value)
        for name, value in current.items()
        if name not in _NOT_LOGGED and previous.get(name) != value
    }
    new, old = current.get("custom_fields") or {}, previous.get("custom_fields") or {}
    return changed | {
        code: (old.get(code), value) for code, value in new.items() if old.get(code) != value
    }


def record(store: Store, event: Event) -> None:
    """Append a change to the log of its deal, person, organization or project."""
    if event.action != "change":
        return
    changed = changed_values(event)
    source = {"change_source": "api", "change_source_user_agent": None}
    if event.table == "projects" and changed:
        row: Row = {
            **source,
            "time": Stamp.MILLIS.text(int(event.instant)),
            "new_values": {name: new for name, (_, new) in changed.items()},
            "old_values": {name: old for name, (old, _) in changed.items()},
            "actor_user_id": AUTHOR,
            "project_id": event.key,
        }
        store.put("project_changes", row)
    elif event.table in _ENTITIES:
        for name, (old, new) in changed.items():
            row = {
                "field_key": name,
                "old_value": _text(old),
                "new_value": _text(new),
                "actor_user_id": AUTHOR,
                "time": Stamp.V1.text(int(event.instant)),
                **source,
                "is_bulk_update_flag": False,
                "entity": _ENTITIES[event.table],
                "parent_id": event.key,
            }
            store.put("changes", row)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
