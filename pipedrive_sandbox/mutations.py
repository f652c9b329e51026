"""Changes to many rows at once, for tests and the demo: the control route `mutate`."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.tables import TABLES
from pipedrive_sandbox.writables import BLANKS, fresh

if TYPE_CHECKING:
    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.store import Row

ACTIONS: Final = ("create", "edit", "archive", "unarchive", "delete", "merge")
_NAMES: Final = ("title", "name", "subject", "content", "comments", "description")


class MisuseError(ValueError):
    """A control request that makes no sense; its text says why."""


def mutate(sandbox: Sandbox, given: Row) -> Row:
    """Apply one action to `count` rows drawn by `seed`, or to those of `ids`; return their ids.

    A merge takes pairs: loser, winner.
    """
    table, action = given["table"], given["action"]
    tables = BLANKS if action == "create" else [each for each in TABLES if TABLES[each].key == "id"]
    if table not in tables or action not in ACTIONS:
        raise MisuseError(f"tables: {', '.join(sorted(tables))}; actions: {', '.join(ACTIONS)}")
    sandbox.edits.settle()
    rng = Random(given.get("seed", 0))
    count = int(given.get("count", 1))
    changes: Row = given.get("set") or {}
    if action == "create":
        rows = [
            sandbox.edits.create(table, fresh(table, _named(table, rng) | changes))
            for _ in range(count)
        ]
        return {"ids": [row["id"] for row in rows]}
    pairs = action == "merge" and not given.get("ids")
    chosen = given.get("ids") or _sample(sandbox, table, action, rng, count + count * pairs)
    return {"ids": _apply(sandbox, table, action, chosen, changes)}


def _named(table: str, rng: Random) -> Row:
    name = next(name for name in _NAMES if name in BLANKS[table])
    return {name: f"Sandbox {table} {rng.randrange(10**6)}"}


def _sample(sandbox: Sandbox, table: str, action: str, rng: Random, count: int) -> list[Any]:
    columns = TABLES[table].columns
    where = "deleted_at = ''" if "deleted_at" in columns else "1"
    if action in {"archive", "unarchive", "edit"} and "is_archived" in columns:
        where += f" AND is_archived = {int(action == 'unarchive')}"
    keys = [key for (key,) in sandbox.store.select(f"SELECT id FROM {table} WHERE {where}")]
    return rng.sample(keys, min(len(keys), count))


def _apply(sandbox: Sandbox, table: str, action: str, chosen: list[Any], changes: Row) -> list[Any]:
    edits = sandbox.edits
    if action == "merge":
        pairs = list(zip(chosen[::2], chosen[1::2], strict=False))
        for loser, winner in pairs:
            edits.merge(table, loser, winner)
        return [list(pair) for pair in pairs]
    for key in chosen:
        if action == "edit":
            edits.change(table, key, changes or _touched(sandbox, table, key))
        elif action == "delete":
            edits.delete(table, key)
        else:
            edits.archive(table, key, archived=action == "archive")
    return chosen


def _touched(sandbox: Sandbox, table: str, key: object) -> Row:
    row = sandbox.store.get(table, key) or {}
    name = next(name for name in _NAMES if name in row)
    plain = re.sub(r" \(edit \d+\)$", "", row[name] or "")
    return {name: f"{plain} (edit {sandbox.store.version})"}
