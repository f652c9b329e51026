"""The API's writes: bodies are validated, rows are changed as production changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from pipedrive_sandbox.consequences import consequences
from pipedrive_sandbox.edits import Cause
from pipedrive_sandbox.errors import bad_request, not_found
from pipedrive_sandbox.sandbox import Operation
from pipedrive_sandbox.tables import TABLES
from pipedrive_sandbox.writables import WRITABLES, Writable, fresh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_sandbox.sandbox import Call, Sandbox
    from pipedrive_sandbox.store import Row

_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "num": (int, float),
    "str": (str,),
    "bool": (bool,),
    "flag": (int, bool),
    "list": (list,),
    "map": (dict,),
}


_NEEDED_LINKS: Final = {
    "leads": ("person_id", "organization_id"),
    "notes": ("lead_id", "deal_id", "person_id", "org_id", "project_id", "task_id"),
}
_MERGED: Final = ("deals", "persons", "organizations")


def write_operations() -> Iterator[Operation]:
    """Yield the writes: create, update, delete of each writable object, and the merges."""
    for each in WRITABLES:
        creating, updating, deleting = (5, 5, 3) if each.is_v2 else (10, 10, 6)
        one = f"{each.path}/{each.one}"
        yield Operation(
            "POST",
            each.path,
            creating,
            _creating(each),
            each.needs,
            each.created,
        )
        yield Operation(each.update, one, updating, _updating(each), each.needs)
        yield Operation("DELETE", one, deleting, _deleting(each), each.needs)
    yield Operation("POST", "/api/v2/projects/{id}/archive", 3, _archiving, "projects")
    for table in _MERGED:
        yield Operation("PUT", f"/v1/{table}/{{id}}/merge", 40, _merging(table))


def success(data: object) -> bytes:
    """Render the envelope of a write's answer."""
    return orjson.dumps({"success": True, "data": data})


def shown(table: str, row: Row) -> Row:
    """Return a row as a write answers it: without what is hidden or optional."""
    kind = TABLES[table]
    return {
        name: value
        for name, value in row.items()
        if name not in kind.hidden and name not in kind.optional
    }


def _creating(each: Writable) -> Callable[[Sandbox, Call], bytes]:
    def run(sandbox: Sandbox, call: Call) -> bytes:
        given = _body(sandbox, each, call)
        for name in each.required:
            if not given.get(name):
                raise bad_request(f"validation failed: {name} is required")
        links = _NEEDED_LINKS.get(each.table)
        if links and not any(given.get(name) for name in links):
            raise bad_request(f"A {each.entity} must be linked to one of {', '.join(links)}")
        if each.parent:
            given[each.parent[1]] = _parent(sandbox, each, call)
        owner = "user_id" if each.table == "notes" else "owner_id"
        mine = {owner: call.profile.user_id} if owner in each.blank else {}
        row = fresh(each.table, {**mine, **given})
        if "custom_fields" in row:
            row["custom_fields"] = _every_custom(sandbox, each.entity, row["custom_fields"])
        row |= consequences(sandbox, each.table, {}, row)
        made = sandbox.edits.create(each.table, row, _cause(call))
        return success(shown(each.table, made))

    return run


def _updating(each: Writable) -> Callable[[Sandbox, Call], bytes]:
    def run(sandbox: Sandbox, call: Call) -> bytes:
        given = _body(sandbox, each, call)
        key = call.path[each.one.strip("{}")]
        before = sandbox.store.get(each.table, key)
        if before is None:
            raise _missing(each)
        if before.get("is_archived") and given.get("is_archived") is not False:
            raise bad_request(f"An archived {each.entity} can not be changed")
        if given.get("is_deleted"):
            sandbox.edits.delete(each.table, key, _cause(call))
            return success(shown(each.table, sandbox.store.get(each.table, key) or before))
        changes = given | consequences(sandbox, each.table, before, given)
        after = sandbox.edits.change(each.table, key, changes, _cause(call))
        return success(shown(each.table, after or before))

    return run


def _deleting(each: Writable) -> Callable[[Sandbox, Call], bytes]:
    def run(sandbox: Sandbox, call: Call) -> bytes:
        key = call.path[each.one.strip("{}")]
        gone = sandbox.edits.delete(each.table, key, _cause(call))
        if gone is None:
            raise _missing(each)
        return success(True if each.table == "notes" else {"id": gone["id"]})

    return run


def _parent(sandbox: Sandbox, each: Writable, call: Call) -> object:
    table = each.parent[0] if each.parent else ""
    if sandbox.store.get(table, call.path["id"]) is None:
        raise not_found()
    return call.path["id"]


def _archiving(sandbox: Sandbox, call: Call) -> bytes:
    archived = sandbox.edits.archive("projects", call.path["id"])
    if archived is None:
        raise not_found("Project not found")
    return success(shown("projects", archived))


def _merging(table: str) -> Callable[[Sandbox, Call], bytes]:
    def run(sandbox: Sandbox, call: Call) -> bytes:
        winner = call.body.get("merge_with_id") if isinstance(call.body, dict) else None
        loser = call.path["id"]
        if not isinstance(winner, int) or winner == loser:
            raise bad_request("validation failed: merge_with_id")
        merged = sandbox.edits.merge(table, loser, winner, _cause(call))
        if merged is None:
            raise not_found()
        kept: Row = {
            name: merged[name]
            for name in ("id", "owner_id", "org_id", "person_id", "title", "name", "status")
            if name in merged
        }
        return success({**kept, "active_flag": True, "merge_what_id": loser})

    return run


def _cause(call: Call) -> Cause:
    return Cause(user_id=call.profile.user_id)


def _missing(each: Writable) -> Exception:
    if each.table == "leads":
        return not_found("requested lead not found")
    return not_found(f"{each.entity.capitalize()} not found")


def _body(sandbox: Sandbox, each: Writable, call: Call) -> Row:
    if not isinstance(call.body, dict):
        raise bad_request("validation failed: body should be an object")
    customs = set(_custom_codes(sandbox, each.entity))
    given: Row = {}
    for name, value in call.body.items():
        if name in each.kinds:
            given[each.renamed.get(name, name)] = _typed(name, value, each.kinds[name])
        elif each.table == "leads" and name.split("_")[0] in customs:
            given[name] = value
        elif each.is_v2:
            raise bad_request(f"validation failed: unknown property '{name}'")
    unknown = set(given.get("custom_fields") or ()) - customs
    if unknown:
        raise bad_request(f"validation failed: custom_fields: unknown key '{unknown.pop()}'")
    return given


def _typed(name: str, value: object, kind: str) -> object:
    mistyped = not isinstance(value, _KINDS[kind]) or (
        isinstance(value, bool) and kind in {"int", "num"}
    )
    if value is not None and mistyped:
        raise bad_request(f"validation failed: {name}: should be of type {kind}")
    return bool(value) if kind == "flag" else value


def _custom_codes(sandbox: Sandbox, entity: str) -> list[str]:
    owner = "deal" if entity == "lead" else entity
    found = sandbox.store.find("fields", "entity = ? AND is_custom_field = 1", [owner])
    return [row["field_code"] for row in found]


def _every_custom(sandbox: Sandbox, entity: str, given: Row) -> Row | None:
    unset: Row = dict.fromkeys(_custom_codes(sandbox, entity))
    return unset | (given or {}) if unset else None
