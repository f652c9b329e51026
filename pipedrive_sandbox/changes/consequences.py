"""Properties that change because another one does: closing times, archive times, sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.data.company import COMPANY

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_sandbox.store import Row, Store

_DEAL_STATUSES: Final = ("open", "won", "lost")


@dataclass(frozen=True)
class Change:
    """A change that is about to be made: `before` is empty for a new row.

    `now` is the current time in the table's format.
    """

    store: Store
    before: Row
    given: Row
    now: str

    def alters(self, name: str) -> bool:
        """Whether the property gets another value."""
        return name in self.given and self.given[name] != self.before.get(name)


def consequences(table: str, change: Change) -> Row:
    """Return the further properties that a change of a row of `table` sets."""
    further: Row = {}
    if change.alters("is_archived"):
        is_archived = change.given["is_archived"]
        further["archive_time"] = change.now if is_archived else None
    return further | _BY_TABLE[table](change) if table in _BY_TABLE else further


def _deal(change: Change) -> Row:
    given = change.given
    further: Row = {}
    if change.alters("status"):
        further |= _closing(change)
    if change.alters("stage_id"):
        stage = change.store.get("stages", given["stage_id"])
        if stage is None:
            raise ValueError(f"There is no stage {given['stage_id']}.")
        further["pipeline_id"] = stage["pipeline_id"]
    elif change.alters("pipeline_id"):
        where, order = "json_extract(body, '$.pipeline_id') = ?", "order_nr"
        first = next(change.store.find("stages", where, [given["pipeline_id"]], order), None)
        if first is None:
            raise ValueError(f"There is no pipeline {given['pipeline_id']} with stages.")
        further["stage_id"] = first["id"]
    if change.before and (change.alters("stage_id") or "stage_id" in further):
        # null until a deal is moved for the first time
        further["stage_change_time"] = change.now
    if change.before.get("deleted_at") and given.get("is_deleted") is False:
        further["deleted_at"] = None
    return further


def _closing(change: Change) -> Row:
    """Return the times of a deal that is won, lost, or reopened."""
    status = change.given["status"]
    if status not in _DEAL_STATUSES:
        raise ValueError(f"A deal is {', '.join(_DEAL_STATUSES)}, not {status}.")
    closed = None if status == "open" else change.now
    further: Row = {"close_time": closed, "local_close_date": closed and closed[:10]}
    for each in ("won", "lost"):
        at = closed if status == each else None
        further |= {f"{each}_time": at, f"local_{each}_date": at and at[:10]}
    if status == "won":
        further["first_won_time"] = change.before.get("first_won_time") or change.now
    if status != "lost":
        further["lost_reason"] = None
    return further


def _person(change: Change) -> Row:
    if not change.alters("name"):
        return {}
    first, _, last = str(change.given["name"]).partition(" ")
    return {"first_name": first, "last_name": last or None}


def _activity(change: Change) -> Row:
    if not change.alters("done"):
        return {}
    return {"marked_as_done_time": change.now if change.given["done"] else None}


def _note(change: Change) -> Row:
    if not change.alters("user_id"):
        return {}
    key = change.given["user_id"]
    user = change.store.get("users", key) or {}
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
    further: Row = {}
    if change.alters("item_price") or change.alters("quantity"):
        line = change.before | change.given
        further["sum"] = round(line["item_price"] * line["quantity"], 2)
    if change.alters("product_id"):
        product = change.store.get("products", change.given["product_id"])
        if product is None:
            raise ValueError(f"There is no product {change.given['product_id']}.")
        further["name"] = product["name"]
    return further


def _project(change: Change) -> Row:
    return {"status_change_time": change.now} if change.alters("status") else {}


def _task(change: Change) -> Row:
    if not change.alters("is_done"):
        return {}
    return {"marked_as_done_time": change.now if change.given["is_done"] else None}


_BY_TABLE: Final[dict[str, Callable[[Change], Row]]] = {
    "deals": _deal,
    "persons": _person,
    "activities": _activity,
    "notes": _note,
    "deal_products": _deal_product,
    "projects": _project,
    "tasks": _task,
}
