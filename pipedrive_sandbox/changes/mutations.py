"""Changes to many rows at once: what the control route `/__sandbox/mutate` does."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.changes.custom_fields import change_field, create_field, delete_field
from pipedrive_sandbox.changes.new_rows import DEFAULTS
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from pipedrive_sandbox.changes.editor import Editor
    from pipedrive_sandbox.store import Row

ACTIONS: Final = ("create", "edit", "archive", "unarchive", "delete", "merge")
#: What an edit without `set` changes: the first of these that a row has.
_NAMES: Final = ("title", "name", "subject", "content", "comments", "description")


class MisuseError(ValueError):
    """A control request that cannot be carried out; the text says why."""


def mutate(editor: Editor, given: Row) -> Row:
    """Apply one action to `count` rows drawn by `seed`, or to those of `ids`; return their ids.

    A merge takes pairs of ids: loser, winner. Custom fields are the table `fields`.
    """
    table, action = given["table"], given["action"]
    changes: Row = given.get("set") or {}
    editor.stamp_new_rows()
    if table == "fields":
        return {"ids": _mutate_fields(editor, action, given.get("ids", ()), changes)}
    tables = (
        DEFAULTS if action == "create" else [each for each in TABLES if TABLES[each].key == "id"]
    )
    if table not in tables or action not in ACTIONS:
        raise MisuseError(f"tables: {', '.join(sorted(tables))}; actions: {', '.join(ACTIONS)}")
    rng = Random(given.get("seed", 0))
    count = int(given.get("count", 1))
    if action == "create":
        return {
            "ids": [
                editor.create(table, _random_name(table, rng) | changes)["id"] for _ in range(count)
            ],
        }
    drawn = 2 * count if action == "merge" else count
    ids = given.get("ids") or _draw(editor, table, action, rng, drawn)
    return {"ids": _apply(editor, table, action, ids, changes)}


def _mutate_fields(editor: Editor, action: str, codes: list[str], changes: Row) -> list[str]:
    if action == "create":
        return [create_field(editor.account, changes)]
    for code in codes:
        if action == "edit":
            change_field(editor.account, code, changes)
        elif action == "delete":
            delete_field(editor.account, code)
        else:
            raise MisuseError("actions on fields: create, edit, delete")
    return codes


def _random_name(table: str, rng: Random) -> Row:
    name = next(name for name in _NAMES if name in DEFAULTS[table])
    return {name: f"Sandbox {table} {rng.randrange(10**6)}"}


def _draw(editor: Editor, table: str, action: str, rng: Random, count: int) -> list[Any]:
    columns = TABLES[table].columns
    where = "deleted_at = ''" if "deleted_at" in columns else "1"
    if action in {"archive", "unarchive", "edit"} and "is_archived" in columns:
        where += f" AND is_archived = {int(action == 'unarchive')}"
    rows = editor.account.store.select(f"SELECT id FROM {table} WHERE {where}")
    return rng.sample([key for (key,) in rows], min(len(rows), count))


def _apply(editor: Editor, table: str, action: str, ids: list[Any], changes: Row) -> list[Any]:
    if action == "merge":
        pairs = list(zip(ids[::2], ids[1::2], strict=False))
        for loser, winner in pairs:
            editor.merge(table, loser, winner)
        return [list(pair) for pair in pairs]
    for key in ids:
        if action == "edit":
            editor.change(table, key, changes or _new_name(editor, table, key))
        elif action == "delete":
            editor.delete(table, key)
        else:
            editor.change(table, key, {"is_archived": action == "archive"})
    return ids


def _new_name(editor: Editor, table: str, key: object) -> Row:
    row = editor.account.store.get(table, key) or {}
    name = next(name for name in _NAMES if name in row)
    plain = re.sub(r" \(edit \d+\)$", "", row[name] or "")
    return {name: f"{plain} (edit {editor.account.store.version})"}
