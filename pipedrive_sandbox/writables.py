"""What can be written: the properties that a body may hold, and what a new row looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_sandbox.store import Row


@dataclass(frozen=True)
class Writable:
    """An object that can be written: `accepts` is `name:kind` for each property of a body.

    `parent` is the table named by `{id}` in the path, and the property that holds its key; `one`
    is then the path parameter of the row itself. `renamed` maps body names to those of the row.
    """

    table: str
    entity: str
    path: str
    accepts: str
    required: tuple[str, ...]
    blank: Mapping[str, Any]
    created: int = 200
    update: str = "PATCH"
    needs: str = ""
    parent: tuple[str, str] | None = None
    one: str = "{id}"
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """Return the kind of each property that a body may hold."""
        return dict(item.split(":") for item in self.accepts.split())

    @property
    def is_v2(self) -> bool:
        """Whether the strict rules of v2 hold."""
        return self.path.startswith("/api/v2")


_CONTACT: Final = "owner_id:int add_time:str visible_to:int label_ids:list custom_fields:map"
WRITABLES: Final = (
    Writable(
        "deals",
        "deal",
        "/api/v2/deals",
        "title:str owner_id:int person_id:int org_id:int pipeline_id:int stage_id:int value:num "
        "currency:str is_deleted:bool is_archived:bool archive_time:str status:str "
        "probability:num lost_reason:str visible_to:int close_time:str won_time:str "
        "lost_time:str expected_close_date:str label_ids:list custom_fields:map",
        ("title",),
        {
            "title": None,
            "creator_user_id": 1,
            "owner_id": 1,
            "person_id": None,
            "org_id": None,
            "pipeline_id": 1,
            "stage_id": 1,
            "value": 0,
            "currency": "EUR",
            "add_time": None,
            "update_time": None,
            "stage_change_time": None,
            "status": "open",
            "is_archived": False,
            "is_deleted": False,
            "deleted_at": None,
            "probability": None,
            "lost_reason": None,
            "visible_to": 3,
            "close_time": None,
            "won_time": None,
            "lost_time": None,
            "local_won_date": None,
            "local_lost_date": None,
            "local_close_date": None,
            "expected_close_date": None,
            "label_ids": [],
            "origin": "API",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "archive_time": None,
            "acv": None,
            "arr": None,
            "mrr": None,
            "custom_fields": {},
        },
    ),
    Writable(
        "persons",
        "person",
        "/api/v2/persons",
        f"name:str org_id:int emails:list phones:list postal_address:map notes:str im:list "
        f"birthday:str job_title:str marketing_status:str {_CONTACT}",
        ("name",),
        {
            "name": None,
            "first_name": None,
            "last_name": None,
            "owner_id": 1,
            "org_id": None,
            "add_time": None,
            "update_time": None,
            "emails": [],
            "phones": [],
            "is_deleted": False,
            "visible_to": 3,
            "label_ids": [],
            "picture_id": None,
            "postal_address": None,
            "notes": None,
            "im": [],
            "birthday": None,
            "job_title": None,
            "custom_fields": {},
        },
    ),
    Writable(
        "organizations",
        "organization",
        "/api/v2/organizations",
        f"name:str address:map website:str linkedin:str industry:int annual_revenue:int "
        f"employee_count:int {_CONTACT}",
        ("name",),
        {
            "name": None,
            "owner_id": 1,
            "add_time": None,
            "update_time": None,
            "is_deleted": False,
            "visible_to": 3,
            "address": None,
            "label_ids": [],
            "website": None,
            "linkedin": None,
            "industry": None,
            "annual_revenue": None,
            "employee_count": None,
            "custom_fields": {},
        },
    ),
    Writable(
        "activities",
        "activity",
        "/api/v2/activities",
        "subject:str type:str owner_id:int deal_id:int lead_id:str person_id:int org_id:int "
        "project_id:int due_date:str due_time:str duration:str busy:bool done:bool location:map "
        "participants:list attendees:list public_description:str priority:int note:str",
        (),
        {
            "subject": "Call",
            "type": "call",
            "owner_id": 1,
            "creator_user_id": 1,
            "is_deleted": False,
            "add_time": None,
            "update_time": None,
            "deal_id": None,
            "lead_id": None,
            "person_id": None,
            "org_id": None,
            "project_id": None,
            "due_date": None,
            "due_time": None,
            "duration": None,
            "busy": False,
            "done": False,
            "marked_as_done_time": None,
            "location": None,
            "participants": [],
            "conference_meeting_client": None,
            "conference_meeting_url": None,
            "conference_meeting_id": None,
            "public_description": None,
            "priority": None,
            "note": None,
            "outcome": None,
            "attendees": None,
        },
    ),
    Writable(
        "products",
        "product",
        "/api/v2/products",
        "name:str code:str description:str unit:str tax:num category:num owner_id:int "
        "is_linkable:bool visible_to:int prices:list custom_fields:map billing_frequency:str "
        "billing_frequency_cycles:int",
        ("name",),
        {
            "name": None,
            "code": None,
            "description": None,
            "unit": "",
            "tax": 0,
            "category": None,
            "is_linkable": True,
            "is_deleted": False,
            "visible_to": 3,
            "owner_id": 1,
            "add_time": None,
            "update_time": None,
            "billing_frequency": "one-time",
            "billing_frequency_cycles": None,
            "prices": [],
            "custom_fields": {},
        },
        created=201,
    ),
    Writable(
        "notes",
        "note",
        "/v1/notes",
        "content:str lead_id:str deal_id:int person_id:int org_id:int project_id:int task_id:int "
        "user_id:int add_time:str pinned_to_lead_flag:flag pinned_to_deal_flag:flag "
        "pinned_to_organization_flag:flag pinned_to_person_flag:flag pinned_to_project_flag:flag "
        "pinned_to_task_flag:flag",
        ("content",),
        {
            "active_flag": True,
            "add_time": None,
            "update_time": None,
            "content": None,
            "lead_id": None,
            "deal_id": None,
            "person_id": None,
            "org_id": None,
            "project_id": None,
            "task_id": None,
            "deal": None,
            "lead": None,
            "person": None,
            "organization": None,
            "project": None,
            "task": None,
            "pinned_to_lead_flag": False,
            "pinned_to_deal_flag": False,
            "pinned_to_organization_flag": False,
            "pinned_to_person_flag": False,
            "pinned_to_project_flag": False,
            "pinned_to_task_flag": False,
            "user_id": 1,
            "user": None,
            "last_update_user_id": None,
        },
        update="PUT",
    ),
    Writable(
        "leads",
        "lead",
        "/v1/leads",
        "title:str owner_id:int label_ids:list person_id:int organization_id:int value:map "
        "expected_close_date:str visible_to:str was_seen:bool is_archived:bool origin_id:str "
        "channel:int channel_id:str",
        ("title",),
        {
            "id": None,
            "title": None,
            "owner_id": 1,
            "creator_id": 1,
            "label_ids": [],
            "value": None,
            "expected_close_date": None,
            "person_id": None,
            "organization_id": None,
            "is_archived": False,
            "archive_time": None,
            "source_name": "API",
            "source_deal_id": None,
            "origin": "API",
            "origin_id": None,
            "channel": None,
            "channel_id": None,
            "was_seen": False,
            "next_activity_id": None,
            "add_time": None,
            "update_time": None,
            "visible_to": "3",
            "cc_email": "nordlicht+lead@pipedrivemail.example",
        },
        created=201,
    ),
    Writable(
        "pipelines",
        "pipeline",
        "/api/v2/pipelines",
        "name:str is_deal_probability_enabled:bool",
        ("name",),
        {
            "name": None,
            "order_nr": 99,
            "is_deleted": False,
            "is_deal_probability_enabled": False,
            "add_time": None,
            "update_time": None,
        },
    ),
    Writable(
        "stages",
        "stage",
        "/api/v2/stages",
        "name:str pipeline_id:int deal_probability:int is_deal_rot_enabled:bool days_to_rotten:int",
        ("name", "pipeline_id"),
        {
            "order_nr": 99,
            "name": None,
            "is_deleted": False,
            "deal_probability": 100,
            "pipeline_id": None,
            "is_deal_rot_enabled": False,
            "days_to_rotten": None,
            "add_time": None,
            "update_time": None,
        },
    ),
    Writable(
        "deal_products",
        "deal product",
        "/api/v2/deals/{id}/products",
        "product_id:int item_price:num quantity:num tax:num comments:str discount:num "
        "is_enabled:bool tax_method:str discount_type:str product_variation_id:int "
        "billing_frequency:str billing_frequency_cycles:int billing_start_date:str",
        ("product_id", "item_price", "quantity"),
        {
            "sum": 0,
            "tax": 0,
            "deal_id": None,
            "name": None,
            "product_id": None,
            "product_variation_id": None,
            "order_nr": 1,
            "add_time": None,
            "update_time": None,
            "comments": "",
            "currency": "EUR",
            "discount": 0,
            "discount_type": "percentage",
            "quantity": 1,
            "item_price": 0,
            "tax_method": "inclusive",
            "is_enabled": True,
            "billing_frequency": "one-time",
            "billing_frequency_cycles": None,
            "billing_start_date": None,
        },
        created=201,
        parent=("deals", "deal_id"),
        one="{product_attachment_id}",
    ),
    Writable(
        "installments",
        "installment",
        "/api/v2/deals/{id}/installments",
        "description:str amount:num billing_date:str",
        ("description", "amount", "billing_date"),
        {"amount": None, "billing_date": None, "deal_id": None, "description": None},
        needs="growth",
        parent=("deals", "deal_id"),
        one="{installment_id}",
    ),
    Writable(
        "projects",
        "project",
        "/api/v2/projects",
        "title:str description:str status:str board_id:int phase_id:int owner_id:int "
        "start_date:str end_date:str deal_ids:list person_ids:list org_ids:list label_ids:list "
        "health_status:int template_id:int custom_fields:map",
        ("title",),
        {
            "title": None,
            "description": None,
            "status": "open",
            "board_id": 1,
            "phase_id": 1,
            "owner_id": 1,
            "start_date": None,
            "end_date": None,
            "deal_ids": [],
            "person_ids": [],
            "org_ids": [],
            "label_ids": [],
            "health_status": None,
            "add_time": None,
            "update_time": None,
            "status_change_time": None,
            "archive_time": None,
            "custom_fields": {},
            "is_archived": False,
            "deleted_at": None,
            "deal_links": "",
            "person_links": "",
            "org_links": "",
        },
        created=201,
        needs="projects",
    ),
    Writable(
        "tasks",
        "task",
        "/api/v2/tasks",
        "title:str project_id:int parent_task_id:int description:str done:flag milestone:flag "
        "due_date:str start_date:str assignee_id:int assignee_ids:list priority:int",
        ("title", "project_id"),
        {
            "title": None,
            "creator_id": 1,
            "description": None,
            "project_id": None,
            "is_done": False,
            "is_milestone": False,
            "due_date": None,
            "start_date": None,
            "parent_task_id": None,
            "assignee_ids": [],
            "priority": None,
            "add_time": None,
            "update_time": None,
            "marked_as_done_time": None,
            "assignees": "",
        },
        created=201,
        needs="projects",
        renamed={"done": "is_done", "milestone": "is_milestone"},
    ),
)
BLANKS: Final = {each.table: each.blank for each in WRITABLES}


def fresh(table: str, given: Mapping[str, Any]) -> Row:
    """Return a new row of a table: every property that the API shows, with those `given`."""
    row = {**BLANKS[table], **given}
    row |= dict.fromkeys((name for name in TABLES[table].optional if name not in row), None)
    for name in TABLES[table].optional:
        if name.endswith("_count"):
            row[name] = 0
    if table == "persons" and row["first_name"] is None:
        first, _, last = str(row["name"]).partition(" ")
        row |= {"first_name": first, "last_name": last or None}
    return row
