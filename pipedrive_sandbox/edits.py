"""Changes to rows as Pipedrive makes them, whoever asks: a write endpoint or a control route."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.clock import Clock
    from pipedrive_sandbox.settings import Settings
    from pipedrive_sandbox.store import Row, Store

#: Rows that stay visible as deleted for a while; all other deletions vanish.
TOMBSTONED: Final = frozenset({"deals", "projects"})
#: Tables whose rows get their `update_time` a moment after they were created.
STAMPED_LATER: Final = frozenset(
    {"deals", "persons", "organizations", "activities", "products", "notes", "leads"},
)
#: Tables whose new rows have no `update_time` until someone edits them. Facts §7.3.
NEVER_STAMPED: Final = frozenset({"pipelines", "stages"})


@dataclass(frozen=True)
class Cause:
    """Why a row changes: who did it, in bulk or not, where, and the other row of a merge."""

    user_id: int = 1
    bulk: bool = False
    source: str = "api"
    merged_to: object = None
    merged_from: object = None


@dataclass(frozen=True)
class Event:
    """One change: `current` is None after a deletion, `previous` None after a creation."""

    table: str
    action: str
    key: object
    current: Row | None
    previous: Row | None
    cause: Cause
    instant: float
    id: str = field(default_factory=lambda: str(uuid4()))
    correlation_id: str = field(default_factory=lambda: str(uuid4()))


BY_ADMIN: Final = Cause()


@dataclass
class Editor:
    """Creates, changes, deletes and merges rows, stamps them, and tells listeners."""

    store: Store
    clock: Clock
    settings: Settings
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    _unstamped: dict[tuple[str, object], float] = field(default_factory=dict)

    def settle(self, *, everything: bool = False) -> None:
        """Give rows created a while ago their `update_time`: the instant of their creation.

        So a new row enters a window that a reader may already have left: production sets the
        value asynchronously, and a reader without look-back loses such rows (facts §7.3).
        """
        now = self.clock.precise()
        due = [key for key, at in self._unstamped.items() if everything or at <= now]
        for table, key in due:
            del self._unstamped[table, key]
            row = self.store.get(table, key)
            if row is not None and row["update_time"] is None:
                row["update_time"] = row["add_time"]
                self.store.put(table, row)

    def create(self, table: str, row: Row, cause: Cause = BY_ADMIN) -> Row:
        """Store a new row; its key, `add_time` and `update_time` are set here."""
        kind = TABLES[table]
        if kind.integer_key:
            row = {kind.key or "id": None, **row}
        elif row.get("id") is None:
            row = {**row, "id": str(uuid4())}
        if "add_time" in row:
            row["add_time"] = row["add_time"] or self.stamp(table)
            untouched = table in STAMPED_LATER | NEVER_STAMPED
            row["update_time"] = None if untouched else row["add_time"]
        row = self.store.put(table, row)
        if table in STAMPED_LATER:
            due = self.clock.precise() + self.settings.update_time_delay
            self._unstamped[table, row["id"]] = due
        self._tell(table, row["id"], row, None, cause)
        return row

    def change(
        self,
        table: str,
        key: object,
        changes: Mapping[str, Any],
        cause: Cause = BY_ADMIN,
    ) -> Row | None:
        """Apply `changes` and bump `update_time`; None where there is no such row."""
        before = self.store.get(table, key)
        if before is None:
            return None
        after = {**before, **changes}
        if "custom_fields" in changes and isinstance(before.get("custom_fields"), dict):
            after["custom_fields"] = before["custom_fields"] | (changes["custom_fields"] or {})
        bumped = TABLES[table].bumped
        if bumped in after:
            after[bumped] = self.stamp(table)
        self._unstamped.pop((table, key), None)
        self.store.put(table, after)
        self._tell(table, key, after, before, cause)
        return after

    def archive(self, table: str, key: object, *, archived: bool = True) -> Row | None:
        """Move a deal, lead or project into, or out of, its archive."""
        moment = self.stamp(table) if archived else None
        return self.change(table, key, {"is_archived": archived, "archive_time": moment})

    def delete(self, table: str, key: object, cause: Cause = BY_ADMIN) -> Row | None:
        """Delete a row; return its last state, None where there is none."""
        before = self.store.get(table, key)
        if before is None or before.get("deleted_at"):
            return None
        gone: Row
        if table == "users":
            # a user who goes is deactivated, and webhooks tell it as a change
            gone = {"active_flag": False, "is_deleted": True}
            return self.change(table, key, gone, cause) and before
        if table == "projects":
            for task in list(self.store.find("tasks", "project_id = ?", [key])):
                self.delete("tasks", task["id"], cause)
        self._unstamped.pop((table, key), None)
        if table in TOMBSTONED:
            moment = self.stamp(table)
            gone = {"deleted_at": moment, "update_time": moment}
            if "is_deleted" in before:
                gone["is_deleted"] = True
            if table == "projects":
                gone["status"] = "deleted"
            self.store.put(table, {**before, **gone})
        else:
            self.store.remove(table, f"{TABLES[table].key} = ?", [key])
        self._tell(table, key, None, before, cause)
        return before

    def merge(
        self,
        table: str,
        loser: object,
        winner: object,
        cause: Cause = BY_ADMIN,
    ) -> Row | None:
        """Merge `loser` into `winner`: the winner's values stand, its gaps are filled."""
        lost, kept = self.store.get(table, loser), self.store.get(table, winner)
        if lost is None or kept is None:
            return None
        fills = {
            name: content
            for name, content in lost.items()
            if kept.get(name) is None and content is not None and name != "deleted_at"
        }
        self._relink(table, loser, winner)
        self.delete(table, loser, replace(cause, merged_to=winner))
        return self.change(table, winner, fills, replace(cause, merged_from=loser))

    def stamp(self, table: str) -> str:
        """Return the current instant in the form of a table."""
        return TABLES[table].stamp.text(self.clock.now())

    def _relink(self, table: str, loser: object, winner: object) -> None:
        links = {
            "deals": (("activities", "deal_id"), ("notes", "deal_id")),
            "persons": (("deals", "person_id"), ("activities", "person_id")),
            "organizations": (("deals", "org_id"), ("persons", "org_id")),
        }
        for child, column in links.get(table, ()):
            for row in list(self.store.find(child, f"{column} = ?", [loser])):
                self.change(child, row["id"], {column: winner})

    def _tell(
        self,
        table: str,
        key: object,
        current: Row | None,
        previous: Row | None,
        cause: Cause,
    ) -> None:
        action = "delete" if current is None else "change" if previous else "create"
        instant = self.clock.precise()
        for listener in self.listeners:
            listener(Event(table, action, key, current, previous, cause, instant))
