"""Activities, notes with their comments, and files."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, Stamp
from pipedrive_sandbox.data.activity_times import ActivityPlanner
from pipedrive_sandbox.data.company import COMPANY, COMPANY_ID
from pipedrive_sandbox.data.deal_lives import activities_on_deals, deal_lives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.activity_times import PlannedActivity
    from pipedrive_sandbox.data.random_source import RandomSource
    from pipedrive_sandbox.store import Row

ACTIVITY_TYPES: Final = ("call", "meeting", "task", "deadline", "email", "lunch")
_ACTIVITY_SUBJECTS: Final = ("Call", "Meeting", "Follow up", "Send offer", "Lunch", "Prepare demo")


def activities(account: AccountData) -> Iterator[Row]:
    """Yield the activities: first those of deals, which follow from the deals' lives."""
    rng = account.random_source("activities")
    sizes = account.sizes
    for life in deal_lives(account) if sizes.activities else ():
        for planned in life.activities:
            links = {"deal_id": life.id, "person_id": life.person_id, "org_id": life.org_id}
            yield _activity(account, rng, planned, life.owner_id, links)
    planner = ActivityPlanner(account, rng)
    for key in islice(account.ids(sizes.activities), activities_on_deals(account), None):
        planned = planner.between(key, account.opened + 30 * DAY, account.now)
        person = rng.up_to(account.last_id(sizes.persons)) if rng.chance(0.8) else None
        org = rng.up_to(account.last_id(sizes.organizations)) if rng.chance(0.5) else None
        links = {"deal_id": None, "person_id": person, "org_id": org}
        yield _activity(account, rng, planned, account.user(rng), links)


def _activity(
    account: AccountData,
    rng: RandomSource,
    planned: PlannedActivity,
    owner: int,
    links: dict[str, int | None],
) -> Row:
    kind = rng.up_to(len(ACTIVITY_TYPES)) - 1
    is_meeting = kind == 1
    person = links["person_id"]
    due = Stamp.V2.text(planned.due)
    return {
        "id": planned.id,
        "subject": _ACTIVITY_SUBJECTS[kind],
        "type": ACTIVITY_TYPES[kind],
        "owner_id": owner,
        "creator_user_id": owner if rng.chance(0.8) else account.user(rng),
        "is_deleted": False,
        "add_time": Stamp.V2.text(planned.added),
        "update_time": None if planned.updated is None else Stamp.V2.text(planned.updated),
        "deal_id": links["deal_id"],
        "lead_id": None,
        "person_id": person,
        "org_id": links["org_id"],
        "project_id": None,
        "due_date": due[:10],
        "due_time": due[11:19] if rng.chance(0.7) else None,
        "duration": "01:00:00" if is_meeting else None,
        "busy": is_meeting,
        "done": planned.done_at is not None,
        "marked_as_done_time": None if planned.done_at is None else Stamp.V2.text(planned.done_at),
        "location": rng.pick(account.addresses) if is_meeting else None,
        "participants": [{"person_id": person, "primary": True}] if person else [],
        "conference_meeting_client": None,
        "conference_meeting_url": None,
        "conference_meeting_id": None,
        "public_description": None,
        "priority": rng.pick((None, None, 263)),
        "note": f"<p>{rng.pick(account.words.sentences)}</p>" if rng.chance(0.5) else None,
        "outcome": None,
        "attendees": [
            {
                "email": f"guest{planned.id}@example.org",
                "name": rng.pick(account.words.last_names),
                "status": "accepted",
                "is_organizer": False,
                "person_id": person,
                "user_id": None,
            },
        ]
        if is_meeting
        else None,
    }


def notes(account: AccountData) -> Iterator[Row]:
    """Yield notes of deals, persons, organizations and leads; a few are very long."""
    rng = account.random_source("notes")
    count = account.sizes.notes
    texts = [f"<p>{text}</p>" for text in account.words.paragraphs]
    times = account.times(rng, count, Stamp.V1, with_null=False)
    for key, (_, added, changed) in zip(account.ids(count), times, strict=True):
        user = account.user(rng)
        deal = rng.up_to(account.last_id(account.sizes.deals))
        person = rng.up_to(account.last_id(account.sizes.persons))
        of_deal = rng.chance(0.7)
        yield {
            "id": key,
            "active_flag": True,
            "add_time": added,
            "update_time": changed,
            "content": account.words.long_text if rng.chance(0.005) else rng.pick(texts),
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


def note_comments(account: AccountData) -> Iterator[Row]:
    """Yield the comments on notes."""
    rng = account.random_source("note_comments")
    count = account.sizes.note_comments
    for _, added, changed in account.times(rng, count, Stamp.MILLIS, with_null=False):
        user = rng.up_to(account.sizes.users)
        yield {
            "uuid": rng.uuid(),
            "active_flag": True,
            "add_time": added,
            "update_time": changed,
            "content": rng.pick(account.words.sentences),
            "object_id": str(account.some_id(rng, account.sizes.notes)),
            "object_type": "note",
            "user_id": user,
            "updater_id": user,
            "company_id": COMPANY_ID,
        }


def files(account: AccountData) -> Iterator[Row]:
    """Yield the files of deals, persons, organizations and products."""
    rng = account.random_source("files")
    count = account.sizes.files
    links = {
        "deal_id": account.sizes.deals,
        "person_id": account.sizes.persons,
        "org_id": account.sizes.organizations,
        "product_id": account.sizes.products,
    }
    present = [link for link, size in links.items() if size]
    times = account.times(rng, count, Stamp.V1, with_null=False)
    for key, (_, added, changed) in zip(account.ids(count), times, strict=True):
        link = rng.pick(present)
        of = dict.fromkeys(links) | {link: account.some_id(rng, links[link])}
        name = f"{rng.pick(account.words.last_names)} {key}.pdf"
        yield {
            "id": key,
            "user_id": rng.up_to(account.sizes.users),
            **of,
            "activity_id": None,
            "lead_id": None,
            "project_id": None,
            "log_id": None,
            "add_time": added,
            "update_time": changed,
            "file_name": f"{key:032x}.pdf",
            "file_type": "pdf",
            "file_size": rng.up_to(10**8),
            "active_flag": True,
            "inline_flag": False,
            "remote_location": "s3",
            "remote_id": f"company/{COMPANY_ID}/{key}",
            "cid": "",
            "s3_bucket": "",
            "mail_message_id": "",
            "mail_template_id": "",
            "deal_name": "",
            "person_name": "",
            "lead_name": None,
            "project_name": None,
            "org_name": "",
            "product_name": "",
            "url": f"https://app.pipedrive.example/api/v1/files/{key}/download",
            "name": name,
            "description": rng.pick(("", None, rng.pick(account.words.sentences))),
        }
