"""Rows in the form of v1, for those that are stored in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import ZERO_TIME, Stamp
from pipedrive_sandbox.data.company import COMPANY_ID
from pipedrive_sandbox.tables import LEGACY

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.store import Row

#: The name in v1 of a field type that v2 names otherwise.
_V1_TYPES: Final = {"deals": "deal"}
#: The properties of the fields of notes.
_NOTE_FIELD: Final = frozenset(
    {
        "id",
        "key",
        "name",
        "field_type",
        "active_flag",
        "edit_flag",
        "bulk_edit_allowed",
        "mandatory_flag",
        "options",
    },
)


#: The properties that fields of products lack.
_NOT_OF_PRODUCTS: Final = frozenset(
    {
        "index_visible_flag",
        "details_visible_flag",
        "options_deleted",
        "is_subfield",
        "subfields",
    },
)


def mail_of_record(_account: Account, row: Row) -> Row:
    """Return a message as the mail of a deal, a person, or an organization lists it."""
    return {"object": "mailMessage", "timestamp": row["timestamp"], "data": row}


def v1_field(entity: str) -> Callable[[Account, Row], Row]:
    """Return the shape of an entity's field definitions in v1."""

    def shape(_account: Account, row: Row) -> Row:
        field = _v1_field(row)
        if entity == "note":
            return {name: value for name, value in field.items() if name in _NOTE_FIELD}
        if entity == "product":
            return {name: value for name, value in field.items() if name not in _NOT_OF_PRODUCTS}
        return field

    return shape


def _v1_field(row: Row) -> Row:
    legacy = row[LEGACY]
    custom = row["is_custom_field"]
    return {
        "id": legacy["id"],
        "key": row["field_code"],
        "name": row["field_name"],
        "order_nr": legacy["id"] % 1_000,
        "field_type": _V1_TYPES.get(row["field_type"], row["field_type"]),
        "add_time": Stamp.V1.text(legacy["created"]) if legacy["created"] else ZERO_TIME,
        "update_time": Stamp.V1.text(legacy["modified"]) if legacy["modified"] else None,
        "last_updated_by_user_id": legacy["created_by"],
        "created_by_user_id": legacy["created_by"],
        "active_flag": True,
        "edit_flag": custom,
        "index_visible_flag": True,
        "details_visible_flag": True,
        "add_visible_flag": custom,
        "important_flag": False,
        "bulk_edit_allowed": True,
        "searchable_flag": custom,
        "filtering_allowed": True,
        "sortable_flag": True,
        "mandatory_flag": legacy.get("mandatory", row["field_code"] in {"title", "name"}),
        "options": row["options"],
        "options_deleted": [],
        "is_subfield": False,
        "subfields": [],
    }


def participant(account: Account, row: Row) -> Row:
    """Return a participant as v1 nests it: person, organization, owner and deal in one row."""
    person = account.store.get("persons", row["person_id"])
    deal = account.store.get("deals", row["deal_id"]) or {}
    brief = {
        "active_flag": person is not None,
        "name": person and person["name"],
        "email": person["emails"] if person else [],
        "phone": person["phones"] if person else [],
        "owner_id": person and person["owner_id"],
        "company_id": COMPANY_ID,
        "value": row["person_id"],
    }
    return {
        "id": row["id"],
        "person_id": brief,
        "add_time": row["add_time"],
        "active_flag": True,
        "related_item_data": {"deal_id": row["deal_id"], "title": deal.get("title")},
        "person": v1_person(account, person) if person else None,
        "added_by_user_id": _user(account, 1),
        "related_item_type": "deal",
        "related_item_id": row["deal_id"],
    }


def v1_person(account: Account, row: Row) -> Row:
    """Return a person as v1 nests it."""
    counters = {name: value for name, value in row.items() if name.endswith("_count")}
    return {
        "id": row["id"],
        "company_id": COMPANY_ID,
        "owner_id": _user(account, row["owner_id"]),
        "org_id": _organization(account, row["org_id"]),
        "name": row["name"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        **counters,
        "active_flag": True,
        "phone": row["phones"],
        "email": row["emails"],
        "first_char": row["name"][:1].lower(),
        "add_time": v1_time(row["add_time"]),
        "update_time": v1_time(row["update_time"]),
        "visible_to": str(row["visible_to"]),
        "picture_id": None,
        "label": next(iter(row["label_ids"]), None),
        "label_ids": row["label_ids"],
        "next_activity_date": None,
        "next_activity_time": None,
        "next_activity_id": row["next_activity_id"],
        "last_activity_id": row["last_activity_id"],
        "last_activity_date": None,
        "last_incoming_mail_time": v1_time(row["last_incoming_mail_time"]),
        "last_outgoing_mail_time": None,
        "org_name": None,
        "owner_name": f"User {row['owner_id']}",
        "cc_email": row["smart_bcc_email"],
    }


def v1_time(text: str | None) -> str | None:
    """Return a time of v2 in the format of v1."""
    return text and text.replace("T", " ").removesuffix("Z")


def _user(account: Account, key: int) -> Row:
    user = account.store.get("users", key) or {}
    return {
        "id": key,
        "name": user.get("name"),
        "email": user.get("email"),
        "has_pic": 0,
        "pic_hash": None,
        "active_flag": user.get("active_flag", False),
        "value": key,
    }


def _organization(account: Account, key: int | None) -> Row | None:
    if key is None:
        return None
    row = account.store.get("organizations", key)
    return {
        "name": row and row["name"],
        "people_count": row["people_count"] if row else 0,
        "owner_id": row and row["owner_id"],
        "address": row["address"]["value"] if row and row["address"] else None,
        "active_flag": row is not None,
        "cc_email": row and row["smart_bcc_email"],
        "label_ids": row["label_ids"] if row else [],
        "value": key,
    }
