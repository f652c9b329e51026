"""Deals, and what belongs to one deal: installments, discounts, participants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, Stamp, day
from pipedrive_sandbox.data.custom_fields import LABEL_IDS
from pipedrive_sandbox.data.setup import CURRENCIES, ORIGINS, PIPELINES, STAGES
from pipedrive_sandbox.tables import DEAL_OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

_LOST_REASONS: Final = ("Price", "Lost to competitor", "No decision", "🤷")
_DEAL_COUNTS: Final = tuple(name for name in DEAL_OPTIONAL if name.endswith("_count"))


def deals(account: AccountData) -> Iterator[Row]:
    """Yield deals: active, archived, and deleted up to 40 days ago."""
    rng = account.random_source("deals")
    custom = account.custom_values("deal")
    count = account.sizes.deals
    people = account.last_id(account.sizes.persons)
    companies = account.last_id(account.sizes.organizations)
    for key, (created, added, updated) in zip(
        account.ids(count), account.times(rng, count), strict=True
    ):
        status = "open" if updated is None else rng.pick(("open", "open", "won", "lost"))
        is_archived = updated is not None and rng.chance(0.1)
        is_deleted = updated is not None and rng.chance(0.033)
        deleted_at = (
            Stamp.V2.text(max(created, account.now - rng.up_to(40 * DAY))) if is_deleted else None
        )
        changed = deleted_at or updated
        from_lead = rng.chance(0.1)
        closed = changed if status != "open" else None
        stage = rng.up_to(len(PIPELINES) * len(STAGES))
        amount = int(rng.random() ** 4 * 10**8) / 100
        person = rng.up_to(people) if rng.chance(0.9) else None
        yield {
            "id": key,
            "title": f"{rng.pick(account.words.companies)} {rng.pick(account.words.phrases)}",
            "creator_user_id": account.user(rng),
            "owner_id": account.user(rng),
            "person_id": person,
            "org_id": rng.up_to(companies) if rng.chance(0.8) else None,
            "pipeline_id": 1 + (stage - 1) // len(STAGES),
            "stage_id": stage,
            "value": amount,
            "currency": rng.pick(CURRENCIES)[0],
            "add_time": added,
            "update_time": changed,
            "stage_change_time": changed,
            "status": status,
            "is_archived": is_archived,
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
            "expected_close_date": day(created + 60 * DAY) if rng.chance(0.7) else None,
            "label_ids": rng.pick(([], [], [LABEL_IDS[0]], [1, 2, 3])),
            "origin": rng.pick(ORIGINS),
            "origin_id": None,
            "channel": rng.pick((None, 52)),
            "channel_id": None,
            "archive_time": changed if is_archived else None,
            "acv": amount,
            "arr": amount,
            "mrr": int(amount / 12 * 100) / 100,
            "custom_fields": rng.pick(custom),
            **account.activity_links(rng),
            "first_won_time": closed if status == "won" else None,
            **rng.counters(_DEAL_COUNTS),
            "last_incoming_mail_time": changed if rng.chance(0.2) else None,
            "last_outgoing_mail_time": None,
            "smart_bcc_email": f"nordlicht+deal{key}@pipedrivemail.example",
            "source_lead_id": rng.uuid() if from_lead else None,
        }


def installments(account: AccountData) -> Iterator[Row]:
    """Yield the installments of deals."""
    rng = account.random_source("installments")
    for key in range(1, account.sizes.installments + 1):
        yield {
            "id": key,
            "amount": rng.up_to(10**6) / 100,
            "billing_date": day(account.now + (rng.up_to(400) - 200) * DAY),
            "deal_id": account.some_id(rng, account.sizes.deals),
            "description": rng.pick(account.words.sentences),
        }


def discounts(account: AccountData) -> Iterator[Row]:
    """Yield the discounts of deals."""
    rng = account.random_source("discounts")
    count = account.sizes.discounts
    for _, added, changed in account.times(rng, count, with_null=False):
        yield {
            "id": rng.uuid(),
            "type": rng.pick(("percentage", "amount")),
            "amount": rng.up_to(50),
            "description": rng.pick(account.words.sentences),
            "deal_id": account.some_id(rng, account.sizes.deals),
            "created_at": added,
            "created_by": 1,
            "updated_at": changed,
            "updated_by": 1,
        }


def participants(account: AccountData) -> Iterator[Row]:
    """Yield the participants of deals. The API's nested form is made when they are read."""
    rng = account.random_source("participants")
    count = account.sizes.participants
    for key, (_, added, _) in enumerate(account.times(rng, count, Stamp.V1), start=1):
        yield {
            "id": key,
            "deal_id": account.some_id(rng, account.sizes.deals),
            "person_id": account.some_id(rng, account.sizes.persons),
            "add_time": added,
        }
