"""Generators of projects, tasks, mail and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pipedrive_sandbox.clock import DAY, HOUR, Stamp, day
from pipedrive_sandbox.company import COMPANY_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.dice import Dice
    from pipedrive_sandbox.store import Row
    from pipedrive_sandbox.world import World

_BOARDS: Final = ("Delivery", "Onboarding")
_PHASES: Final = ("Kick-off", "Doing", "Review", "Готово")
_STATUSES: Final = ("open", "open", "completed", "canceled")
_FOLDERS: Final = (("inbox",), ("inbox", "sent"), ("sent",), ("drafts",), ("archive",))
_OUTCOMES: Final = ("connected", "no_answer", "left_message", "wrong_number", "busy")


def links(keys: list[int]) -> str:
    """Write ids so that SQL finds one of them by LIKE."""
    return f",{','.join(map(str, keys))}," if keys else ""


def boards(world: World) -> Iterator[Row]:
    """Yield the project boards."""
    for key, name in enumerate(_BOARDS, start=1):
        moment = Stamp.MILLIS.text(world.born + key * DAY)
        yield {
            "id": key,
            "name": name,
            "order_nr": key,
            "add_time": moment,
            "update_time": moment,
        }


def phases(world: World) -> Iterator[Row]:
    """Yield the phases of each board."""
    for board in range(1, len(_BOARDS) + 1):
        for number, name in enumerate(_PHASES, start=1):
            moment = Stamp.MILLIS.text(world.born + board * DAY)
            yield {
                "id": (board - 1) * len(_PHASES) + number,
                "name": name,
                "board_id": board,
                "order_nr": number,
                "add_time": moment,
                "update_time": moment,
            }


def templates(world: World) -> Iterator[Row]:
    """Yield the project templates."""
    for key in range(1, 4):
        moment = Stamp.MILLIS.text(world.born + key * DAY)
        yield {
            "id": key,
            "title": f"Template {key}",
            "description": "",
            "projects_board_id": 1 + key % len(_BOARDS),
            "owner_id": 1,
            "add_time": moment,
            "update_time": moment,
        }


def _some(rng: Dice, world: World, count: int) -> list[int]:
    return [world.existing(rng, count)] if count and rng.chance(0.7) else []


def projects(world: World) -> Iterator[Row]:
    """Yield projects: live, archived, and deleted."""
    rng = world.dice("projects")
    custom = world.custom("project")
    sizes = world.sizes
    times = world.times(rng, sizes.projects, Stamp.MILLIS, untouched=False)
    for key, (born, added, touched) in zip(world.ids(sizes.projects), times, strict=True):
        phase = rng.upto(len(_BOARDS) * len(_PHASES))
        gone = rng.chance(0.05)
        deleted_at = Stamp.MILLIS.text(max(born, world.now - rng.upto(40 * DAY))) if gone else None
        changed = deleted_at or touched
        archived = rng.chance(0.2)
        deals = _some(rng, world, sizes.deals)
        persons = _some(rng, world, sizes.persons)
        organizations = _some(rng, world, sizes.organizations)
        yield {
            "id": key,
            "title": f"Project {rng.pick(world.words.companies)}",
            "description": rng.pick((None, "", rng.pick(world.words.paragraphs))),
            "status": "deleted" if gone else rng.pick(_STATUSES),
            "board_id": 1 + (phase - 1) // len(_PHASES),
            "phase_id": phase,
            "owner_id": rng.upto(sizes.users),
            "start_date": day(born) if rng.chance(0.8) else None,
            "end_date": day(born + 90 * DAY) if rng.chance(0.5) else None,
            "deal_ids": deals,
            "person_ids": persons,
            "org_ids": organizations,
            "label_ids": rng.pick(([], [1], [2, 3])),
            "health_status": rng.pick((None, 10, 20)),
            "add_time": added,
            "update_time": changed,
            "status_change_time": changed,
            "archive_time": changed if archived else None,
            "custom_fields": rng.pick(custom),
            "is_archived": archived,
            "deleted_at": deleted_at,
            "deal_links": links(deals),
            "person_links": links(persons),
            "org_links": links(organizations),
        }


def project_changes(world: World) -> Iterator[Row]:
    """Yield what was changed on projects, oldest first."""
    rng = world.dice("project_changes")
    count = world.sizes.project_changes
    step = 400 * DAY / max(1, count)
    for number in range(count):
        yield {
            "change_source": rng.pick(("app", "api", None)),
            "change_source_user_agent": None,
            "time": Stamp.MILLIS.text(int(world.now - 400 * DAY + number * step)),
            "new_values": {"status": "open", "board_id": 2},
            "old_values": {"status": "completed", "board_id": 1},
            "actor_user_id": rng.upto(world.sizes.users),
            "project_id": world.existing(rng, world.sizes.projects),
        }


def tasks(world: World) -> Iterator[Row]:
    """Yield the tasks of projects, some of them subtasks."""
    rng = world.dice("tasks")
    count = world.sizes.tasks
    times = world.times(rng, count, Stamp.MILLIS, untouched=False)
    for key, (born, added, changed) in zip(world.ids(count), times, strict=True):
        done = rng.chance(0.4)
        assignees = sorted({rng.upto(world.sizes.users) for _ in range(rng.upto(3) - 1)})
        yield {
            "id": key,
            "title": rng.pick(world.words.phrases),
            "creator_id": rng.upto(world.sizes.users),
            "description": rng.pick((None, rng.pick(world.words.sentences))),
            "project_id": world.existing(rng, world.sizes.projects),
            "is_done": done,
            "is_milestone": rng.chance(0.1),
            "due_date": day(born + 14 * DAY) if rng.chance(0.6) else None,
            "start_date": day(born) if rng.chance(0.3) else None,
            "parent_task_id": 1 if key > 1 and rng.chance(0.1) else None,
            "assignee_ids": assignees,
            "priority": rng.pick((None, 0, 2)),
            "add_time": added,
            "update_time": changed,
            "marked_as_done_time": changed if done else None,
            "assignees": links(assignees),
        }


def _party(key: int, world: World, rng: Dice) -> Row:
    return {
        "id": key,
        "email_address": f"contact{key}@example.org",
        "name": rng.pick(world.words.last_names),
        "linked_person_id": None,
        "linked_person_name": None,
        "linked_organization_id": None,
        "mail_message_party_id": key,
    }


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


def mail_threads(world: World) -> Iterator[Row]:
    """Yield mail threads; some lie in two folders, every fifth belongs to another user."""
    rng = world.dice("mail_threads")
    count = world.sizes.mail_threads
    times = world.times(rng, count, Stamp.MILLIS, untouched=False)
    for key, (born, added, changed) in zip(world.ids(count), times, strict=True):
        folders = rng.pick(_FOLDERS)
        first = Stamp.MILLIS.text(born - HOUR)
        party: dict[str, Any] = {"latest_sent": False, "message_time": (born - HOUR) * 1000}
        yield {
            "id": key,
            "parties": {
                "to": [_party(key * 2, world, rng) | party],
                "from": [_party(key * 2 + 1, world, rng) | party],
            },
            "drafts_parties": [],
            "folders": list(folders),
            "account_id": "a1b2c3d4e5",
            "user_id": 2 if key % 5 == 0 else 1,
            "version": rng.upto(9),
            "subject": rng.pick(world.words.phrases),
            "snippet": rng.pick(world.words.sentences),
            "snippet_draft": None,
            "snippet_sent": "",
            "message_count": rng.upto(6),
            "read_flag": rng.upto(2) - 1,
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
            "deal_id": world.existing(rng, world.sizes.deals)
            if world.sizes.deals and rng.chance(0.5)
            else None,
            "deal_status": None,
            "lead_id": None,
            "places": f",{','.join(folders)},",
        }


def mail_messages(world: World) -> Iterator[Row]:
    """Yield the messages of the threads."""
    rng = world.dice("mail_messages")
    count = world.sizes.mail_messages
    times = world.times(rng, count, Stamp.MILLIS, untouched=False)
    for key, (_, added, changed) in zip(world.ids(count), times, strict=True):
        thread = world.existing(rng, world.sizes.mail_threads)
        yield {
            "id": key,
            "from": [_party(key * 2, world, rng)],
            "to": [_party(key * 2 + 1, world, rng)],
            "cc": [],
            "bcc": [],
            "body_url": f"https://mail.pipedrive.example/{key}",
            "account_id": "a1b2c3d4e5",
            "user_id": 2 if thread % 5 == 0 else 1,
            "mail_thread_id": thread,
            "subject": rng.pick(world.words.phrases),
            "snippet": rng.pick(world.words.sentences),
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


def call_logs(world: World) -> Iterator[Row]:
    """Yield call logs, every fifth another user's."""
    rng = world.dice("call_logs")
    sizes = world.sizes
    for number in range(1, sizes.call_logs + 1):
        start = world.now - rng.upto(700 * DAY)
        seconds = rng.upto(1800)
        yield {
            "id": f"CA{UUID(int=rng.getrandbits(128), version=4).hex[:26]}",
            "activity_id": None,
            "person_id": rng.upto(world.highest(sizes.persons)) if rng.chance(0.7) else None,
            "org_id": None,
            "deal_id": rng.upto(world.highest(sizes.deals)) if rng.chance(0.3) else None,
            "lead_id": None,
            "subject": rng.pick((None, rng.pick(world.words.sentences))),
            "duration": str(seconds),
            "outcome": rng.pick(_OUTCOMES),
            "from_phone_number": rng.pick((None, world.words.phone(rng))),
            "to_phone_number": world.words.phone(rng),
            "has_recording": rng.chance(0.1),
            "start_time": Stamp.MILLIS.text(start),
            "end_time": Stamp.MILLIS.text(start + seconds),
            "user_id": 2 if number % 5 == 0 else 1,
            "company_id": COMPANY_ID,
            "note": rng.pick((None, "", rng.pick(world.words.sentences))),
        }
