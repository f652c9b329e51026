"""Fills an empty store with an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox import core_data as core
from pipedrive_sandbox import reference_data as reference
from pipedrive_sandbox import sales_data as sales
from pipedrive_sandbox import work_data as work
from pipedrive_sandbox.fields import CUSTOMISED, definitions
from pipedrive_sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_sandbox.sizes import Sizes
    from pipedrive_sandbox.store import Row, Store

FIELD_ENTITIES: Final = (*CUSTOMISED, "activity", "lead", "note")


def field_definitions(world: World) -> Iterator[Row]:
    """Yield the definitions of every entity; leads carry the custom fields of deals."""
    for entity in FIELD_ENTITIES:
        customs = world.customs.get("deal" if entity == "lead" else entity, [])
        yield from definitions(entity, customs, world.born)


GENERATORS: Final[dict[str, Callable[[World], Iterator[Row]]]] = {
    "users": core.users,
    "currencies": core.currencies,
    "pipelines": core.pipelines,
    "stages": core.stages,
    "filters": core.saved_filters,
    "fields": field_definitions,
    "persons": core.persons,
    "organizations": core.organizations,
    "deals": core.deals,
    "activities": core.activities,
    "products": core.products,
    "leads": core.leads,
    "notes": core.notes,
    "note_comments": sales.note_comments,
    "files": sales.files,
    "deal_products": sales.deal_products,
    "installments": sales.installments,
    "discounts": sales.discounts,
    "participants": sales.participants,
    "followers": sales.followers,
    "changes": sales.changes,
    "variations": sales.variations,
    "relationships": sales.relationships,
    "activity_types": reference.activity_types,
    "lead_labels": reference.lead_labels,
    "lead_sources": reference.lead_sources,
    "addons": reference.addons,
    "goals": reference.goals,
    "roles": reference.roles,
    "role_assignments": reference.role_assignments,
    "permission_sets": reference.permission_sets,
    "permission_set_assignments": reference.permission_set_assignments,
    "legacy_teams": reference.legacy_teams,
    "boards": work.boards,
    "phases": work.phases,
    "project_templates": work.templates,
    "projects": work.projects,
    "project_changes": work.project_changes,
    "tasks": work.tasks,
    "mail_threads": work.mail_threads,
    "mail_messages": work.mail_messages,
    "call_logs": work.call_logs,
}


def fill(store: Store, sizes: Sizes, seed: int, now: int) -> None:
    """Generate every table, lazily: memory does not depend on the sizes."""
    world = World(sizes, seed, now)
    for table, generate in GENERATORS.items():
        store.fill(table, generate(world))
    store.index()
