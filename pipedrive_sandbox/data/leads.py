"""Leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_OID, uuid5

from pipedrive_sandbox.clock import DAY, Stamp, day
from pipedrive_sandbox.data.setup import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

LEAD_LABELS: Final = tuple(str(uuid5(NAMESPACE_OID, name)) for name in ("Hot", "Cold", "Warm"))


def leads(account: AccountData) -> Iterator[Row]:
    """Yield leads, half of them archived, with custom values at the root of the row."""
    rng = account.random_source("leads")
    custom = account.v1_custom_values("deal")
    count = account.sizes.leads
    people = account.last_id(account.sizes.persons)
    times = account.times(rng, count, Stamp.MILLIS, with_null=False)
    for number, (created, added, changed) in enumerate(times, start=1):
        is_archived = number % 2 == 0
        person = rng.up_to(people) if rng.chance(0.7) else None
        yield {
            "id": rng.uuid(),
            "title": f"{rng.pick(account.words.companies)} lead",
            "owner_id": account.user(rng),
            "creator_id": account.user(rng),
            "label_ids": rng.pick(([], [LEAD_LABELS[0]], list(LEAD_LABELS[1:]))),
            "value": {"amount": rng.randrange(10**6) / 100, "currency": "EUR"}
            if rng.chance(0.7)
            else None,
            "expected_close_date": day(created + 30 * DAY) if rng.chance(0.5) else None,
            "person_id": person,
            "organization_id": None
            if person
            else rng.up_to(account.last_id(account.sizes.organizations)),
            "is_archived": is_archived,
            "archive_time": changed if is_archived else None,
            "source_name": rng.pick(("Manually created", "API", "Import", "Web forms")),
            "source_deal_id": None,
            "origin": rng.pick(ORIGINS),
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
