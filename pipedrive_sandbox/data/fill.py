"""Fills an empty store with an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.data import (
    activities,
    contacts,
    deals,
    history,
    leads,
    mail,
    products,
    projects,
    setup,
)
from pipedrive_sandbox.data import reference_data as reference
from pipedrive_sandbox.data.field_definitions import field_definitions
from pipedrive_sandbox.data.oddities import add_oddities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row, Store

GENERATORS: Final[dict[str, Callable[[AccountData], Iterator[Row]]]] = {
    "users": setup.users,
    "currencies": setup.currencies,
    "pipelines": setup.pipelines,
    "stages": setup.stages,
    "filters": setup.saved_filters,
    "fields": field_definitions,
    "persons": contacts.persons,
    "organizations": contacts.organizations,
    "deals": deals.deals,
    "activities": activities.activities,
    "products": products.products,
    "leads": leads.leads,
    "notes": activities.notes,
    "note_comments": activities.note_comments,
    "files": activities.files,
    "deal_products": products.deal_products,
    "installments": deals.installments,
    "discounts": deals.discounts,
    "participants": deals.participants,
    "followers": history.followers,
    "changes": history.changes,
    "variations": products.variations,
    "relationships": contacts.relationships,
    "activity_types": reference.activity_types,
    "lead_labels": reference.lead_labels,
    "lead_sources": reference.lead_sources,
    "goals": reference.goals,
    "roles": reference.roles,
    "role_assignments": reference.role_assignments,
    "permission_sets": reference.permission_sets,
    "permission_set_assignments": reference.permission_set_assignments,
    "legacy_teams": reference.legacy_teams,
    "boards": projects.boards,
    "phases": projects.phases,
    "project_templates": projects.templates,
    "projects": projects.projects,
    "project_changes": history.project_changes,
    "tasks": projects.tasks,
    "mail_threads": mail.mail_threads,
    "mail_messages": mail.mail_messages,
    "linked_mail": mail.linked_mail,
    "call_logs": mail.call_logs,
}


def fill(store: Store, account: AccountData, oddities: str) -> None:
    """Fill every table in batches, so that memory does not grow with the number of rows.

    `oddities` is one of `oddities.LEVELS`.
    """
    for table, generate in GENERATORS.items():
        store.fill(table, add_oddities(account, oddities, table, generate(account)))
    store.index()
