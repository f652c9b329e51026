"""What the sandbox stores: one SQLite table per kind of row, declared once.

A row is a JSON object in the shape of the API. SQLite filters and sorts by `columns`, which are
copies of properties. `hidden` columns are never part of an answer. `optional` properties are the
API's `include_fields`; they are stored apart, so that a page is a concatenation of stored bytes.
A null column is stored as the empty text: it sorts first and satisfies no comparison.
`time_of_change` is the property that holds the time of the last change.
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
    time_of_change: str = "update_time"
    apart: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Collect what is not part of the stored body."""
        object.__setattr__(self, "apart", self.hidden | set(self.optional))

    @property
    def pages_by_key(self) -> bool:
        """Whether the key is also the SQLite rowid."""
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
CONTACT_OPTIONAL: Final = (
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
    *CONTACT_OPTIONAL,
    "participant_open_deals_count",
    "participant_closed_deals_count",
    "last_incoming_mail_time",
    "last_outgoing_mail_time",
    "marketing_status",
    "doi_status",
)
ORGANIZATION_OPTIONAL: Final = (*CONTACT_OPTIONAL, "people_count")
FIELD_OPTIONAL: Final = ("ui_visibility", "important_fields", "required_fields")
#: Values of a field that only v1 has; never part of `include_fields` of v2.
LEGACY: Final = "legacy"

#: What leads can be sorted by, apart from their id.
LEAD_SORT: Final = (
    "title",
    "owner_id",
    "creator_id",
    "was_seen",
    "expected_close_date",
    "next_activity_id",
    "add_time",
    "update_time",
)
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
                "person_id",
                "org_id",
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
            columns=(*_STAMPS, "org_id"),
            optional=PERSON_OPTIONAL,
            indexes=(*_BY_UPDATE, ("org_id",)),
        ),
        Table(
            "organizations",
            columns=_STAMPS,
            optional=ORGANIZATION_OPTIONAL,
            indexes=_BY_UPDATE,
        ),
        Table(
            "activities",
            columns=(
                *_STAMPS,
                "due_date",
                "deal_id",
                "person_id",
            ),
            optional=("attendees",),
            indexes=(*_BY_UPDATE, ("deal_id",)),
        ),
        Table("products", columns=(*_STAMPS, "name"), indexes=_BY_UPDATE),
        Table("pipelines", columns=_STAMPS),
        Table("stages", columns=(*_STAMPS, "order_nr")),
        Table("users", stamp=Stamp.V1, time_of_change="modified"),
        Table("currencies"),
        Table(
            "notes",
            columns=(*_STAMPS, "deal_id"),
            stamp=Stamp.V1,
            indexes=_BY_UPDATE,
        ),
        Table(
            "leads",
            columns=("is_archived", *LEAD_SORT),
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
        Table("filters", stamp=Stamp.V1),
        Table(
            "deal_products",
            columns=(*_STAMPS, "deal_id", "order_nr"),
            indexes=(("deal_id",),),
        ),
        Table("installments", columns=("deal_id", "billing_date"), indexes=(("deal_id",),)),
        Table("discounts", columns=("deal_id",), integer_key=False, indexes=(("deal_id",),)),
        Table(
            "participants",
            columns=("deal_id",),
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
            columns=_STAMPS,
            stamp=Stamp.V1,
            indexes=_BY_UPDATE,
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
        Table("goals", columns=("owner_id", "is_active"), integer_key=False),
        Table("roles", stamp=Stamp.V1),
        Table("role_assignments", columns=("role_id",), key=None),
        Table("permission_sets", integer_key=False),
        Table("permission_set_assignments", columns=("permission_set_id",), key=None),
        Table("legacy_teams", stamp=Stamp.V1),
        Table(
            "projects",
            columns=("status", "is_archived", "deleted_at"),
            stamp=Stamp.MILLIS,
            hidden=frozenset({"is_archived", "deleted_at"}),
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
        Table("tasks", columns=("project_id",), stamp=Stamp.MILLIS),
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
        Table(
            "linked_mail",
            columns=("entity", "parent_id", "user_id", "is_private"),
            key=None,
            stamp=Stamp.MILLIS,
            hidden=frozenset({"entity", "parent_id", "is_private"}),
            optional=("body",),
            indexes=(("entity", "parent_id"),),
        ),
        Table("call_logs", columns=("user_id",), integer_key=False, stamp=Stamp.MILLIS),
        Table("webhooks", columns=("user_id",), stamp=Stamp.MILLIS),
    )
}
