"""Followers, and the change logs of deals, persons, organizations, and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from pipedrive_sandbox.clock import DAY, Stamp
from pipedrive_sandbox.data.contacts import organizations, persons
from pipedrive_sandbox.data.deal_lives import deal_lives
from pipedrive_sandbox.data.past_edits import PastEditor
from pipedrive_sandbox.data.projects import projects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.edits import Edit
    from pipedrive_sandbox.data.random_source import RandomSource
    from pipedrive_sandbox.store import Row

_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/121.0.0.0 Safari/537.36"


def followers(account: AccountData) -> Iterator[Row]:
    """Yield the followers of deals, persons, organizations and products."""
    rng = account.random_source("followers")
    sizes = account.sizes
    counts = {
        "deal": sizes.deals,
        "person": sizes.persons,
        "organization": sizes.organizations,
        "product": sizes.products,
    }
    entities = [entity for entity, count in counts.items() if count]
    parents = max(1, sizes.followers // 2)
    for number in range(parents if sizes.followers else 0):
        entity = entities[number % len(entities)]
        # spread evenly, so that no parent is drawn twice
        position = (number // len(entities)) * max(1, counts[entity] * len(entities) // parents)
        if position >= counts[entity]:
            continue
        parent = position + 1 + position // 96
        first = rng.up_to(sizes.users)
        for user in {first, 1 + first % sizes.users}:
            yield {
                "user_id": user,
                "add_time": Stamp.V2.text(account.now - rng.up_to(700 * DAY)),
                "entity": entity,
                "parent_id": parent,
            }


def log_row(entity: str, parent: object, edit: Edit) -> Row:
    """Return an edit as the change log of its deal, person, or organization shows it."""
    return {
        "field_key": edit.name,
        "old_value": _log_text(edit.old),
        "new_value": _log_text(edit.new),
        "actor_user_id": edit.actor,
        "time": Stamp.V1.text(edit.time),
        "change_source": "api",
        "change_source_user_agent": None,
        "is_bulk_update_flag": False,
        "entity": entity,
        "parent_id": parent,
    }


def _log_text(value: object) -> str | None:
    """Return a value as the change logs show it: as text, whatever its type."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def changes(account: AccountData) -> Iterator[Row]:
    """Yield the change logs of deals, persons and organizations, those of each oldest first."""
    if not account.sizes.changes:
        return
    rng = account.random_source("changes")
    for life in deal_lives(account):
        for edit in life.edits:
            yield _made(rng, log_row("deal", life.id, edit))
    editor = PastEditor(account, rng)
    for entity, rows in (("person", persons), ("organization", organizations)):
        for row in rows(account):
            for edit in editor.edits(row):
                yield _made(rng, log_row(entity, row["id"], edit))


def _made(rng: RandomSource, row: Row) -> Row:
    if rng.chance(0.8):
        row |= {"change_source": "app", "change_source_user_agent": _AGENT}
    row["is_bulk_update_flag"] = rng.chance(0.1)
    return row


def project_changes(account: AccountData) -> Iterator[Row]:
    """Yield the change log of projects, that of each oldest first."""
    if not account.sizes.project_changes:
        return
    rng = account.random_source("project_changes")
    editor = PastEditor(account, rng, Stamp.MILLIS)
    for row in projects(account):
        edits = editor.edits(row)
        if row["status"] != "open":
            edits.append(editor.last_edit(row, "status", "open"))
        for edit in edits:
            yield {
                "change_source": rng.pick(("app", "api", None)),
                "change_source_user_agent": None,
                "time": Stamp.MILLIS.text(edit.time),
                "new_values": {edit.name: edit.new},
                "old_values": {edit.name: edit.old},
                "actor_user_id": edit.actor,
                "project_id": row["id"],
            }
