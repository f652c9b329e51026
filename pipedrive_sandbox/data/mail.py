"""Mail threads, mail messages and call logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pipedrive_sandbox.clock import DAY, HOUR, Stamp
from pipedrive_sandbox.data.company import COMPANY_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.random_source import RandomSource
    from pipedrive_sandbox.store import Row

_FOLDERS: Final = (("inbox",), ("inbox", "sent"), ("sent",), ("drafts",), ("archive",))
_OUTCOMES: Final = ("connected", "no_answer", "left_message", "wrong_number", "busy")
_THREAD_FLAGS: Final = {
    "deleted_flag": 0,
    "synced_flag": 1,
    "smart_bcc_flag": 0,
    "mail_link_tracking_enabled_flag": 0,
    "shared_flag": 1,
    "external_deleted_flag": 0,
    "first_message_to_me_flag": 0,
    "all_messages_sent_flag": 0,
    "has_attachments_flag": 0,
    "has_inline_attachments_flag": 0,
    "has_real_attachments_flag": 0,
}


def _party(key: int, account: AccountData, rng: RandomSource) -> Row:
    return {
        "id": key,
        "email_address": f"contact{key}@example.org",
        "name": rng.pick(account.words.last_names),
        "linked_person_id": None,
        "linked_person_name": None,
        "linked_organization_id": None,
        "mail_message_party_id": key,
    }


def mail_threads(account: AccountData) -> Iterator[Row]:
    """Yield mail threads; some lie in two folders, every fifth belongs to another user."""
    rng = account.random_source("mail_threads")
    count = account.sizes.mail_threads
    times = account.times(rng, count, Stamp.MILLIS, with_null=False)
    for key, (created, added, changed) in zip(account.ids(count), times, strict=True):
        folders = rng.pick(_FOLDERS)
        first = Stamp.MILLIS.text(created - HOUR)
        party: dict[str, Any] = {"latest_sent": False, "message_time": (created - HOUR) * 1000}
        yield {
            "id": key,
            "parties": {
                "to": [_party(key * 2, account, rng) | party],
                "from": [_party(key * 2 + 1, account, rng) | party],
            },
            "drafts_parties": [],
            "folders": list(folders),
            "account_id": "a1b2c3d4e5",
            "user_id": 2 if key % 5 == 0 else 1,
            "version": rng.up_to(9),
            "subject": rng.pick(account.words.phrases),
            "snippet": rng.pick(account.words.sentences),
            "snippet_draft": None,
            "snippet_sent": "",
            "message_count": rng.up_to(6),
            "read_flag": rng.up_to(2) - 1,
            "mail_tracking_status": rng.pick((None, "opened", "not opened")),
            "has_draft_flag": int("drafts" in folders),
            "has_sent_flag": int("sent" in folders),
            "archived_flag": int("archive" in folders),
            **_THREAD_FLAGS,
            "last_message_timestamp": changed,
            "first_message_timestamp": first,
            "last_message_sent_timestamp": changed if "sent" in folders else None,
            "last_message_received_timestamp": first,
            "add_time": added,
            "update_time": changed,
            "deal_id": account.some_id(rng, account.sizes.deals)
            if account.sizes.deals and rng.chance(0.5)
            else None,
            "deal_status": None,
            "lead_id": None,
            "places": f",{','.join(folders)},",
        }


def mail_messages(account: AccountData) -> Iterator[Row]:
    """Yield the messages of the threads."""
    rng = account.random_source("mail_messages")
    count = account.sizes.mail_messages
    times = account.times(rng, count, Stamp.MILLIS, with_null=False)
    for key, (_, added, changed) in zip(account.ids(count), times, strict=True):
        thread = account.some_id(rng, account.sizes.mail_threads)
        yield {
            "id": key,
            "from": [_party(key * 2, account, rng)],
            "to": [_party(key * 2 + 1, account, rng)],
            "cc": [],
            "bcc": [],
            "body_url": f"https://mail.pipedrive.example/{key}",
            "account_id": "a1b2c3d4e5",
            "user_id": 2 if thread % 5 == 0 else 1,
            "mail_thread_id": thread,
            "subject": rng.pick(account.words.phrases),
            "snippet": rng.pick(account.words.sentences),
            "mail_tracking_status": None,
            "mail_link_tracking_enabled_flag": 0,
            "read_flag": 1,
            "draft": None,
            "draft_flag": 0,
            "synced_flag": 1,
            "deleted_flag": 0,
            "has_body_flag": 1,
            "sent_flag": 0,
            "sent_from_pipedrive_flag": 0,
            "smart_bcc_flag": 0,
            "message_time": added,
            "add_time": added,
            "update_time": changed,
            "has_attachments_flag": 0,
            "has_inline_attachments_flag": 0,
            "has_real_attachments_flag": 0,
        }


def linked_mail(account: AccountData) -> Iterator[Row]:
    """Yield each message once for each record that it is linked to: a deal, persons, their company.

    Every fourth message is private.
    """
    rng = account.random_source("linked_mail")
    sizes = account.sizes
    for message in mail_messages(account):
        links = [
            (entity, account.some_id(rng, count))
            for entity, count, chance in (
                ("deal", sizes.deals, 0.6),
                ("person", sizes.persons, 0.8),
                ("person", sizes.persons, 0.3),
                ("organization", sizes.organizations, 0.4),
            )
            if rng.chance(chance) and count
        ]
        key = message["id"]
        of_record = {
            **message,
            "body": f"<p>{rng.pick(account.words.sentences)}</p>",
            "nylas_id": f"nylas{key}",
            "s3_bucket": "mail-service",
            "s3_bucket_path": f"bodies/{key}",
            "external_deleted_flag": False,
            "mua_message_id": f"<{key}@mail.example>",
            "template_id": None,
            "timestamp": message["add_time"],
            "item_type": "mailMessage",
            "company_id": COMPANY_ID,
            "is_private": int(key % 4 == 0),
        }
        for entity, parent_id in dict.fromkeys(links):
            yield {**of_record, "entity": entity, "parent_id": parent_id}


def call_logs(account: AccountData) -> Iterator[Row]:
    """Yield call logs, every fifth of them another user's."""
    rng = account.random_source("call_logs")
    sizes = account.sizes
    for number in range(1, sizes.call_logs + 1):
        start = account.now - rng.up_to(700 * DAY)
        seconds = rng.up_to(1800)
        yield {
            "id": f"CA{UUID(int=rng.getrandbits(128), version=4).hex[:26]}",
            "activity_id": None,
            "person_id": rng.up_to(account.last_id(sizes.persons)) if rng.chance(0.7) else None,
            "org_id": None,
            "deal_id": rng.up_to(account.last_id(sizes.deals)) if rng.chance(0.3) else None,
            "lead_id": None,
            "subject": rng.pick((None, rng.pick(account.words.sentences))),
            "duration": str(seconds),
            "outcome": rng.pick(_OUTCOMES),
            "from_phone_number": rng.pick((None, account.words.phone(rng))),
            "to_phone_number": account.words.phone(rng),
            "has_recording": rng.chance(0.1),
            "start_time": Stamp.MILLIS.text(start),
            "end_time": Stamp.MILLIS.text(start + seconds),
            "user_id": 2 if number % 5 == 0 else 1,
            "company_id": COMPANY_ID,
            "note": rng.pick((None, "", rng.pick(account.words.sentences))),
        }
