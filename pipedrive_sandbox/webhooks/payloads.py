"""Webhook payloads, version 2.0: rows in the shape that webhooks have, which is not the API's.

The vendor publishes an example of each of the `DOCUMENTED` objects:
https://pipedrive.readme.io/docs/webhooks-v2-migration-guide. No example is known of the objects
that were added later; their rows are sent as API v2 has them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.changes.events import AUTHOR
from pipedrive_sandbox.clock import ZERO_TIME, Stamp
from pipedrive_sandbox.data.company import COMPANY, COMPANY_ID
from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipedrive_sandbox.changes.events import Event
    from pipedrive_sandbox.store import Row

#: Tables whose changes are events, and the name of their object.
OBJECTS: Final = {
    "activities": "activity",
    "deals": "deal",
    "leads": "lead",
    "notes": "note",
    "organizations": "organization",
    "persons": "person",
    "pipelines": "pipeline",
    "products": "product",
    "stages": "stage",
    "users": "user",
    "deal_products": "deal_product",
    "installments": "deal_installment",
    "projects": "project",
    "tasks": "task",
    "boards": "board",
    "phases": "phase",
}
_PROPERTIES: Final = {
    "deals": (
        "add_time channel channel_id close_time creator_user_id currency custom_fields "
        "expected_close_date first_won_time id label_ids lost_reason lost_time org_id origin "
        "origin_id owner_id person_id pipeline_id probability stage_change_time stage_id status "
        "title update_time value visible_to won_time is_archived archive_time"
    ),
    "persons": (
        "add_time custom_fields emails first_name id label last_name name org_id owner_id phones "
        "update_time visible_to"
    ),
    "organizations": (
        "add_time address country_code custom_fields id label name owner_id picture_id "
        "update_time visible_to"
    ),
    "activities": (
        "active_flag add_time busy_flag custom_fields deal_id done due_date due_time duration id "
        "lead_id location org_id owner_id person_id public_description subject type update_time "
        "update_user_id"
    ),
    "products": (
        "add_time category code custom_fields description id name owner_id selectable tax unit "
        "update_time visible_to prices"
    ),
    "leads": (
        "add_time channel channel_id creator_id custom_fields expected_close_date id is_archived "
        "label_ids next_activity_id organization_id origin origin_id owner_id person_id "
        "source_name title update_time was_seen value"
    ),
    "notes": (
        "id user_id deal_id person_id org_id lead_id project_id active_flag content add_time "
        "update_time pinned_to_deal_flag pinned_to_person_flag pinned_to_organization_flag"
    ),
    "pipelines": "id name url_title order_nr active_flag deal_probability add_time update_time",
    "stages": (
        "id name active_flag rotten_days order_nr deal_probability rotten_flag add_time "
        "pipeline_id update_time"
    ),
    "users": (
        "id default_currency name email phone locale lang active_flag last_login timezone_name "
        "icon_url created modified access"
    ),
}
DOCUMENTED: Final = frozenset(OBJECTS[table] for table in _PROPERTIES)
#: Objects whose `previous` never contains `update_time`.
_WITHOUT_UPDATE_TIME: Final = frozenset({"deals", "persons", "organizations"})
_ZONE_NAME: Final = "timezone_name"
_IDS: Final = frozenset({"enum", "user", "org", "people"})
_RANGES: Final = frozenset({"daterange", "timerange"})


def payload(event: Event, field_types: Mapping[str, str], users: list[int]) -> Row:
    """Return the payload of an event, without the parts that differ from webhook to webhook.

    `field_types` are the types of the custom fields by key, `users` those who may see the row.
    """
    current = event.current and shape(event.table, event.current, field_types)
    previous = event.previous and shape(event.table, event.previous, field_types)
    if current and event.action == "create" and event.table != "deals":
        # in the vendor's examples `update_time` is set in create events, except those of deals
        current = _with_update_time(current)
    if current and previous:
        previous = _difference(event.table, current, previous)
    if event.table == "notes" and event.action == "delete" and previous:
        previous["active_flag"] = False
    return {"data": current, "previous": previous, "meta": _meta(event, users)}


def _with_update_time(row: Row) -> Row:
    return row | {"update_time": row["add_time"]} if "update_time" in row else row


def _difference(table: str, current: Row, previous: Row) -> Row:
    changed = {name: old for name, old in previous.items() if old != current.get(name)}
    if table in _WITHOUT_UPDATE_TIME:
        changed.pop("update_time", None)
    if "custom_fields" in changed:
        new = current["custom_fields"]
        changed["custom_fields"] = {
            code: old for code, old in previous["custom_fields"].items() if old != new.get(code)
        }
    return changed


def _meta(event: Event, users: list[int]) -> Row:
    key = str(event.key)
    is_user = event.table == "users"
    moment = datetime.fromtimestamp(event.instant, UTC)
    timestamp = f"{moment.isoformat(timespec='milliseconds')[:23]}Z"
    meta: Row = {
        "action": event.action,
        "company_id": str(COMPANY_ID),
        "correlation_id": event.correlation_id,
        "entity_id": key,
        "entity": OBJECTS[event.table],
        "id": key if is_user else event.id,
        "is_bulk_edit": False,
        "timestamp": int(event.instant) if is_user else timestamp,
        "type": "general",
        "user_id": str(AUTHOR),
        "version": "2.0",
        "change_source": "api",
        "permitted_user_ids": [str(each) for each in users],
        "host": f"{COMPANY['company_domain']}.pipedrive.com",
    }
    if is_user:
        del meta["permitted_user_ids"]
    if event.merged_to is not None:
        meta["merged_to_id"] = str(event.merged_to)
    if event.merged_from is not None:
        meta["merged_from_id"] = str(event.merged_from)
    return meta


def shape(table: str, row: Row, field_types: Mapping[str, str]) -> Row:
    """Return a row as webhooks show it."""
    if table not in _PROPERTIES:
        apart = TABLES[table].apart
        return {name: value for name, value in row.items() if name not in apart}
    source = row | (_CONVERTED[table](row) if table in _CONVERTED else {})
    if "visible_to" in source:
        source["visible_to"] = str(source["visible_to"])
    if table in {"persons", "organizations"}:
        source["label"] = next(iter(row["label_ids"]), None)
    source["custom_fields"] = {} if table == "activities" else _wrapped(row, field_types)
    return {name: source.get(name) for name in _PROPERTIES[table].split()}


def _wrapped(row: Row, field_types: Mapping[str, str]) -> Row:
    values = row.get("custom_fields")
    if values is None:
        values = {
            code: _v2_value(row, code, field_type)
            for code, field_type in field_types.items()
            if code in row
        }
    return {code: _wrap(field_types.get(code, "varchar"), value) for code, value in values.items()}


def _wrap(field_type: str, value: Any) -> Any:
    if value is None:
        return None
    if field_type in _IDS:
        return {"id": value, "type": field_type}
    if field_type == "set":
        return {"values": [{"id": each} for each in value], "type": field_type}
    if field_type in _RANGES:
        rest = {name: part for name, part in value.items() if name not in {"value", _ZONE_NAME}}
        return {"from": value["value"], **rest, "type": field_type}
    if isinstance(value, dict):
        parts = {name: part for name, part in value.items() if name != _ZONE_NAME}
        return parts | {"type": field_type}
    return {"type": field_type, "value": value}


def _v2_value(row: Row, code: str, field_type: str) -> Any:
    """Return a custom value of a lead, stored in the form of v1, in the form of v2."""
    value = row[code]
    if field_type == "enum":
        return int(value)
    if field_type == "set":
        return [int(each) for each in value.split(",")]
    parts = {
        name.removeprefix(f"{code}_"): part
        for name, part in row.items()
        if name.startswith(f"{code}_")
    }
    return {"value": value, **parts} if parts else value


def _clock_time(text: str | None) -> Row | None:
    return None if text is None else {"timezone_id": None, "value": text}


def _activity(row: Row) -> Row:
    return {
        "active_flag": True,
        "busy_flag": row["busy"],
        "due_time": _clock_time(row["due_time"]),
        "duration": _clock_time(row["duration"]),
        "public_description": row["public_description"] or "",
        "update_user_id": None,
    }


def _note(row: Row) -> Row:
    return {name: _v2_time(row[name]) for name in ("add_time", "update_time")}


def _v2_time(text: str | None) -> str | None:
    """Return a time of v1 in the format of v2; None for a time that was never set."""
    return None if text is None or text == ZERO_TIME else Stamp.V2.text(Stamp.V1.epoch(text))


def _pipeline(row: Row) -> Row:
    return {
        "url_title": row["name"].replace(" ", "-"),
        "active_flag": True,
        "deal_probability": row["is_deal_probability_enabled"],
    }


def _stage(row: Row) -> Row:
    return {
        "active_flag": True,
        "rotten_flag": row["is_deal_rot_enabled"],
        "rotten_days": row["days_to_rotten"],
    }


def _user(row: Row) -> Row:
    return {"id": str(row["id"]), "lang": "en-US", "access": None}


_CONVERTED: Final[dict[str, Callable[[Row], Row]]] = {
    "activities": _activity,
    "notes": _note,
    "pipelines": _pipeline,
    "products": lambda row: {"selectable": row["is_linkable"]},
    "stages": _stage,
    "users": _user,
}
