"""The expected rows of each stream: what a correct connector has read by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipedrive_sandbox.endpoints.custom_handlers import SETTINGS
from pipedrive_sandbox.endpoints.parameters import RETENTION
from pipedrive_sandbox.endpoints.v1_shapes import participant, v1_field
from pipedrive_sandbox.tables import LEGACY, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipedrive_sandbox.account import Account
    from pipedrive_sandbox.store import Row


@dataclass(frozen=True)
class Stream:
    """The rows of `table` that satisfy `where`, in the API's form by `shape`.

    `added_columns` maps hidden columns to the names under which a connector adds them: the parent's
    id, the flag of archived rows. `left_out` are optional properties for which a connector must be
    set up. `:retained` is the instant before which deleted rows are gone.
    """

    table: str
    where: str = "1"
    shape: Callable[[Account, Row], Row] | None = None
    added_columns: tuple[tuple[str, str], ...] = ()
    left_out: frozenset[str] = frozenset()


_READABLE: Final = "(deleted_at = '' OR deleted_at > :retained)"
_OF_DEALS: Final = f"deal_id IN (SELECT id FROM deals WHERE {_READABLE})"


def _on(entity: str, table: str) -> str:
    parents = f"SELECT id FROM {table}" + (f" WHERE {_READABLE}" if table == "deals" else "")
    return f"entity = '{entity}' AND parent_id IN ({parents})"


def _fields(entity: str) -> Stream:
    v1 = entity in {"lead", "note"}
    return Stream("fields", f"entity = '{entity}'", v1_field(entity) if v1 else None)


STREAMS: Final[dict[str, Stream]] = {
    "deals": Stream("deals", _READABLE),
    "persons": Stream("persons"),
    "organizations": Stream("organizations"),
    "activities": Stream("activities"),
    "products": Stream("products"),
    "pipelines": Stream("pipelines"),
    "stages": Stream("stages"),
    "users": Stream("users"),
    "currencies": Stream("currencies"),
    "notes": Stream("notes"),
    "leads": Stream("leads"),
    "files": Stream("files"),
    "note_comments": Stream(
        "note_comments",
        "object_id IN (SELECT CAST(id AS TEXT) FROM notes)",
    ),
    "deal_products": Stream("deal_products", _OF_DEALS),
    "deal_installments": Stream("installments", _OF_DEALS),
    "deal_discounts": Stream("discounts", _OF_DEALS),
    "deal_participants": Stream("participants", _OF_DEALS, participant),
    "product_variations": Stream("variations", "product_id IN (SELECT id FROM products)"),
    "organization_relationships": Stream(
        "relationships",
        "org_id IN (SELECT id FROM organizations)",
        added_columns=(("org_id", "org_id"),),
    ),
    **{
        f"{entity}_followers": Stream(
            "followers",
            _on(entity, table),
            added_columns=(("parent_id", key),),
        )
        for entity, table, key in (
            ("deal", "deals", "deal_id"),
            ("person", "persons", "person_id"),
            ("organization", "organizations", "organization_id"),
            ("product", "products", "product_id"),
        )
    },
    **{
        f"{entity}_changelog": Stream(
            "changes",
            _on(entity, table),
            added_columns=(("parent_id", key),),
        )
        for entity, table, key in (
            ("deal", "deals", "deal_id"),
            ("person", "persons", "person_id"),
            ("organization", "organizations", "organization_id"),
        )
    },
    "activity_types": Stream("activity_types"),
    "filters": Stream("filters"),
    "lead_labels": Stream("lead_labels"),
    "lead_sources": Stream("lead_sources"),
    "goals": Stream("goals"),
    "roles": Stream("roles"),
    "role_assignments": Stream("role_assignments"),
    "permission_sets": Stream("permission_sets"),
    "permission_set_assignments": Stream("permission_set_assignments"),
    "legacy_teams": Stream("legacy_teams"),
    "webhooks": Stream("webhooks"),
    "projects": Stream("projects", _READABLE, added_columns=(("is_archived", "is_archived"),)),
    "project_boards": Stream("boards"),
    "project_phases": Stream("phases"),
    "project_templates": Stream("project_templates"),
    "project_changelog": Stream(
        "project_changes",
        f"project_id IN (SELECT id FROM projects WHERE {_READABLE})",
        added_columns=(("project_id", "project_id"),),
    ),
    "tasks": Stream("tasks"),
    "mail_threads": Stream("mail_threads", "user_id = 1"),
    "mail_messages": Stream("mail_messages", "user_id = 1"),
    **{
        f"{entity}_mail_messages": Stream(
            "linked_mail",
            f"(user_id = 1 OR is_private = 0) AND {_on(entity, table)}",
            added_columns=(("parent_id", key),),
            left_out=frozenset({"body"}),
        )
        for entity, table, key in (
            ("deal", "deals", "deal_id"),
            ("person", "persons", "person_id"),
            ("organization", "organizations", "organization_id"),
        )
    },
    "call_logs": Stream("call_logs", "user_id = 1"),
    **{
        f"{entity}_fields": _fields(entity)
        for entity in (
            "deal",
            "person",
            "organization",
            "product",
            "activity",
            "project",
            "lead",
            "note",
        )
    },
}
#: Streams that are not rows of one table.
DERIVED: Final = ("user_settings", "field_options")


def expected_rows(account: Account, name: str) -> Iterator[Row]:
    """Yield the rows that the administrator's connector has read of a stream by now.

    They have every optional property, as if the connector had sent all `include_fields`.
    """
    if name == "user_settings":
        yield dict(SETTINGS)
    elif name == "field_options":
        yield from _options(account)
    else:
        yield from _stored(account, STREAMS[name])


def _stored(account: Account, stream: Stream) -> Iterator[Row]:
    table = TABLES[stream.table]
    retained = table.stamp.text(account.clock.now() - RETENTION)
    if ":retained" in stream.where and stream.table not in {"deals", "projects"}:
        owner = "projects" if stream.table == "project_changes" else "deals"
        retained = TABLES[owner].stamp.text(account.clock.now() - RETENTION)
    values = [retained] * stream.where.count(":retained")
    where = stream.where.replace(":retained", "?")
    added = dict(stream.added_columns)
    for row in account.store.find(stream.table, where, values):
        shaped = stream.shape(account, row) if stream.shape else row
        yield {
            added.get(key, key): bool(value) if key == "is_archived" else value
            for key, value in shaped.items()
            if key in added or key not in {*table.hidden, *stream.left_out, LEGACY}
        }


def _options(account: Account) -> Iterator[Row]:
    for row in account.store.find("fields"):
        for option in row["options"] or ():
            yield {
                "entity": row["entity"],
                "field_code": row["field_code"],
                "field_name": row["field_name"],
                "option_id": option["id"],
                "label": option["label"],
                "color": option.get("color"),
            }
