"""Field definitions, built-in and custom, in the form of API v2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import HOUR, Stamp
from pipedrive_sandbox.data.custom_fields import (
    ENTITIES,
    LABEL_IDS,
    LABEL_OPTIONS,
    CustomField,
    option_labels,
)
from pipedrive_sandbox.tables import LEGACY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

_ADDRESS_PARTS: Final = (
    ("value", "Address value"),
    ("subpremise", "Apartment/suite"),
    ("street_number", "House number"),
    ("route", "Street/road name"),
    ("sublocality", "District/sublocality"),
    ("locality", "City/town/village/locality"),
    ("admin_area_level_1", "State/county"),
    ("admin_area_level_2", "Region"),
    ("country", "Country"),
    ("postal_code", "ZIP/Postal code"),
    ("formatted_address", "Full/combined address"),
)
_SUBFIELDS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "monetary": (("value", "Amount", "double"), ("currency", "Currency", "varchar")),
    "daterange": (("value", "Start date", "date"), ("until", "End date", "date")),
    "time": (
        ("value", "Time", "time"),
        ("timezone_id", "Timezone id", "int"),
        ("timezone_name", "Timezone", "varchar"),
    ),
    "timerange": (
        ("value", "Start time", "time"),
        ("until", "End time", "time"),
        ("timezone_id", "Timezone id", "int"),
        ("timezone_name", "Timezone", "varchar"),
    ),
    "address": tuple((part, name, "varchar") for part, name in _ADDRESS_PARTS),
}
#: Built-in fields as `code:type`, with `?` for those that only come with `include_fields`.
_CONTACT: Final = (
    "id:int name:varchar owner_id:user visible_to:visible_to label_ids:set add_time:date "
    "update_time:date next_activity_id:activity? last_activity_id:activity? "
    "open_deals_count:int? closed_deals_count:int? won_deals_count:int? lost_deals_count:int? "
    "email_messages_count:int? activities_count:int? done_activities_count:int? "
    "undone_activities_count:int? files_count:int? notes_count:int? followers_count:int? "
)
_BUILT_IN: Final = {
    "deal": (
        "id:int title:varchar creator_user_id:user owner_id:user value:monetary person_id:people "
        "org_id:org stage_id:stage pipeline_id:int status:status probability:int "
        "lost_reason:varchar_options visible_to:visible_to label_ids:set add_time:date "
        "update_time:date stage_change_time:date close_time:date won_time:date lost_time:date "
        "expected_close_date:date archive_time:date origin:varchar origin_id:varchar "
        "channel:enum channel_id:varchar acv:monetary arr:monetary mrr:monetary "
        "next_activity_id:activity? last_activity_id:activity? first_won_time:date? "
        "products_count:int? files_count:int? notes_count:int? followers_count:int? "
        "email_messages_count:int? activities_count:int? done_activities_count:int? "
        "undone_activities_count:int? participants_count:int? last_incoming_mail_time:date? "
        "last_outgoing_mail_time:date? source_lead_id:lead?"
    ),
    "person": _CONTACT
    + (
        "first_name:varchar last_name:varchar org_id:org emails:varchar phones:phone "
        "picture_id:picture birthday:date job_title:varchar postal_address:address im:varchar "
        "notes:text last_incoming_mail_time:date? last_outgoing_mail_time:date? "
        "marketing_status:enum?"
    ),
    "organization": _CONTACT
    + (
        "address:address website:varchar linkedin:varchar industry:enum annual_revenue:double "
        "employee_count:int people_count:int?"
    ),
    "product": (
        "id:int name:varchar code:varchar description:text unit:varchar tax:double category:enum "
        "owner_id:user visible_to:visible_to prices:price_list add_time:date update_time:date "
        "billing_frequency:billing_frequency billing_frequency_cycles:int"
    ),
    "activity": (
        "id:int subject:varchar type:enum owner_id:user creator_user_id:user deal_id:deal "
        "lead_id:lead person_id:people org_id:org project_id:project due_date:date "
        "due_time:time duration:time busy:boolean done:boolean marked_as_done_time:date "
        "location:address participants:json attendees:json? public_description:text "
        "priority:enum note:text outcome:int add_time:date update_time:date"
    ),
    "project": (
        "id:int title:varchar description:text status:status board_id:projects_board "
        "phase_id:projects_phase owner_id:user start_date:date end_date:date deal_ids:deals "
        "person_ids:people org_ids:org label_ids:set health_status:enum add_time:date "
        "update_time:date status_change_time:date archive_time:date"
    ),
    "lead": (
        "id:varchar title:varchar owner_id:user creator_id:user label_ids:set person_id:people "
        "organization_id:org value:monetary expected_close_date:date source_name:varchar "
        "visible_to:visible_to was_seen:boolean next_activity_id:activity add_time:date "
        "update_time:date"
    ),
    "note": (
        "id:int content:text user_id:user deal_id:deal person_id:people org_id:org "
        "lead_id:lead add_time:date update_time:date pinned_to_deal_flag:boolean "
        "pinned_to_person_flag:boolean pinned_to_organization_flag:boolean"
    ),
}
_NAMED_OPTIONS: Final = {
    "status": ("open", "won", "lost"),
    "type": ("call", "meeting", "task", "deadline", "email", "lunch"),
    "billing_frequency": ("one-time", "annually", "quarterly", "monthly"),
    "marketing_status": ("no_consent", "unsubscribed", "subscribed", "archived"),
}


@dataclass(frozen=True, kw_only=True)
class FieldDefinition:
    """One field of an entity. `v1_id` and `created` are visible in API v1 only."""

    entity: str
    code: str
    name: str
    field_type: str
    options: list[dict[str, Any]] | None
    v1_id: int
    created: int
    is_custom: bool = False
    is_optional: bool = False

    def row(self) -> Row:
        """Return the definition in the form of v2, with the values of v1 kept apart."""
        subfields = [
            {"field_code": part, "field_name": f"{label} of {self.name}", "field_type": field_type}
            for part, label, field_type in _SUBFIELDS.get(self.field_type, ())
        ]
        row: Row = {
            "field_name": self.name,
            "field_code": self.code,
            "field_type": self.field_type,
            "options": self.options,
            "subfields": subfields or None,
            "is_custom_field": self.is_custom,
            "is_optional_response_field": self.is_optional,
        }
        if self.entity == "deal":
            row["description"] = f"{self.name} of the deal" if self.is_custom else ""
        visible = {"add_visible_flag": not self.is_optional, "details_visible_flag": True}
        row["ui_visibility"] = visible
        if self.entity == "deal":
            row["ui_visibility"] |= {
                "projects_detail_visible_flag": False,
                "show_in_pipelines": {"show_in_all": True, "pipeline_ids": []},
            }
        if self.entity in {"deal", "person", "organization", "project"}:
            row["important_fields"] = {"enabled": False, "stage_ids": []}
            row["required_fields"] = {"enabled": self.code in {"title", "name"}}
            if self.entity == "deal":
                row["required_fields"] |= {"stage_ids": [], "statuses": {}}
        row[LEGACY] = {
            "id": self.v1_id,
            "created": self.created,
            "modified": self.created if self.is_custom else None,
            "created_by": 1 if self.is_custom else None,
        }
        return row | {"entity": self.entity}


def definitions(entity: str, custom_fields: list[CustomField], created: int) -> Iterator[Row]:
    """Yield the definition rows of an entity, built-in ones first."""
    number = 0
    first_v1_id = 4_000 + 1_000 * list(_BUILT_IN).index(entity)
    for number, item in enumerate(_BUILT_IN[entity].split(), start=1):
        code, _, field_type = item.partition(":")
        yield FieldDefinition(
            entity=entity,
            code=code,
            name=code.replace("_", " ").capitalize().removesuffix(" id"),
            field_type=field_type.rstrip("?"),
            options=_built_in_options(code, created),
            v1_id=first_v1_id + number,
            created=created,
            is_optional=field_type.endswith("?"),
        ).row()
    for offset, field in enumerate(custom_fields, start=number + 1):
        options = [
            {"id": key, "label": label}
            for key, label in zip(field.options, option_labels(field.name), strict=False)
        ]
        yield FieldDefinition(
            entity=entity,
            code=field.code,
            name=field.name,
            field_type=field.field_type,
            options=options or None,
            v1_id=first_v1_id + offset,
            created=created + offset * HOUR,
            is_custom=True,
        ).row()


def _built_in_options(code: str, created: int) -> list[dict[str, Any]] | None:
    stamp = Stamp.V2.text(created)
    if code == "label_ids":
        return [
            {"id": key, "label": label, "color": color, "add_time": stamp, "update_time": None}
            for key, (label, color) in zip(LABEL_IDS, LABEL_OPTIONS, strict=True)
        ]
    if code == "visible_to":
        names = ("Item owner", "Owner's group", "Owner's group and sub-groups", "All users")
        return [{"id": key, "label": name} for key, name in zip((1, 3, 5, 7), names, strict=True)]
    named = _NAMED_OPTIONS.get(code)
    return [{"id": name, "label": name.capitalize()} for name in named] if named else None


def field_definitions(account: AccountData) -> Iterator[Row]:
    """Yield the definitions of every entity; leads carry the custom fields of deals."""
    for entity in (*ENTITIES, "activity", "lead", "note"):
        fields = account.custom_fields.get("deal" if entity == "lead" else entity, [])
        yield from definitions(entity, fields, account.opened)
