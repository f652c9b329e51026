"""Deals, and what belongs to one deal: installments, discounts, participants."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, Stamp, day
from pipedrive_sandbox.data.custom_fields import LABEL_IDS
from pipedrive_sandbox.data.deal_lives import deal_lives
from pipedrive_sandbox.data.setup import CURRENCIES, ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.deal_lives import DealLife
    from pipedrive_sandbox.store import Row

_RANDOM_COUNTS: Final = (
    "products_count",
    "files_count",
    "notes_count",
    "followers_count",
    "email_messages_count",
    "participants_count",
)
#: Most deals are in the currency of the company.
_CURRENCIES: Final = ("EUR",) * 8 + ("USD",) * 2 + tuple(code for code, *_ in CURRENCIES)


def deals(account: AccountData) -> Iterator[Row]:
    """Yield deals: active, archived, and deleted up to 40 days ago."""
    rng = account.random_source("deals beside their lives")
    custom = account.custom_values("deal")
    for life in deal_lives(account):
        updated = _text(life.updated if life.deleted_at is None else life.deleted_at)
        closed = _text(life.closed_at)
        won, lost = (closed if life.status == status else None for status in ("won", "lost"))
        yield {
            "id": life.id,
            "title": life.title,
            "creator_user_id": life.creator_user_id,
            "owner_id": life.owner_id,
            "person_id": life.person_id,
            "org_id": life.org_id,
            "pipeline_id": life.pipeline_id,
            "stage_id": life.stage_id,
            "value": life.value,
            "currency": rng.pick(_CURRENCIES),
            "add_time": _text(life.created),
            "update_time": updated,
            "stage_change_time": _text(life.stage_changed_at),
            "status": life.status,
            "is_archived": life.archived_at is not None,
            "is_deleted": life.deleted_at is not None,
            "deleted_at": _text(life.deleted_at),
            "probability": rng.pick((None, 10, 50, 90)),
            "lost_reason": life.lost_reason,
            "visible_to": rng.pick((1, 3, 3, 7)),
            "close_time": closed,
            "won_time": won,
            "lost_time": lost,
            "local_won_date": won and won[:10],
            "local_lost_date": lost and lost[:10],
            "local_close_date": closed and closed[:10],
            "expected_close_date": life.expected_close_date,
            "label_ids": rng.pick(([], [], [LABEL_IDS[0]], [1, 2, 3])),
            "origin": rng.pick(ORIGINS),
            "origin_id": None,
            "channel": rng.pick((None, 52)),
            "channel_id": None,
            "archive_time": _text(life.archived_at),
            "acv": life.value,
            "arr": life.value,
            "mrr": int(life.value / 12 * 100) / 100,
            "custom_fields": rng.pick(custom),
            **_activity_columns(life),
            "first_won_time": _text(life.first_won_at),
            **rng.counters(_RANDOM_COUNTS),
            "last_incoming_mail_time": updated if rng.chance(0.2) else None,
            "last_outgoing_mail_time": None,
            "smart_bcc_email": f"nordlicht+deal{life.id}@pipedrivemail.example",
            "source_lead_id": rng.uuid() if rng.chance(0.1) else None,
        }


def _text(epoch: int | None) -> str | None:
    return None if epoch is None else Stamp.V2.text(epoch)


def _activity_columns(life: DealLife) -> Row:
    """Return the columns of a deal that follow from its activities."""
    done = [each for each in life.activities if each.done_at is not None]
    undone = [each for each in life.activities if each.done_at is None]
    return {
        "next_activity_id": min(undone, key=attrgetter("due")).id if undone else None,
        "last_activity_id": max(done, key=attrgetter("due")).id if done else None,
        "activities_count": len(life.activities),
        "done_activities_count": len(done),
        "undone_activities_count": len(undone),
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
