"""Creates, changes, archives, deletes and merges rows as Pipedrive does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pipedrive_sandbox.changes.consequences import Change, consequences
from pipedrive_sandbox.changes.events import Event
from pipedrive_sandbox.changes.new_rows import new_row
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.store import Row

#: Tables whose deleted rows stay readable for a while. In all others a deleted row is gone.
_KEEPS_DELETED: Final = frozenset({"deals", "projects"})
#: Tables whose new rows get their `update_time` a moment after their creation.
_STAMPED_LATER: Final = frozenset(
    {"deals", "persons", "organizations", "activities", "products", "notes", "leads"},
)
#: Tables whose new rows have no `update_time` until the first change, as recorded on 2026-05-15.
_NOT_STAMPED: Final = frozenset({"pipelines", "stages"})
#: Columns that are moved from the loser of a merge to its winner.
_LINKS: Final = {
    "deals": (("activities", "deal_id"), ("notes", "deal_id")),
    "persons": (("deals", "person_id"), ("activities", "person_id")),
    "organizations": (("deals", "org_id"), ("persons", "org_id")),
}
#: Columns that tell the life of one row: a merge does not copy them.
_OF_ONE_ROW: Final = frozenset(
    {
        "deleted_at",
        "stage_change_time",
        "close_time",
        "won_time",
        "lost_time",
        "first_won_time",
        "local_close_date",
        "local_won_date",
        "local_lost_date",
        "lost_reason",
        "archive_time",
        "source_lead_id",
    },
)
#: The entity whose custom fields the rows of a table have.
_ENTITIES: Final = {
    "deals": "deal",
    "persons": "person",
    "organizations": "organization",
    "products": "product",
    "projects": "project",
}


@dataclass
class Editor:
    """Changes rows, sets their times, and reports each change to the listeners."""

    account: Account
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    _not_yet_stamped: dict[tuple[str, object], float] = field(default_factory=dict)
    _custom_codes: dict[str, list[str]] = field(default_factory=dict)
    _custom_codes_version: int = -1

    def stamp_new_rows(self, *, everything: bool = False) -> None:
        """Set the `update_time` of rows that were created a while ago.

        The value is the instant of the creation, so the row appears in a time window that a
        connector may already have read. Production sets the value asynchronously, too: a create
        event of a webhook has `update_time: null`.
        """
        now = self.account.clock.precise()
        due = [key for key, at in self._not_yet_stamped.items() if everything or at <= now]
        for table, key in due:
            del self._not_yet_stamped[table, key]
            row = self.account.store.get(table, key)
            if row is not None and row["update_time"] is None:
                row["update_time"] = row["add_time"]
                self.account.store.put(table, row)

    def create(self, table: str, given: Mapping[str, Any]) -> Row:
        """Store a new row with the values `given`; its key and its times are set here."""
        row = new_row(table, given)
        if "custom_fields" in row:
            row["custom_fields"] = self._all_custom_fields(table, row["custom_fields"])
        row |= consequences(table, Change(self.account.store, {}, row, self.now(table)))
        kind = TABLES[table]
        if kind.integer_key:
            row = {kind.key or "id": None, **row}
        elif row.get("id") is None:
            row["id"] = str(uuid4())
        if "add_time" in row:
            row["add_time"] = row["add_time"] or self.now(table)
            is_stamped = table not in _STAMPED_LATER | _NOT_STAMPED
            row["update_time"] = row["add_time"] if is_stamped else None
        row = self.account.store.put(table, row)
        if table in _STAMPED_LATER:
            due = self.account.clock.precise() + self.account.settings.update_time_delay
            self._not_yet_stamped[table, row["id"]] = due
        self._report(Event(table, row["id"], row, None, self.account.clock.precise()))
        return row

    def change(
        self,
        table: str,
        key: object,
        given: Mapping[str, Any],
        *,
        merged_from: object = None,
    ) -> Row | None:
        """Set the properties `given` and the time of the change; None if there is no such row."""
        store = self.account.store
        before = store.get(table, key)
        if before is None:
            return None
        change = Change(store, before, dict(given), self.now(table))
        after = {**before, **given, **consequences(table, change)}
        if "custom_fields" in given and isinstance(before.get("custom_fields"), dict):
            after["custom_fields"] = before["custom_fields"] | (given["custom_fields"] or {})
        time_of_change = TABLES[table].time_of_change
        if time_of_change in after:
            after[time_of_change] = self.now(table)
        self._not_yet_stamped.pop((table, key), None)
        store.put(table, after)
        instant = self.account.clock.precise()
        self._report(Event(table, key, after, before, instant, merged_from=merged_from))
        return after

    def delete(self, table: str, key: object, *, merged_to: object = None) -> Row | None:
        """Delete a row; return its last state, or None if there is no such row."""
        store = self.account.store
        before = store.get(table, key)
        if before is None or before.get("deleted_at"):
            return None
        if table == "users":
            # Pipedrive deactivates a user, and its webhooks report that as a change
            self.change(table, key, {"active_flag": False, "is_deleted": True})
            return before
        if table == "projects":
            for task in list(store.find("tasks", "project_id = ?", [key])):
                self.delete("tasks", task["id"])
        self._not_yet_stamped.pop((table, key), None)
        if table in _KEEPS_DELETED:
            now = self.now(table)
            marks: Row = {"deleted_at": now, "update_time": now}
            if "is_deleted" in before:
                marks["is_deleted"] = True
            if table == "projects":
                marks["status"] = "deleted"
            store.put(table, {**before, **marks})
        else:
            store.remove(table, f"{TABLES[table].key} = ?", [key])
        instant = self.account.clock.precise()
        self._report(Event(table, key, None, before, instant, merged_to=merged_to))
        return before

    def merge(self, table: str, loser: object, winner: object) -> Row | None:
        """Merge `loser` into `winner`, which keeps its values and gets those that it lacks."""
        store = self.account.store
        lost, kept = store.get(table, loser), store.get(table, winner)
        if lost is None or kept is None:
            return None
        missing = {
            name: content
            for name, content in lost.items()
            if kept.get(name) is None and content is not None and name not in _OF_ONE_ROW
        }
        for child, column in _LINKS.get(table, ()):
            for row in list(store.find(child, f"{column} = ?", [loser])):
                self.change(child, row["id"], {column: winner})
        self.delete(table, loser, merged_to=winner)
        return self.change(table, winner, missing, merged_from=loser)

    def now(self, table: str) -> str:
        """Return the current time in the format of a table."""
        return TABLES[table].stamp.text(self.account.clock.now())

    def _all_custom_fields(self, table: str, given: Row | None) -> Row | None:
        """Return the value of each custom field of a row, null where none is given."""
        version = self.account.store.versions["fields"]
        if version != self._custom_codes_version:
            self._custom_codes.clear()
            self._custom_codes_version = version
        if table not in self._custom_codes:
            where = "entity = ? AND is_custom_field = 1"
            found = self.account.store.find("fields", where, [_ENTITIES[table]])
            self._custom_codes[table] = [row["field_code"] for row in found]
        values: Row = dict.fromkeys(self._custom_codes[table])
        return values | (given or {}) if values else None

    def _report(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)
