"""What an account is set up with: types, labels, roles, permissions, goals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_OID, uuid5

from pipedrive_sandbox.clock import DAY, Stamp, day
from pipedrive_sandbox.data.activities import ACTIVITY_TYPES
from pipedrive_sandbox.data.company import COMPANY_ID
from pipedrive_sandbox.data.leads import LEAD_LABELS
from pipedrive_sandbox.data.setup import PERMISSION_APPS, permission_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

_ROLES: Final = ("(Unassigned users)", "Sales", "Sales north")
_SOURCES: Final = (
    "Manually created",
    "Deal",
    "Web forms",
    "Prospector",
    "Leadbooster",
    "Live chat",
    "Import",
    "Website visitors",
    "Workflow automation",
    "API",
)
_GOALS: Final = ("deals_won", "deals_progressed", "activities_completed", "deals_started")


def activity_types(account: AccountData) -> Iterator[Row]:
    """Yield the activity types: the built-in ones, and a custom one that was deactivated."""
    for key, name in enumerate((*ACTIVITY_TYPES, "site_visit_🚚"), start=1):
        custom = key > len(ACTIVITY_TYPES)
        added = account.opened + key * DAY
        yield {
            "id": key,
            "name": name.replace("_", " ").capitalize(),
            "icon_key": "truck" if custom else name,
            "color": "FFFFFF",
            "order_nr": key,
            "key_string": name,
            "active_flag": not custom,
            "is_custom_flag": custom,
            "add_time": Stamp.V1.text(added),
            "update_time": Stamp.V1.text(added),
        }


def lead_labels(account: AccountData) -> Iterator[Row]:
    """Yield the lead labels."""
    moment = Stamp.MILLIS.text(account.opened)
    labels = (("Hot", "red"), ("Cold", "blue"), ("Warm", "yellow"))
    for key, (name, color) in zip(LEAD_LABELS, labels, strict=True):
        yield {
            "id": key,
            "name": name,
            "color": color,
            "add_time": moment,
            "update_time": moment,
        }


def lead_sources(_account: AccountData) -> Iterator[Row]:
    """Yield the lead sources, which have a name only."""
    return ({"name": name} for name in _SOURCES)


def goals(account: AccountData) -> Iterator[Row]:
    """Yield goals of several owners, active and past."""
    for number in range(12):
        name = _GOALS[number % len(_GOALS)]
        yield {
            "id": uuid5(NAMESPACE_OID, f"{account.seed}/goal/{number}").hex,
            "owner_id": 1 + number % 3,
            "title": f"Goal {number + 1}",
            "type": {
                "name": name,
                "params": {"activity_type_id": [1]}
                if name.startswith("activities")
                else {"pipeline_id": [1, 2]},
            },
            "assignee": {"id": COMPANY_ID, "type": "company"},
            "interval": "monthly",
            "duration": {
                "start": day(account.now - 300 * DAY),
                "end": day(account.now + 60 * DAY),
            },
            "expected_outcome": {"target": 10 * (number + 1), "tracking_metric": "quantity"},
            "is_active": number % 4 != 1,
            "report_ids": [uuid5(NAMESPACE_OID, f"{account.seed}/report/{number}").hex],
        }


def roles(account: AccountData) -> Iterator[Row]:
    """Yield the roles; counts are text, as v1 has them."""
    for key, name in enumerate(_ROLES, start=1):
        assigned = sum(1 for user in range(1, account.sizes.users + 1) if 1 + user % 3 == key)
        yield {
            "id": key,
            "parent_role_id": None if key == 1 else key - 1,
            "name": name,
            "active_flag": True,
            "assignment_count": str(assigned),
            "sub_role_count": "1" if key < len(_ROLES) else "0",
            "level": key,
        }


def role_assignments(account: AccountData) -> Iterator[Row]:
    """Yield the assignments of roles to users."""
    for user in range(1, account.sizes.users + 1):
        key = 1 + user % 3
        yield {
            "user_id": user,
            "role_id": key,
            "parent_role_id": None if key == 1 else key - 1,
            "name": _ROLES[key - 1],
            "active_flag": True,
            "type": "1",
        }


def permission_sets(account: AccountData) -> Iterator[Row]:
    """Yield the permission sets: for each app one for administrators, one for all others."""
    for app in PERMISSION_APPS:
        for kind in ("admin", "regular"):
            yield {
                "id": permission_set(app, kind),
                "name": f"{app.replace('_', ' ').capitalize()} {kind}",
                "description": f"What a user of kind {kind} may do",
                "app": app,
                "type": kind,
                "assignment_count": 1 if kind == "admin" else account.sizes.users - 1,
            }


def permission_set_assignments(account: AccountData) -> Iterator[Row]:
    """Yield the assignments of permission sets to users; user 1 is the administrator."""
    for app in PERMISSION_APPS:
        for user in range(1, account.sizes.users + 1):
            kind = "admin" if user == 1 else "regular"
            yield {
                "user_id": user,
                "permission_set_id": permission_set(app, kind),
                "name": f"{app.replace('_', ' ').capitalize()} {kind}",
            }


def legacy_teams(account: AccountData) -> Iterator[Row]:
    """Yield the teams, one of them deactivated."""
    for key, name in enumerate(("Closers", "Hunters", "Кава"), start=1):
        yield {
            "id": key,
            "name": name,
            "description": "" if key == 1 else f"{name} of the company",
            "manager_id": key,
            "users": list(range(key, min(key + 3, account.sizes.users) + 1)),
            "active_flag": int(key != 2),  # noqa: PLR2004 - any one
            "deleted_flag": 0,
            "add_time": Stamp.V1.text(account.opened + key * DAY),
            "created_by_user_id": 1,
        }
