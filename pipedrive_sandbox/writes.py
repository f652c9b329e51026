"""The API's writes on core objects: what a body may hold, and what a new row looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from pipedrive_sandbox.company import COMPANY
from pipedrive_sandbox.edits import Cause
from pipedrive_sandbox.errors import bad_request, not_found
from pipedrive_sandbox.sandbox import Operation
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


@dataclass(frozen=True)
class Writable:
    """An object that can be written: `accepts` is `name:kind` for each property of a body."""

    table: str
    entity: str
    path: str
    accepts: str
    required: tuple[str, ...]
    blank: Mapping[str, Any]
    created: int = 200
    update: str = "PATCH"

    @property
    def kinds(self) -> dict[str, str]:
        """Return the kind of each property that a body may hold."""
        return dict(item.split(":") for item in self.accepts.split())

    @property
    def is_v2(self) -> bool:
        """Whether the strict rules of v2 hold."""
        return self.path.startswith("/api/v2")


_CONTACT: Final = "owner_id:int add_time:str visible_to:int label_ids:list custom_fields:map"
WRITABLES: Final = (
    Writable(
        "deals",
        "deal",
        "/api/v2/deals",
        "title:str owner_id:int person_id:int org_id:int pipeline_id:int stage_id:int value:num "
        "currency:str is_deleted:bool is_archived:bool archive_time:str status:str "
        "probability:num lost_reason:str visible_to:int close_time:str won_time:str "
        "lost_time:str expected_close_date:str label_ids:list custom_fields:map",
        ("title",),
        {
            "title": None,
            "creator_user_id": 1,
            "owner_id": 1,
            "person_id": None,
            "org_id": None,
            "pipeline_id": 1,
            "stage_id": 1,
            "value": 0,
            "currency": "EUR",
            "add_time": None,
            "update_time": None,
            "stage_change_time": None,
            "status": "open",
            "is_archived": False,
            "is_deleted": False,
            "deleted_at": None,
            "probability": None,
            "lost_reason": None,
            "visible_to": 3,
            "close_time": None,
            "won_time": None,
            "lost_time": None,
            "local_won_date": None,
            "local_lost_date": None,
            "local_close_date": None,
            "expected_close_date": None,
            "label_ids": [],
            "origin": "API",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "archive_time": None,
            "acv": None,
            "arr": None,
            "mrr": None,
            "custom_fields": {},
        },
    ),
    Writable(
        "persons",
        "person",
        "/api/v2/persons",
        f"name:str org_id:int emails:list phones:list postal_address:map notes:str im:list "
        f"birthday:str job_title:str marketing_status:str {_CONTACT}",
        ("name",),
        {
            "name": None,
            "first_name": None,
            "last_name": None,
            "owner_id": 1,
            "org_id": None,
            "add_time": None,
            "update_time": None,
            "emails": [],
            "phones": [],
            "is_deleted": False,
            "visible_to": 3,
            "label_ids": [],
            "picture_id": None,
            "postal_address": None,
            "notes": None,
            "im": [],
            "birthday": None,
            "job_title": None,
            "custom_fields": {},
        },
    ),
    Writable(
        "organizations",
        "organization",
        "/api/v2/organizations",
        f"name:str address:map website:str linkedin:str industry:int annual_revenue:int "
        f"employee_count:int {_CONTACT}",
        ("name",),
        {
            "name": None,
            "owner_id": 1,
            "add_time": None,
            "update_time": None,
            "is_deleted": False,
            "visible_to": 3,
            "address": None,
            "label_ids": [],
            "website": None,
            "linkedin": None,
            "industry": None,
            "annual_revenue": None,
            "employee_count": None,
            "custom_fields": {},
        },
    ),
    Writable(
        "activities",
        "activity",
        "/api/v2/activities",
        "subject:str type:str owner_id:int deal_id:int lead_id:str person_id:int org_id:int "
        "project_id:int due_date:str due_time:str duration:str busy:bool done:bool location:map "
        "participants:list attendees:list public_description:str priority:int note:str",
        (),
        {
            "subject": "Call",
            "type": "call",
            "owner_id": 1,
            "creator_user_id": 1,
            "is_deleted": False,
            "add_time": None,
            "update_time": None,
            "deal_id": None,
            "lead_id": None,
            "person_id": None,
            "org_id": None,
            "project_id": None,
            "due_date": None,
            "due_time": None,
            "duration": None,
            "busy": False,
            "done": False,
            "marked_as_done_time": None,
            "location": None,
            "participants": [],
            "conference_meeting_client": None,
            "conference_meeting_url": None,
            "conference_meeting_id": None,
            "public_description": None,
            "priority": None,
            "note": None,
            "outcome": None,
            "attendees": None,
        },
    ),
    Writable(
        "products",
        "product",
        "/api/v2/products",
        "name:str code:str description:str unit:str tax:num category:num owner_id:int "
        "is_linkable:bool visible_to:int prices:list custom_fields:map billing_frequency:str "
        "billing_frequency_cycles:int",
        ("name",),
        {
            "name": None,
            "code": None,
            "description": None,
            "unit": "",
            "tax": 0,
            "category": None,
            "is_linkable": True,
            "is_deleted": False,
            "visible_to": 3,
            "owner_id": 1,
            "add_time": None,
            "update_time": None,
            "billing_frequency": "one-time",
            "billing_frequency_cycles": None,
            "prices": [],
            "custom_fields": {},
        },
        created=201,
    ),
    Writable(
        "notes",
        "note",
        "/v1/notes",
        "content:str lead_id:str deal_id:int person_id:int org_id:int project_id:int task_id:int "
        "user_id:int add_time:str pinned_to_lead_flag:flag pinned_to_deal_flag:flag "
        "pinned_to_organization_flag:flag pinned_to_person_flag:flag pinned_to_project_flag:flag "
        "pinned_to_task_flag:flag",
        ("content",),
        {
            "active_flag": True,
            "add_time": None,
            "update_time": None,
            "content": None,
            "lead_id": None,
            "deal_id": None,
            "person_id": None,
            "org_id": None,
            "project_id": None,
            "task_id": None,
            "deal": None,
            "lead": None,
            "person": None,
            "organization": None,
            "project": None,
            "task": None,
            "pinned_to_lead_flag": False,
            "pinned_to_deal_flag": False,
            "pinned_to_organization_flag": False,
            "pinned_to_person_flag": False,
            "pinned_to_project_flag": False,
            "pinned_to_task_flag": False,
            "user_id": 1,
            "user": None,
            "last_update_user_id": None,
        },
        update="PUT",
    ),
    Writable(
        "leads",
        "lead",
        "/v1/leads",
        "title:str owner_id:int label_ids:list person_id:int organization_id:int value:map "
        "expected_close_date:str visible_to:str was_seen:bool is_archived:bool origin_id:str "
        "channel:int channel_id:str",
        ("title",),
        {
            "id": None,
            "title": None,
            "owner_id": 1,
            "creator_id": 1,
            "label_ids": [],
            "value": None,
            "expected_close_date": None,
            "person_id": None,
            "organization_id": None,
            "is_archived": False,
            "archive_time": None,
            "source_name": "API",
            "source_deal_id": None,
            "origin": "API",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "was_seen": False,
            "next_activity_id": None,
            "add_time": None,
            "update_time": None,
            "visible_to": "3",
            "cc_email": "nordlicht+lead@pipedrivemail.example",
        },
        created=201,
    ),
)
BLANKS: Final = {each.table: each.blank for each in WRITABLES}
_LINKS: Final = {
    "leads": ("person_id", "organization_id"),
    "notes": ("lead_id", "deal_id", "person_id", "org_id", "project_id", "task_id"),
}
_MERGED: Final = ("deals", "persons", "organizations")


def fresh(table: str, given: Mapping[str, Any]) -> Row:
    """Return a new row of a table: every property that the API shows, with those `given`."""
    row = {**BLANKS[table], **given}
    row |= dict.fromkeys((name for name in TABLES[table].optional if name not in row), None)
    for name in TABLES[table].optional:
        if name.endswith("_count"):
            row[name] = 0
    if table == "persons" and row["first_name"] is None:
        first, _, last = str(row["name"]).partition(" ")
        row |= {"first_name": first, "last_name": last or None}
    return row


def write_operations() -> Iterator[Operation]:
    """Yield the writes: create, update, delete of each writable object, and the merges."""
    for each in WRITABLES:
        creating, updating, deleting = (5, 5, 3) if each.is_v2 else (10, 10, 6)
        one = f"{each.path}/{{id}}"
        yield Operation("POST", each.path, creating, _creating(each), status=each.created)
        yield Operation(each.update, one, updating, _updating(each))
        yield Operation("DELETE", one, deleting, _deleting(each))
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
        links = _LINKS.get(each.table)
        if links and not any(given.get(name) for name in links):
            raise bad_request(f"A {each.entity} must be linked to one of {', '.join(links)}")
        owner = "user_id" if each.table == "notes" else "owner_id"
        row = fresh(each.table, {owner: call.profile.user_id, **given})
        if "custom_fields" in row:
            row["custom_fields"] = _every_custom(sandbox, each.entity, row["custom_fields"])
        row |= _consequences(sandbox, each.table, {}, row)
        made = sandbox.edits.create(each.table, row, _cause(call))
        return success(shown(each.table, made))

    return run


def _updating(each: Writable) -> Callable[[Sandbox, Call], bytes]:
    def run(sandbox: Sandbox, call: Call) -> bytes:
        given = _body(sandbox, each, call)
        before = sandbox.store.get(each.table, call.path["id"])
        if before is None:
            raise _missing(each)
        if before.get("is_archived") and given.get("is_archived") is not False:
            raise bad_request(f"An archived {each.entity} can not be changed")
        if given.pop("is_deleted", None):
            sandbox.edits.delete(each.table, call.path["id"], _cause(call))
        changes = given | _consequences(sandbox, each.table, before, given)
        after = sandbox.edits.change(each.table, call.path["id"], changes, _cause(call))
        return success(shown(each.table, after or before))

    return run


def _deleting(each: Writable) -> Callable[[Sandbox, Call], bytes]:
    def run(sandbox: Sandbox, call: Call) -> bytes:
        gone = sandbox.edits.delete(each.table, call.path["id"], _cause(call))
        if gone is None:
            raise _missing(each)
        return success(True if each.table == "notes" else {"id": gone["id"]})

    return run


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
    given: Row = dict(call.body)
    customs: set[str] | None = None
    for name in list(given):
        kind = each.kinds.get(name)
        if kind is None:
            if customs is None:
                customs = set(_custom_codes(sandbox, each.entity))
            if each.table == "leads" and name.split("_")[0] in customs:
                continue
            if each.is_v2:
                raise bad_request(f"validation failed: unknown property '{name}'")
            del given[name]
            continue
        value = given[name]
        mistyped = not isinstance(value, _KINDS[kind]) or (
            isinstance(value, bool) and kind in {"int", "num"}
        )
        if value is not None and mistyped:
            raise bad_request(f"validation failed: {name}: should be of type {kind}")
        if kind == "flag":
            given[name] = bool(value)
    unknown = set(given.get("custom_fields") or ()) - set(_custom_codes(sandbox, each.entity))
    if unknown:
        raise bad_request(f"validation failed: custom_fields: unknown key '{unknown.pop()}'")
    return given


def _custom_codes(sandbox: Sandbox, entity: str) -> list[str]:
    owner = "deal" if entity == "lead" else entity
    found = sandbox.store.find("fields", "entity = ? AND is_custom_field = 1", [owner])
    return [row["field_code"] for row in found]


def _every_custom(sandbox: Sandbox, entity: str, given: Row) -> Row | None:
    unset: Row = dict.fromkeys(_custom_codes(sandbox, entity))
    return unset | (given or {}) if unset else None


def _consequences(  # noqa: C901 - one condition per rule
    sandbox: Sandbox,
    table: str,
    before: Row,
    given: Row,
) -> Row:
    """Return what else changes because of a change."""
    now = sandbox.edits.stamp(table)
    further: Row = {}
    archived = given.get("is_archived")
    if archived is not None and archived != before.get("is_archived"):
        further["archive_time"] = (given.get("archive_time") or now) if archived else None
    if table == "deals":
        if given.get("status") not in {None, "open", "won", "lost"}:
            raise bad_request("validation failed: status")
        if given.get("status", before.get("status")) != before.get("status") and before:
            closed = None if given["status"] == "open" else now
            for status in ("won", "lost"):
                at = closed if given["status"] == status else None
                further |= {f"{status}_time": at, f"local_{status}_date": at and at[:10]}
            further |= {"close_time": closed, "local_close_date": closed and closed[:10]}
        if given.get("stage_id", before.get("stage_id")) != before.get("stage_id"):
            stage = sandbox.store.get("stages", given["stage_id"])
            if stage is None:
                raise bad_request("validation failed: stage_id")
            further |= {"pipeline_id": stage["pipeline_id"], "stage_change_time": now}
        if before.get("deleted_at") and given.get("is_deleted") is False:
            further["deleted_at"] = None
    if table == "activities" and given.get("done", before.get("done")) != before.get("done"):
        further["marked_as_done_time"] = now if given["done"] else None
    if table == "notes" and given.get("user_id"):
        user = sandbox.store.get("users", given["user_id"]) or {}
        further["user"] = {
            "email": user.get("email", f"nobody@{COMPANY['company_domain']}.example"),
            "icon_url": user.get("icon_url"),
            "is_you": given["user_id"] == 1,
            "name": user.get("name"),
        }
    if table == "persons" and given.get("name"):
        first, _, last = given["name"].partition(" ")
        further |= {"first_name": first, "last_name": last or None}
    return further
