"""Generators of the core objects: users, pipelines, contacts, deals, leads, activities, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from pipedrive_sandbox.clock import DAY, HOUR, Stamp, day
from pipedrive_sandbox.company import COMPANY
from pipedrive_sandbox.fields import LABEL_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.dice import Dice
    from pipedrive_sandbox.store import Row
    from pipedrive_sandbox.world import World

CURRENCIES: Final = (
    ("EUR", "Euro", 2, "€"),
    ("USD", "US Dollar", 2, "$"),
    ("GBP", "British Pound Sterling", 2, "£"),
    ("JPY", "Japanese Yen", 0, "¥"),
    ("UAH", "Ukrainian Hryvnia", 2, "₴"),
    ("PLN", "Polish Złoty", 2, "zł"),
)
PIPELINES: Final = ("Sales", "Renewals", "Партнёры")
_STAGES: Final = ("Qualified", "Contact made", "Demo", "Proposal", "Negotiation", "Closing")
_LOST_REASONS: Final = ("Price", "Lost to competitor", "No decision", "🤷")
ACTIVITY_TYPES: Final = ("call", "meeting", "task", "deadline", "email", "lunch")
_ACTIVITY_SUBJECTS: Final = ("Call", "Meeting", "Follow up", "Send offer", "Lunch", "Prepare demo")
LEAD_LABELS: Final = tuple(str(uuid5(NAMESPACE_OID, name)) for name in ("Hot", "Cold", "Warm"))
_ORIGINS: Final = ("ManuallyCreated", "API", "Import", "WebForm")
_FREQUENCIES: Final = ("one-time", "annually", "quarterly", "monthly")
PERMISSION_APPS: Final = ("global", "sales", "projects", "account_settings", "nova")


def permission_set(app: str, kind: str) -> str:
    """Return the id of a permission set."""
    return str(uuid5(NAMESPACE_OID, f"{app}/{kind}"))


def users(world: World) -> Iterator[Row]:
    """Yield the users; the first is the account's administrator, one is deactivated."""
    rng = world.dice("users")
    domain = COMPANY["company_domain"]
    for key in range(1, world.sizes.users + 1):
        first, last = world.words.person(rng)
        added = world.born + key * DAY
        admin = key == 1
        gone = key == 4  # noqa: PLR2004 - any one
        yield {
            "id": key,
            "name": f"{first} {last}",
            "default_currency": rng.pick(CURRENCIES)[0],
            "locale": rng.pick(("en_US", "de_DE", "et_EE")),
            "lang": rng.randrange(1, 9),
            "email": f"user{key}@{domain}.example",
            "phone": rng.pick((None, world.words.phone(rng))),
            "activated": not gone,
            "last_login": Stamp.V1.text(world.now - rng.randrange(30 * DAY)),
            "created": Stamp.V1.text(added),
            "modified": None if key % 5 == 0 else Stamp.V1.text(added + rng.upto(700 * DAY)),
            "has_created_company": admin,
            "access": [
                {
                    "app": app,
                    "admin": admin,
                    "permission_set_id": permission_set(app, "admin" if admin else "regular"),
                }
                for app in PERMISSION_APPS
            ],
            "active_flag": not gone,
            "timezone_name": "Europe/Berlin",
            "timezone_offset": "+01:00",
            "role_id": 1 + key % 3,
            "icon_url": None,
            "is_you": admin,
            "is_deleted": gone,
            "is_admin": int(admin),
        }


def currencies(_world: World) -> Iterator[Row]:
    """Yield the currencies, a custom one among them."""
    for key, (code, name, decimals, symbol) in enumerate(CURRENCIES, start=1):
        yield {
            "id": key,
            "code": code,
            "name": name,
            "decimal_points": decimals,
            "symbol": symbol,
            "active_flag": True,
            "is_custom_flag": False,
        }
    yield {
        "id": 501,
        "code": "EUR",
        "name": "Euro (internal)",
        "decimal_points": 4,
        "symbol": "€*",
        "active_flag": True,
        "is_custom_flag": True,
    }


def pipelines(world: World) -> Iterator[Row]:
    """Yield the pipelines; the first was never touched."""
    for key, name in enumerate(PIPELINES, start=1):
        yield {
            "id": key,
            "name": name,
            "order_nr": key - 1,
            "is_deleted": False,
            "is_deal_probability_enabled": key != 3,  # noqa: PLR2004 - any one
            "add_time": Stamp.V2.text(world.born + key * DAY),
            "update_time": None if key == 1 else Stamp.V2.text(world.now - key * 50 * DAY),
        }


def stages(world: World) -> Iterator[Row]:
    """Yield the stages of each pipeline; several share one second, others have none."""
    for pipeline in range(1, len(PIPELINES) + 1):
        for number, name in enumerate(_STAGES, start=1):
            key = (pipeline - 1) * len(_STAGES) + number
            rots = number % 2 == 0
            yield {
                "id": key,
                "order_nr": number,
                "name": name,
                "is_deleted": False,
                "deal_probability": number * 15,
                "pipeline_id": pipeline,
                "is_deal_rot_enabled": rots,
                "days_to_rotten": 30 if rots else None,
                "add_time": Stamp.V2.text(world.born + pipeline * DAY),
                "update_time": None if pipeline == 1 else Stamp.V2.text(world.now - 90 * DAY),
            }


def saved_filters(world: World) -> Iterator[Row]:
    """Yield a saved filter for each kind of list, by owner."""
    rng = world.dice("filters")
    kinds = ("deals", "leads", "org", "people", "products", "activity", "projects")
    for key, kind in enumerate(kinds * 2, start=1):
        added = world.now - rng.randrange(100, 900) * DAY
        yield {
            "id": key,
            "name": f"{'My' if key <= len(kinds) else 'Team'} {kind}",
            "filter_code": None,
            "is_editable": True,
            "active_flag": True,
            "type": kind,
            "temporary_flag": None,
            "user_id": 1,
            "add_time": Stamp.V1.text(added),
            "update_time": Stamp.V1.text(added + HOUR),
            "visible_to": "7",
            "last_used_time": rng.pick((None, Stamp.V1.text(world.now - DAY))),
            "custom_view_id": None,
            "field": "owner_id",
            "value": 1 if key <= len(kinds) else 2,
        }


def _user(world: World, rng: Dice) -> int:
    return rng.upto(world.sizes.users)


def _counters(rng: Dice, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: int(rng.random() ** 3 * 12) for name in names}


_CONTACT_COUNTS: Final = (
    "open_deals_count",
    "related_open_deals_count",
    "closed_deals_count",
    "related_closed_deals_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "files_count",
    "notes_count",
    "followers_count",
    "won_deals_count",
    "related_won_deals_count",
    "lost_deals_count",
    "related_lost_deals_count",
)


def _activity_links(world: World, rng: Dice) -> dict[str, Any]:
    highest = world.highest(world.sizes.activities)
    return {
        "next_activity_id": rng.upto(highest) if rng.chance(0.4) else None,
        "last_activity_id": rng.upto(highest) if rng.chance(0.6) else None,
    }


def persons(world: World) -> Iterator[Row]:
    """Yield the persons."""
    rng = world.dice("persons")
    custom = world.custom("person")
    organizations = world.highest(world.sizes.organizations)
    rows = zip(
        world.ids(world.sizes.persons),
        world.times(rng, world.sizes.persons),
        strict=True,
    )
    for key, (_, added, changed) in rows:
        first, last = world.words.person(rng)
        domain = rng.pick(world.words.domains)
        synced = rng.chance(0.3)
        emails = [{"value": f"p{key}@{domain}", "primary": True, "label": "work"}]
        if synced:
            emails.append({"value": f"home{key}@{domain}", "primary": False, "label": "home"})
        yield {
            "id": key,
            "name": f"{first} {last}",
            "first_name": first,
            "last_name": last,
            "owner_id": _user(world, rng),
            "org_id": rng.upto(organizations) if rng.chance(0.8) else None,
            "add_time": added,
            "update_time": changed,
            "emails": emails if rng.chance(0.9) else [],
            "phones": [{"value": world.words.phone(rng), "primary": True, "label": "work"}],
            "is_deleted": False,
            "visible_to": rng.pick((1, 3, 3, 7)),
            "label_ids": rng.pick(([], [], [1], [2, 4])),
            "picture_id": None,
            "postal_address": rng.pick(world.addresses) if synced else None,
            "notes": rng.pick(world.words.paragraphs) if synced else None,
            "im": [{"value": f"im{key}", "primary": True, "label": "skype"}] if synced else [],
            "birthday": "1984-02-29" if synced else None,
            "job_title": rng.pick(world.words.jobs) if synced else None,
            "custom_fields": rng.pick(custom),
            **_activity_links(world, rng),
            **_counters(rng, _CONTACT_COUNTS),
            "participant_open_deals_count": 0,
            "participant_closed_deals_count": 0,
            "last_incoming_mail_time": changed if synced else None,
            "last_outgoing_mail_time": None,
            "marketing_status": "no_consent",
            "doi_status": 1,
            "smart_bcc_email": f"nordlicht+person{key}@pipedrivemail.example",
        }


def organizations(world: World) -> Iterator[Row]:
    """Yield the organizations."""
    rng = world.dice("organizations")
    custom = world.custom("organization")
    count = world.sizes.organizations
    for key, (_, added, changed) in zip(world.ids(count), world.times(rng, count), strict=True):
        known = rng.chance(0.5)
        domain = rng.pick(world.words.domains)
        yield {
            "id": key,
            "name": rng.pick(world.words.companies),
            "owner_id": _user(world, rng),
            "add_time": added,
            "update_time": changed,
            "is_deleted": False,
            "visible_to": rng.pick((1, 3, 3, 7)),
            "address": rng.pick(world.addresses) if rng.chance(0.7) else None,
            "label_ids": rng.pick(([], [], [3])),
            "website": f"https://{domain}" if known else None,
            "linkedin": f"https://linkedin.example/{domain}" if known else None,
            "industry": rng.randrange(1, 20) if known else None,
            "annual_revenue": rng.randrange(10**9) if known else None,
            "employee_count": rng.randrange(10**4) if known else None,
            "custom_fields": rng.pick(custom),
            **_activity_links(world, rng),
            **_counters(rng, _CONTACT_COUNTS),
            "people_count": rng.randrange(9),
            "smart_bcc_email": f"nordlicht+org{key}@pipedrivemail.example",
        }


_DEAL_COUNTS: Final = (
    "products_count",
    "files_count",
    "notes_count",
    "followers_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "participants_count",
)


def deals(world: World) -> Iterator[Row]:
    """Yield deals in all states: live, archived, and deleted for up to forty days."""
    rng = world.dice("deals")
    custom = world.custom("deal")
    count = world.sizes.deals
    people = world.highest(world.sizes.persons)
    companies = world.highest(world.sizes.organizations)
    for key, (born, added, touched) in zip(world.ids(count), world.times(rng, count), strict=True):
        status = "open" if touched is None else rng.pick(("open", "open", "won", "lost"))
        archived = touched is not None and rng.chance(0.1)
        gone = touched is not None and rng.chance(0.033)
        deleted_at = Stamp.V2.text(max(born, world.now - rng.upto(40 * DAY))) if gone else None
        changed = deleted_at or touched
        from_lead = rng.chance(0.1)
        closed = changed if status != "open" else None
        stage = rng.upto(len(PIPELINES) * len(_STAGES))
        amount = int(rng.random() ** 4 * 10**8) / 100
        person = rng.upto(people) if rng.chance(0.9) else None
        yield {
            "id": key,
            "title": f"{rng.pick(world.words.companies)} {rng.pick(world.words.phrases)}",
            "creator_user_id": _user(world, rng),
            "owner_id": _user(world, rng),
            "person_id": person,
            "org_id": rng.upto(companies) if rng.chance(0.8) else None,
            "pipeline_id": 1 + (stage - 1) // len(_STAGES),
            "stage_id": stage,
            "value": amount,
            "currency": rng.pick(CURRENCIES)[0],
            "add_time": added,
            "update_time": changed,
            "stage_change_time": changed,
            "status": status,
            "is_archived": archived,
            "is_deleted": deleted_at is not None,
            "deleted_at": deleted_at,
            "probability": rng.pick((None, 10, 50, 90)),
            "lost_reason": rng.pick(_LOST_REASONS) if status == "lost" else None,
            "visible_to": rng.pick((1, 3, 3, 7)),
            "close_time": closed,
            "won_time": closed if status == "won" else None,
            "lost_time": closed if status == "lost" else None,
            "local_won_date": closed[:10] if closed and status == "won" else None,
            "local_lost_date": closed[:10] if closed and status == "lost" else None,
            "local_close_date": closed[:10] if closed else None,
            "expected_close_date": day(born + 60 * DAY) if rng.chance(0.7) else None,
            "label_ids": rng.pick(([], [], [LABEL_IDS[0]], [1, 2, 3])),
            "origin": rng.pick(_ORIGINS),
            "origin_id": None,
            "channel": rng.pick((None, 52)),
            "channel_id": None,
            "archive_time": changed if archived else None,
            "acv": amount,
            "arr": amount,
            "mrr": int(amount / 12 * 100) / 100,
            "custom_fields": rng.pick(custom),
            **_activity_links(world, rng),
            "first_won_time": closed if status == "won" else None,
            **_counters(rng, _DEAL_COUNTS),
            "last_incoming_mail_time": changed if rng.chance(0.2) else None,
            "last_outgoing_mail_time": None,
            "smart_bcc_email": f"nordlicht+deal{key}@pipedrivemail.example",
            "source_lead_id": str(UUID(int=rng.getrandbits(128), version=4)) if from_lead else None,
        }


def activities(world: World) -> Iterator[Row]:
    """Yield the activities."""
    rng = world.dice("activities")
    count = world.sizes.activities
    people = world.highest(world.sizes.persons)
    for key, (born, added, changed) in zip(world.ids(count), world.times(rng, count), strict=True):
        kind = rng.upto(len(ACTIVITY_TYPES)) - 1
        done = changed is not None and rng.chance(0.6)
        met = kind == 1
        person = rng.upto(people) if rng.chance(0.8) else None
        yield {
            "id": key,
            "subject": _ACTIVITY_SUBJECTS[kind],
            "type": ACTIVITY_TYPES[kind],
            "owner_id": _user(world, rng),
            "creator_user_id": _user(world, rng),
            "is_deleted": False,
            "add_time": added,
            "update_time": changed,
            "deal_id": rng.upto(world.highest(world.sizes.deals)) if rng.chance(0.8) else None,
            "lead_id": None,
            "person_id": person,
            "org_id": rng.upto(world.highest(world.sizes.organizations))
            if rng.chance(0.5)
            else None,
            "project_id": None,
            "due_date": day(born + 7 * DAY),
            "due_time": rng.pick((None, "15:00:00", "09:30:00")),
            "duration": "01:00:00" if met else None,
            "busy": met,
            "done": done,
            "marked_as_done_time": changed if done else None,
            "location": rng.pick(world.addresses) if met else None,
            "participants": [{"person_id": person, "primary": True}] if person else [],
            "conference_meeting_client": None,
            "conference_meeting_url": None,
            "conference_meeting_id": None,
            "public_description": None,
            "priority": rng.pick((None, None, 263)),
            "note": f"<p>{rng.pick(world.words.sentences)}</p>" if rng.chance(0.5) else None,
            "outcome": None,
            "attendees": [
                {
                    "email": f"guest{key}@example.org",
                    "name": rng.pick(world.words.last_names),
                    "status": "accepted",
                    "is_organizer": False,
                    "person_id": person,
                    "user_id": None,
                },
            ]
            if met
            else None,
        }


def products(world: World) -> Iterator[Row]:
    """Yield products with prices in one to three currencies."""
    rng = world.dice("products")
    custom = world.custom("product")
    count = world.sizes.products
    for key, (_, added, changed) in zip(world.ids(count), world.times(rng, count), strict=True):
        frequency = rng.pick(_FREQUENCIES)
        yield {
            "id": key,
            "name": rng.pick(world.words.phrases).title(),
            "code": rng.pick((None, "", f"SKU-{key:06d}")),
            "description": rng.pick((None, "", rng.pick(world.words.paragraphs))),
            "unit": rng.pick(("", "pcs", "Stück")),
            "tax": rng.pick((0, 20, 22.5)),
            "category": rng.pick((None, "12", "13")),
            "is_linkable": True,
            "is_deleted": False,
            "visible_to": rng.pick((1, 3, 7)),
            "owner_id": _user(world, rng),
            "add_time": added,
            "update_time": changed,
            "billing_frequency": frequency,
            "billing_frequency_cycles": None if frequency == "one-time" else rng.pick((None, 12)),
            "prices": [
                {
                    "product_id": key,
                    "price": rng.randrange(10**6) / 100,
                    "currency": code,
                    "cost": rng.randrange(10**5) / 100,
                    "direct_cost": rng.pick((None, 1)),
                    "notes": "",
                }
                for code, *_ in CURRENCIES[: rng.randrange(1, 4)]
            ],
            "custom_fields": rng.pick(custom),
        }


def leads(world: World) -> Iterator[Row]:
    """Yield leads, every second one archived, with custom values flat at the root."""
    rng = world.dice("leads")
    custom = world.flat_custom("deal")
    count = world.sizes.leads
    people = world.highest(world.sizes.persons)
    times = world.times(rng, count, Stamp.MILLIS, untouched=False)
    for number, (born, added, changed) in enumerate(times, start=1):
        archived = number % 2 == 0
        person = rng.upto(people) if rng.chance(0.7) else None
        yield {
            "id": str(UUID(int=rng.getrandbits(128), version=4)),
            "title": f"{rng.pick(world.words.companies)} lead",
            "owner_id": _user(world, rng),
            "creator_id": _user(world, rng),
            "label_ids": rng.pick(([], [LEAD_LABELS[0]], list(LEAD_LABELS[1:]))),
            "value": {"amount": rng.randrange(10**6) / 100, "currency": "EUR"}
            if rng.chance(0.7)
            else None,
            "expected_close_date": day(born + 30 * DAY) if rng.chance(0.5) else None,
            "person_id": person,
            "organization_id": None
            if person
            else rng.upto(world.highest(world.sizes.organizations)),
            "is_archived": archived,
            "archive_time": changed if archived else None,
            "source_name": rng.pick(("Manually created", "API", "Import", "Web forms")),
            "source_deal_id": None,
            "origin": rng.pick(_ORIGINS),
            "origin_id": None,
            "channel": rng.pick((None, 52)),
            "channel_id": rng.pick((None, "Jun23 Billboards")),
            "was_seen": rng.chance(0.8),
            "next_activity_id": None,
            "add_time": added,
            "update_time": changed,
            "visible_to": rng.pick(("1", "3", "7")),
            "cc_email": f"nordlicht+lead{number}@pipedrivemail.example",
            **rng.pick(custom),
        }


def notes(world: World) -> Iterator[Row]:
    """Yield notes of deals, persons, organizations and leads; a few are very long."""
    rng = world.dice("notes")
    count = world.sizes.notes
    texts = [f"<p>{text}</p>" for text in world.words.paragraphs]
    times = world.times(rng, count, Stamp.V1, untouched=False)
    for key, (_, added, changed) in zip(world.ids(count), times, strict=True):
        user = _user(world, rng)
        deal = rng.upto(world.highest(world.sizes.deals))
        person = rng.upto(world.highest(world.sizes.persons))
        of_deal = rng.chance(0.7)
        yield {
            "id": key,
            "active_flag": True,
            "add_time": added,
            "update_time": changed,
            "content": world.words.long_text if rng.chance(0.005) else rng.pick(texts),
            "lead_id": None,
            "deal_id": deal if of_deal else None,
            "person_id": None if of_deal else person,
            "org_id": None,
            "project_id": None,
            "task_id": None,
            "deal": {"title": f"Deal {deal}"} if of_deal else None,
            "lead": None,
            "person": None if of_deal else {"name": f"Person {person}"},
            "organization": None,
            "project": None,
            "task": None,
            "pinned_to_lead_flag": False,
            "pinned_to_deal_flag": of_deal and rng.chance(0.1),
            "pinned_to_organization_flag": False,
            "pinned_to_person_flag": False,
            "pinned_to_project_flag": False,
            "pinned_to_task_flag": False,
            "user_id": user,
            "user": {
                "email": f"user{user}@{COMPANY['company_domain']}.example",
                "icon_url": None,
                "is_you": user == 1,
                "name": f"User {user}",
            },
            "last_update_user_id": rng.pick((None, user)),
        }
