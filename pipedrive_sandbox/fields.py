"""Field definitions, built-in and custom, and custom values in every form the API knows.

The custom set of an entity covers every type, and names that break naive column naming: letters
that transliterate alike, no letter at all, 200 characters, SQL words, names of built-in fields.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import DAY, HOUR, Stamp, day
from pipedrive_sandbox.tables import LEGACY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.dice import Dice
    from pipedrive_sandbox.store import Row
    from pipedrive_sandbox.vocabulary import Vocabulary

#: Entities with custom values; leads carry those of deals.
CUSTOMISED: Final = ("deal", "person", "organization", "product", "project")

_NAMES: Final = (
    ("Contract type", "enum"),
    ("Regions", "set"),
    ("Budget", "monetary"),
    ("Account code", "varchar"),
    ("Briefing", "text"),
    ("Score", "double"),
    ("Renewal date", "date"),
    ("Contract period", "daterange"),
    ("Call time", "time"),
    ("Delivery window", "timerange"),
    ("Site address", "address"),
    ("Account manager", "user"),
    ("Partner organization", "org"),
    ("Decision maker", "people"),
    ("Hotline", "phone"),
    ("Reference number", "varchar_auto"),
    ("Catalogue item", "enum"),
    ("Größe", "double"),
    ("Grosse", "varchar"),
    ("GRÖSSE", "enum"),
    ("🚀🔥", "varchar"),
    ("Long " * 39 + "field", "text"),
    ("select", "varchar"),
    ("Id", "varchar"),
    ("2nd choice", "enum"),
    ("顧客番号", "varchar"),
)
_LABELS: Final = {
    "Contract type": ("New business", "Renewal", "Upsell", "Framework"),
    "Regions": ("EMEA", "North America", "LATAM", "APAC", "日本"),
    "Catalogue item": tuple(f"Item {number:04d}" for number in range(1, 1_001)),
    "GRÖSSE": ("S", "M", "L", "XL"),
    "2nd choice": ("yes", "no"),
}
_LABEL_OPTIONS: Final = (("Hot", "red"), ("Warm", "yellow"), ("Cold", "blue"), ("VIP", "purple"))
FIRST_OPTION_ID: Final = 101
_ZONE: Final = {"timezone_id": 83, "timezone_name": "Europe/Tallinn"}
#: An option that values still refer to although it was deleted.
DELETED_OPTION: Final = 99
#: Ids of the options of `label_ids`.
LABEL_IDS: Final = tuple(range(1, len(_LABEL_OPTIONS) + 1))

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


@dataclass(frozen=True)
class Custom:
    """A custom field: its key, name, type and the ids of its options."""

    entity: str
    code: str
    name: str
    kind: str
    options: tuple[int, ...]


def custom_fields(entity: str, count: int | None, seed: int) -> list[Custom]:
    """Return the first `count` custom fields of an entity; beyond the named ones, plain more."""
    names = list(_NAMES[:count])
    kinds = [kind for _, kind in _NAMES[:16]]
    while count is not None and len(names) < count:
        names.append((f"Field {len(names) + 1}", kinds[len(names) % len(kinds)]))
    return [
        Custom(
            entity,
            hashlib.sha1(f"{seed}/{entity}/{name}".encode(), usedforsecurity=False).hexdigest(),
            name,
            kind,
            tuple(range(FIRST_OPTION_ID, FIRST_OPTION_ID + len(_labels_of(name))))
            if kind in {"enum", "set"}
            else (),
        )
        for name, kind in names
    ]


def _labels_of(name: str) -> tuple[str, ...]:
    return _LABELS.get(name, ("Alpha", "Beta", "Gamma"))


def definitions(entity: str, customs: list[Custom], created: int) -> Iterator[Row]:
    """Yield the definition rows of an entity, built-in ones first."""
    number = 0
    base = 4_000 + 1_000 * list(_BUILT_IN).index(entity)
    for number, item in enumerate(_BUILT_IN[entity].split(), start=1):
        code, _, kind = item.partition(":")
        yield definition(
            entity,
            code,
            code.replace("_", " ").capitalize().removesuffix(" id"),
            kind.rstrip("?"),
            _built_in_options(code, created),
            v1_id=base + number,
            created=created,
            optional=kind.endswith("?"),
        )
    for offset, custom in enumerate(customs, start=number + 1):
        options = [
            {"id": key, "label": label}
            for key, label in zip(custom.options, _labels_of(custom.name), strict=False)
        ]
        yield definition(
            entity,
            custom.code,
            custom.name,
            custom.kind,
            options or None,
            v1_id=base + offset,
            created=created + offset * HOUR,
            custom=True,
        )


def definition(  # noqa: PLR0913 - the parts of a definition
    entity: str,
    code: str,
    name: str,
    kind: str,
    options: list[dict[str, Any]] | None,
    *,
    v1_id: int,
    created: int,
    custom: bool = False,
    optional: bool = False,
) -> Row:
    """Return one definition in the form of v2, with what only v1 tells apart."""
    subfields = [
        {"field_code": part, "field_name": f"{label} of {name}", "field_type": sub_kind}
        for part, label, sub_kind in _SUBFIELDS.get(kind, ())
    ]
    row: Row = {
        "field_name": name,
        "field_code": code,
        "field_type": kind,
        "options": options,
        "subfields": subfields or None,
        "is_custom_field": custom,
        "is_optional_response_field": optional,
    }
    if entity == "deal":
        row["description"] = f"{name} of the deal" if custom else ""
    row["ui_visibility"] = {"add_visible_flag": not optional, "details_visible_flag": True}
    if entity == "deal":
        row["ui_visibility"] |= {
            "projects_detail_visible_flag": False,
            "show_in_pipelines": {"show_in_all": True, "pipeline_ids": []},
        }
    if entity in {"deal", "person", "organization", "project"}:
        row["important_fields"] = {"enabled": False, "stage_ids": []}
        row["required_fields"] = {"enabled": code in {"title", "name"}}
        if entity == "deal":
            row["required_fields"] |= {"stage_ids": [], "statuses": {}}
    row[LEGACY] = {
        "id": v1_id,
        "created": created,
        "modified": created if custom else None,
        "created_by": 1 if custom else None,
    }
    return row | {"entity": entity}


def _built_in_options(code: str, created: int) -> list[dict[str, Any]] | None:
    stamp = Stamp.V2.text(created)
    if code == "label_ids":
        return [
            {"id": key, "label": label, "color": color, "add_time": stamp, "update_time": None}
            for key, (label, color) in zip(LABEL_IDS, _LABEL_OPTIONS, strict=True)
        ]
    if code == "visible_to":
        names = ("Item owner", "Owner's group", "Owner's group and sub-groups", "All users")
        return [{"id": key, "label": name} for key, name in zip((1, 3, 5, 7), names, strict=True)]
    named = _NAMED_OPTIONS.get(code)
    return [{"id": name, "label": name.capitalize()} for name in named] if named else None


@dataclass(frozen=True)
class Draw:
    """What a value is drawn from; ids point at the first `people` rows."""

    rng: Dice
    words: Vocabulary
    now: int
    people: int

    def value(self, custom: Custom) -> Any:
        """Draw a value in the form of v2 (facts §5.1)."""
        by_kind = getattr(self, f"_{custom.kind}", None)
        return by_kind(custom) if by_kind else self.rng.upto(self.people)

    def _day(self) -> int:
        return self.now - self.rng.randrange(400 * DAY)

    def _clock(self, first: int, last: int) -> str:
        return f"{self.rng.randrange(first, last):02d}:{self.rng.randrange(60):02d}:00"

    def _varchar(self, custom: Custom) -> str:
        code = f"{custom.name[:12]}-{self.rng.randrange(10**5)}"
        return self.rng.pick(("", code, "Žöå 東京 🚀"))

    def _text(self, _custom: Custom) -> str:
        return self.rng.pick(self.words.paragraphs)

    def _varchar_auto(self, _custom: Custom) -> str:
        return self.rng.pick(self.words.companies)

    def _phone(self, _custom: Custom) -> str:
        return self.words.phone(self.rng)

    def _double(self, _custom: Custom) -> float:
        return self.rng.pick((0, -1.5, self.rng.upto(1_000), self.rng.upto(10**7) / 100))

    def _monetary(self, _custom: Custom) -> Row:
        amount = self.rng.upto(10**7) / 100
        return {"value": amount, "currency": self.rng.pick(("EUR", "USD"))}

    def _date(self, _custom: Custom) -> str:
        return day(self._day())

    def _daterange(self, _custom: Custom) -> Row:
        start = self._day()
        return {"value": day(start), "until": day(start + 90 * DAY)}

    def _time(self, _custom: Custom) -> Row:
        return {"value": self._clock(8, 12), **_ZONE}

    def _timerange(self, _custom: Custom) -> Row:
        return {"value": self._clock(8, 12), "until": self._clock(13, 18), **_ZONE}

    def _address(self, _custom: Custom) -> Row:
        parts = self.words.address(self.rng)
        return parts | {"formatted_address": parts["value"]}

    def _enum(self, custom: Custom) -> int:
        return self.rng.pick((*custom.options[:40], DELETED_OPTION))

    def _set(self, custom: Custom) -> list[int]:
        return sorted(self.rng.sample(custom.options, self.rng.upto(3)))


def flat(custom_values: dict[str, Any] | None, kinds: dict[str, str]) -> Row:
    """Write custom values as v1 does: flat, at the root, options as text, unset ones left out."""
    row: Row = {}
    for key, held in (custom_values or {}).items():
        if held is None:
            continue
        if isinstance(held, dict):
            row[key] = held.get("value")
            row |= {
                f"{key}_{part}": content
                for part, content in held.items()
                if part not in {"value", "timezone_name"}
            }
        elif isinstance(held, list):
            row[key] = ",".join(map(str, held))
        else:
            row[key] = str(held) if kinds.get(key) == "enum" else held
    return row
