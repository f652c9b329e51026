"""Projects, with their boards, phases, templates and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.clock import DAY, Stamp, day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.random_source import RandomSource
    from pipedrive_sandbox.store import Row

_BOARDS: Final = ("Delivery", "Onboarding")
_PHASES: Final = ("Kick-off", "Doing", "Review", "Готово")
_STATUSES: Final = ("open", "open", "completed", "canceled")


def boards(account: AccountData) -> Iterator[Row]:
    """Yield the project boards."""
    for key, name in enumerate(_BOARDS, start=1):
        moment = Stamp.MILLIS.text(account.opened + key * DAY)
        yield {
            "id": key,
            "name": name,
            "order_nr": key,
            "add_time": moment,
            "update_time": moment,
        }


def phases(account: AccountData) -> Iterator[Row]:
    """Yield the phases of each board."""
    for board in range(1, len(_BOARDS) + 1):
        for number, name in enumerate(_PHASES, start=1):
            moment = Stamp.MILLIS.text(account.opened + board * DAY)
            yield {
                "id": (board - 1) * len(_PHASES) + number,
                "name": name,
                "board_id": board,
                "order_nr": number,
                "add_time": moment,
                "update_time": moment,
            }


def templates(account: AccountData) -> Iterator[Row]:
    """Yield the project templates."""
    for key in range(1, 4):
        moment = Stamp.MILLIS.text(account.opened + key * DAY)
        yield {
            "id": key,
            "title": f"Template {key}",
            "description": "",
            "projects_board_id": 1 + key % len(_BOARDS),
            "owner_id": 1,
            "add_time": moment,
            "update_time": moment,
        }


def _some(rng: RandomSource, account: AccountData, count: int) -> list[int]:
    return [account.some_id(rng, count)] if count and rng.chance(0.7) else []


def projects(account: AccountData) -> Iterator[Row]:
    """Yield projects: active, archived, and deleted."""
    rng = account.random_source("projects")
    custom = account.custom_values("project")
    sizes = account.sizes
    times = account.times(rng, sizes.projects, Stamp.MILLIS, with_null=False)
    for key, (created, added, updated) in zip(account.ids(sizes.projects), times, strict=True):
        phase = rng.up_to(len(_BOARDS) * len(_PHASES))
        is_deleted = rng.chance(0.05)
        deleted_at = (
            max(updated, Stamp.MILLIS.text(account.now - rng.up_to(40 * DAY)))
            if is_deleted and updated
            else None
        )
        changed = deleted_at or updated
        is_archived = rng.chance(0.2)
        deals = _some(rng, account, sizes.deals)
        persons = _some(rng, account, sizes.persons)
        organizations = _some(rng, account, sizes.organizations)
        yield {
            "id": key,
            "title": f"Project {rng.pick(account.words.companies)}",
            "description": rng.pick((None, "", rng.pick(account.words.paragraphs))),
            "status": "deleted" if is_deleted else rng.pick(_STATUSES),
            "board_id": 1 + (phase - 1) // len(_PHASES),
            "phase_id": phase,
            "owner_id": rng.up_to(sizes.users),
            "start_date": day(created) if rng.chance(0.8) else None,
            "end_date": day(created + 90 * DAY) if rng.chance(0.5) else None,
            "deal_ids": deals,
            "person_ids": persons,
            "org_ids": organizations,
            "label_ids": rng.pick(([], [1], [2, 3])),
            "health_status": rng.pick((None, 10, 20)),
            "add_time": added,
            "update_time": changed,
            "status_change_time": changed,
            "archive_time": changed if is_archived else None,
            "custom_fields": rng.pick(custom),
            "is_archived": is_archived,
            "deleted_at": deleted_at,
        }


def tasks(account: AccountData) -> Iterator[Row]:
    """Yield the tasks of projects, some of them subtasks."""
    rng = account.random_source("tasks")
    count = account.sizes.tasks
    times = account.times(rng, count, Stamp.MILLIS, with_null=False)
    for key, (created, added, changed) in zip(account.ids(count), times, strict=True):
        done = rng.chance(0.4)
        assignees = sorted({rng.up_to(account.sizes.users) for _ in range(rng.up_to(3) - 1)})
        yield {
            "id": key,
            "title": rng.pick(account.words.phrases),
            "creator_id": rng.up_to(account.sizes.users),
            "description": rng.pick((None, rng.pick(account.words.sentences))),
            "project_id": account.some_id(rng, account.sizes.projects),
            "is_done": done,
            "is_milestone": rng.chance(0.1),
            "due_date": day(created + 14 * DAY) if rng.chance(0.6) else None,
            "start_date": day(created) if rng.chance(0.3) else None,
            "parent_task_id": 1 if key > 1 and rng.chance(0.1) else None,
            "assignee_ids": assignees,
            "priority": rng.pick((None, 0, 2)),
            "add_time": added,
            "update_time": changed,
            "marked_as_done_time": changed if done else None,
        }
