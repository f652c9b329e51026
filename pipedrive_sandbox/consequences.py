"""What else changes in a row because of a change: closing times, archive times, sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.company import COMPANY
from pipedrive_sandbox.errors import bad_request
from pipedrive_sandbox.work_data import links

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_sandbox.sandbox import Sandbox
    from pipedrive_sandbox.store import Row

_LINK_COLUMNS: Final = {
    "deal_ids": "deal_links",
    "person_ids": "person_links",
    "org_ids": "org_links",
}


@dataclass(frozen=True)
class Change:
    """A change about to be made: `before` is empty for a new row, `now` in the table's form."""

    sandbox: Sandbox
    before: Row
    given: Row
    now: str

    def turns(self, name: str) -> bool:
        """Whether the property gets another value."""
        return name in self.given and self.given[name] != self.before.get(name)


def consequences(sandbox: Sandbox, table: str, before: Row, given: Row) -> Row:
    """Return what else changes in a row of `table`."""
    change = Change(sandbox, before, given, sandbox.edits.stamp(table))
    further: Row = {}
    if change.turns("is_archived"):
        archived = given["is_archived"]
        further["archive_time"] = (given.get("archive_time") or change.now) if archived else None
    return further | _BY_TABLE[table](change) if table in _BY_TABLE else further


def _deal(change: Change) -> Row:
    given = change.given
    further: Row = {}
    if given.get("status") not in {None, "open", "won", "lost"}:
        raise bad_request("validation failed: status")
    if change.before and change.turns("status"):
        closed = None if given["status"] == "open" else change.now
        for status in ("won", "lost"):
            at = closed if given["status"] == status else None
            further |= {f"{status}_time": at, f"local_{status}_date": at and at[:10]}
        further |= {"close_time": closed, "local_close_date": closed and closed[:10]}
    if change.turns("stage_id"):
        stage = change.sandbox.store.get("stages", given["stage_id"])
        if stage is None:
            raise bad_request("validation failed: stage_id")
        further |= {"pipeline_id": stage["pipeline_id"], "stage_change_time": change.now}
    if change.before.get("deleted_at") and given.get("is_deleted") is False:
        further["deleted_at"] = None
    return further


def _person(change: Change) -> Row:
    if not change.given.get("name"):
        return {}
    first, _, last = change.given["name"].partition(" ")
    return {"first_name": first, "last_name": last or None}


def _activity(change: Change) -> Row:
    if not change.turns("done"):
        return {}
    return {"marked_as_done_time": change.now if change.given["done"] else None}


def _note(change: Change) -> Row:
    key = change.given.get("user_id")
    if not key:
        return {}
    user = change.sandbox.store.get("users", key) or {}
    nobody = f"nobody@{COMPANY['company_domain']}.example"
    return {
        "user": {
            "email": user.get("email", nobody),
            "icon_url": user.get("icon_url"),
            "is_you": key == 1,
            "name": user.get("name"),
        },
    }


def _deal_product(change: Change) -> Row:
    line = change.before | change.given
    product = change.sandbox.store.get("products", line["product_id"])
    if product is None:
        raise bad_request("validation failed: product_id")
    return {"sum": round(line["item_price"] * line["quantity"], 2), "name": product["name"]}


def _project(change: Change) -> Row:
    further: Row = {
        column: links(change.given[name])
        for name, column in _LINK_COLUMNS.items()
        if change.given.get(name) is not None
    }
    return further | ({"status_change_time": change.now} if change.turns("status") else {})


def _task(change: Change) -> Row:
    further: Row = {}
    if change.turns("is_done"):
        further["marked_as_done_time"] = change.now if change.given["is_done"] else None
    if change.given.get("assignee_ids") is not None:
        further["assignees"] = links(change.given["assignee_ids"])
    return further


_BY_TABLE: Final[dict[str, Callable[[Change], Row]]] = {
    "deals": _deal,
    "persons": _person,
    "activities": _activity,
    "notes": _note,
    "deal_products": _deal_product,
    "projects": _project,
    "tasks": _task,
}
