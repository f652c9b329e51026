"""Persons, organizations, and the relationships between organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, Stamp
from pipedrive_sandbox.tables import CONTACT_OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

_CONTACT_COUNTS: Final = tuple(name for name in CONTACT_OPTIONAL if name.endswith("_count"))


def persons(account: AccountData) -> Iterator[Row]:
    """Yield the persons."""
    rng = account.random_source("persons")
    custom = account.custom_values("person")
    organizations = account.last_id(account.sizes.organizations)
    rows = zip(
        account.ids(account.sizes.persons),
        account.times(rng, account.sizes.persons),
        strict=True,
    )
    for key, (_, added, changed) in rows:
        first, last = account.words.person(rng)
        domain = rng.pick(account.words.domains)
        synced = rng.chance(0.3)
        emails = [{"value": f"p{key}@{domain}", "primary": True, "label": "work"}]
        if synced:
            emails.append({"value": f"home{key}@{domain}", "primary": False, "label": "home"})
        yield {
            "id": key,
            "name": f"{first} {last}",
            "first_name": first,
            "last_name": last,
            "owner_id": account.user(rng),
            "org_id": rng.up_to(organizations) if rng.chance(0.8) else None,
            "add_time": added,
            "update_time": changed,
            "emails": emails if rng.chance(0.9) else [],
            "phones": [{"value": account.words.phone(rng), "primary": True, "label": "work"}],
            "is_deleted": False,
            "visible_to": rng.pick((1, 3, 3, 7)),
            "label_ids": rng.pick(([], [], [1], [2, 4])),
            "picture_id": None,
            "postal_address": rng.pick(account.addresses) if synced else None,
            "notes": rng.pick(account.words.paragraphs) if synced else None,
            "im": [{"value": f"im{key}", "primary": True, "label": "skype"}] if synced else [],
            "birthday": "1984-02-29" if synced else None,
            "job_title": rng.pick(account.words.jobs) if synced else None,
            "custom_fields": rng.pick(custom),
            **account.activity_links(rng),
            **rng.counters(_CONTACT_COUNTS),
            "participant_open_deals_count": 0,
            "participant_closed_deals_count": 0,
            "last_incoming_mail_time": changed if synced else None,
            "last_outgoing_mail_time": None,
            "marketing_status": "no_consent",
            "doi_status": 1,
            "smart_bcc_email": f"nordlicht+person{key}@pipedrivemail.example",
        }


def organizations(account: AccountData) -> Iterator[Row]:
    """Yield the organizations."""
    rng = account.random_source("organizations")
    custom = account.custom_values("organization")
    count = account.sizes.organizations
    for key, (_, added, changed) in zip(account.ids(count), account.times(rng, count), strict=True):
        known = rng.chance(0.5)
        domain = rng.pick(account.words.domains)
        yield {
            "id": key,
            "name": rng.pick(account.words.companies),
            "owner_id": account.user(rng),
            "add_time": added,
            "update_time": changed,
            "is_deleted": False,
            "visible_to": rng.pick((1, 3, 3, 7)),
            "address": rng.pick(account.addresses) if rng.chance(0.7) else None,
            "label_ids": rng.pick(([], [], [3])),
            "website": f"https://{domain}" if known else None,
            "linkedin": f"https://linkedin.example/{domain}" if known else None,
            "industry": rng.randrange(1, 20) if known else None,
            "annual_revenue": rng.randrange(10**9) if known else None,
            "employee_count": rng.randrange(10**4) if known else None,
            "custom_fields": rng.pick(custom),
            **account.activity_links(rng),
            **rng.counters(_CONTACT_COUNTS),
            "people_count": rng.randrange(9),
            "smart_bcc_email": f"nordlicht+org{key}@pipedrivemail.example",
        }


def relationships(account: AccountData) -> Iterator[Row]:
    """Yield each relationship twice: as each of its two organizations shows it."""
    rng = account.random_source("relationships")
    count = account.sizes.organizations
    for key in range(1, account.sizes.relationships + 1):
        owner = account.some_id(rng, count)
        linked = account.some_id(rng, count)
        if owner == linked:
            continue
        kind = rng.pick(("parent", "related"))
        added = Stamp.V1.text(account.now - rng.up_to(700 * DAY))
        ends = {
            "rel_owner_org_id": _organization(owner),
            "rel_linked_org_id": _organization(linked),
        }
        for org, other, role in ((owner, linked, "daughter"), (linked, owner, "parent")):
            yield {
                "id": key,
                "type": kind,
                **ends,
                "add_time": added,
                "update_time": added,
                "active_flag": rng.pick(("true", "true", True)),
                "calculated_type": role if kind == "parent" else "related",
                "calculated_related_org_id": other,
                "related_organization_name": f"Organization {other}",
                "org_id": org,
            }


def _organization(key: int) -> Row:
    return {
        "name": f"Organization {key}",
        "people_count": 0,
        "owner_id": 1,
        "address": None,
        "active_flag": True,
        "cc_email": None,
        "value": key,
    }
