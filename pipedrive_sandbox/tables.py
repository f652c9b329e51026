"""What the sandbox stores: one SQLite table per kind of row, declared once.

A row is a JSON object in the shape of the API. `columns` are copied out of it, so that the
database filters and sorts; `hidden` ones never leave the sandbox; `optional` ones are the API's
`include_fields` and are kept apart, so that a page is the plain concatenation of stored bytes.
A null column is stored as the empty text: it sorts first and satisfies no comparison. `bumped`
is the property that tells when a row was last changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pipedrive_sandbox.clock import Stamp


@dataclass(frozen=True)
class Table:
    """One kind of row."""

    name: str
    columns: tuple[str, ...] = ()
    key: str | None = "id"
    integer_key: bool = True
    stamp: Stamp = Stamp.V2
    hidden: frozenset[str] = frozenset()
    optional: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    bumped: str = "update_time"
    apart: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note what is kept apart from the body."""
        object.__setattr__(self, "apart", self.hidden | set(self.optional))

    @property
    def pages_by_key(self) -> bool:
        """Whether the key is the SQLite rowid as well."""
        return self.key is not None and self.integer_key


DEAL_OPTIONAL: Final = (
    "next_activity_id",
    "last_activity_id",
    "first_won_time",
    "products_count",
    "files_count",
    "notes_count",
    "followers_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "participants_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    "smart_bcc_email",
    "source_lead_id",
)
_CONTACT_COUNTERS: Final = (
    "next_activity_id",
    "last_activity_id",
    "open_deals_count",
    "related_open_deals_count",
    "closed_deals_count",
    "related_closed_deals_count",
    "email_messages_count",
    "activities_count",
    "done_activities_count",
    "undone_activities_count",
    "files_count",
    "notes_count",
    "followers_count",
    "won_deals_count",
    "related_won_deals_count",
    "lost_deals_count",
    "related_lost_deals_count",
    "smart_bcc_email",
)
PERSON_OPTIONAL: Final = (
    *_CONTACT_COUNTERS,
    "participant_open_deals_count",
    "participant_closed_deals_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    "marketing_status",
    "doi_status",
)
ORGANIZATION_OPTIONAL: Final = (*_CONTACT_COUNTERS, "people_count")
FIELD_OPTIONAL: Final = ("ui_visibility", "important_fields", "required_fields")
#: What only v1 tells of a field; never an `include_fields` of v2.
LEGACY: Final = "legacy"

_STAMPS: Final = ("add_time", "update_time")
_BY_UPDATE: Final = (("update_time",),)

TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "deals",
            columns=(
                *_STAMPS,
                "status",
                "is_archived",
                "deleted_at",
                "owner_id",
                "person_id",
                "org_id",
                "pipeline_id",
                "stage_id",
            ),
            hidden=frozenset({"deleted_at"}),
            optional=DEAL_OPTIONAL,
            indexes=(
                ("is_archived", "update_time", "status", "deleted_at"),
                ("person_id",),
                ("org_id",),
            ),
        ),
        Table(
            "persons",
            columns=(*_STAMPS, "owner_id", "org_id"),
            optional=PERSON_OPTIONAL,
            indexes=(*_BY_UPDATE, ("org_id",)),
        ),
        Table(
            "organizations",
            columns=(*_STAMPS, "owner_id"),
            optional=ORGANIZATION_OPTIONAL,
            indexes=_BY_UPDATE,
        ),
        Table(
            "activities",
            columns=(
                *_STAMPS,
                "due_date",
                "owner_id",
                "deal_id",
                "lead_id",
                "person_id",
                "org_id",
                "done",
            ),
            optional=("attendees",),
            indexes=(*_BY_UPDATE, ("deal_id",)),
        ),
        Table("products", columns=(*_STAMPS, "name", "owner_id"), indexes=_BY_UPDATE),
        Table("pipelines", columns=_STAMPS),
        Table("stages", columns=(*_STAMPS, "order_nr", "pipeline_id")),
        Table("users", stamp=Stamp.V1, bumped="modified"),
        Table("currencies", columns=("name", "code")),
        Table(
            "notes",
            columns=(
                *_STAMPS,
                "user_id",
                "lead_id",
                "deal_id",
                "person_id",
                "org_id",
                "project_id",
                "task_id",
                "content",
                "pinned_to_lead_flag",
                "pinned_to_deal_flag",
                "pinned_to_organization_flag",
                "pinned_to_person_flag",
                "pinned_to_project_flag",
                "pinned_to_task_flag",
            ),
            stamp=Stamp.V1,
            indexes=_BY_UPDATE,
        ),
        Table(
            "leads",
            columns=(
                *_STAMPS,
                "is_archived",
                "title",
                "owner_id",
                "creator_id",
                "was_seen",
                "expected_close_date",
                "next_activity_id",
                "person_id",
                "organization_id",
            ),
            integer_key=False,
            stamp=Stamp.MILLIS,
            indexes=(("is_archived", "update_time"),),
        ),
        Table(
            "fields",
            columns=("entity", "field_code", "is_custom_field"),
            key=None,
            hidden=frozenset({"entity"}),
            optional=(*FIELD_OPTIONAL, LEGACY),
            indexes=(("entity", "field_code"),),
        ),
        Table(
            "filters",
            columns=("type", "field", "value"),
            stamp=Stamp.V1,
            hidden=frozenset({"field", "value"}),
        ),
        Table(
            "deal_products",
            columns=(*_STAMPS, "deal_id", "order_nr"),
            indexes=(("deal_id",),),
        ),
        Table("installments", columns=("deal_id", "billing_date"), indexes=(("deal_id",),)),
        Table("discounts", columns=("deal_id",), integer_key=False, indexes=(("deal_id",),)),
        Table(
            "participants",
            columns=("deal_id", "person_id"),
            stamp=Stamp.V1,
            indexes=(("deal_id",),),
        ),
        Table(
            "followers",
            columns=("entity", "parent_id"),
            key=None,
            hidden=frozenset({"entity", "parent_id"}),
            indexes=(("entity", "parent_id"),),
        ),
        Table(
            "changes",
            columns=("entity", "parent_id"),
            key=None,
            stamp=Stamp.V1,
            hidden=frozenset({"entity", "parent_id"}),
            indexes=(("entity", "parent_id"),),
        ),
        Table("variations", columns=("product_id",), indexes=(("product_id",),)),
        Table(
            "relationships",
            columns=("org_id", "id"),
            key=None,
            stamp=Stamp.V1,
            hidden=frozenset({"org_id"}),
            indexes=(("org_id",),),
        ),
        Table(
            "files",
            columns=(
                *_STAMPS,
                "user_id",
                "deal_id",
                "person_id",
                "org_id",
                "product_id",
                "file_name",
                "file_size",
            ),
            stamp=Stamp.V1,
            indexes=(*_BY_UPDATE, ("deal_id",)),
        ),
        Table(
            "note_comments",
            columns=("object_id",),
            key="uuid",
            integer_key=False,
            stamp=Stamp.MILLIS,
            indexes=(("object_id",),),
        ),
        Table("activity_types", stamp=Stamp.V1),
        Table("lead_labels", integer_key=False, stamp=Stamp.MILLIS),
        Table("lead_sources", key="name", integer_key=False),
        Table("goals", columns=("owner_id", "is_active", "title"), integer_key=False),
        Table("roles", stamp=Stamp.V1),
        Table("role_assignments", columns=("role_id", "user_id"), key=None),
        Table("permission_sets", columns=("app",), integer_key=False),
        Table("permission_set_assignments", columns=("permission_set_id", "user_id"), key=None),
        Table("legacy_teams", columns=("name", "manager_id", "active_flag"), stamp=Stamp.V1),
        Table("addons", key="code", integer_key=False),
        Table(
            "projects",
            columns=(
                *_STAMPS,
                "status",
                "is_archived",
                "deleted_at",
                "owner_id",
                "phase_id",
                "deal_links",
                "person_links",
                "org_links",
            ),
            stamp=Stamp.MILLIS,
            hidden=frozenset(
                {"is_archived", "deleted_at", "deal_links", "person_links", "org_links"},
            ),
        ),
        Table("boards", stamp=Stamp.MILLIS),
        Table("phases", columns=("board_id",), stamp=Stamp.MILLIS),
        Table("project_templates", stamp=Stamp.MILLIS),
        Table(
            "project_changes",
            columns=("project_id",),
            key=None,
            stamp=Stamp.MILLIS,
            hidden=frozenset({"project_id"}),
            indexes=(("project_id",),),
        ),
        Table(
            "tasks",
            columns=("is_done", "is_milestone", "project_id", "parent_task_id", "assignees"),
            stamp=Stamp.MILLIS,
            hidden=frozenset({"assignees"}),
        ),
        Table(
            "mail_threads",
            columns=("user_id", "places"),
            stamp=Stamp.MILLIS,
            hidden=frozenset({"places"}),
        ),
        Table(
            "mail_messages",
            columns=("mail_thread_id", "user_id"),
            stamp=Stamp.MILLIS,
            indexes=(("mail_thread_id",),),
        ),
        Table("call_logs", columns=("user_id",), integer_key=False, stamp=Stamp.MILLIS),
        Table(
            "webhooks",
            columns=("user_id",),
            stamp=Stamp.MILLIS,
        ),
    )
}
