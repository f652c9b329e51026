"""An account of twenty deals, each with an oddity of its own. Now is 2026-03-10, noon, in UTC."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
NOW = "2026-03-10 12:00:00"
EARLY, LATE = "2026-03-10 08:00:00", "2026-03-10 10:00:00"


def deal(key: int, created: str, **columns: Any) -> Row:
    """A deal in the first stage of the first pipeline, in euros."""
    return {
        "id": key,
        "title": f"Deal {key}",
        "owner_id": 1,
        "creator_user_id": 1,
        "pipeline_id": 1,
        "stage_id": 1,
        "value": 100,
        "currency": "EUR",
        "status": "open",
        "add_time": f"{created}T10:00:00Z",
        "update_time": f"{created}T10:00:00Z",
        "is_archived": False,
        "is_deleted": False,
        "_airbyte_extracted_at": LATE,
        **columns,
    }


def won(at: str) -> Row:
    return {"status": "won", "won_time": f"{at}T10:00:00Z", "close_time": f"{at}T10:00:00Z"}


def edit(key: str, deal_id: int, at: str, field: str, values: tuple[Any, Any]) -> Row:
    """An edit in the change log, made at ten o'clock."""
    old, new = values
    return {
        "id": key,
        "deal_id": deal_id,
        "field_key": field,
        "old_value": str(old),
        "new_value": str(new),
        "actor_user_id": 2,
        "time": f"{at} 10:00:00",
    }


def event(key: str, deal_id: int, at: str, **changes: tuple[Any, Any]) -> Row:
    """A webhook event of a deal, three seconds after ten o'clock."""
    return {
        "id": key,
        "object": "deal",
        "object_id": str(deal_id),
        "action": "change",
        "changed_at": f"{at}T10:00:03Z",
        "user_id": 2,
        "changes": {name: {"old": old, "new": new} for name, (old, new) in changes.items()},
    }


DEALS = [
    # moved once, and still open
    deal(1, "2026-01-01", value=1000, stage_id=2, stage_change_time="2026-01-11T10:00:00Z")
    | {"expected_close_date": "2026-04-15", "probability": 40, "custom_region": "EMEA"},
    # won in the third stage, in a currency of its own
    deal(2, "2026-01-01", value=500, currency="USD", stage_id=3, **won("2026-01-20")),
    # no owner, no history
    deal(3, "2026-03-01", owner_id=None, value=200, expected_close_date="2026-03-31"),
    # a stage that no longer exists
    deal(4, "2026-02-01", stage_id=99, expected_close_date="2026-02-28"),
    # lost, reopened, won
    deal(5, "2026-02-01", value=300, **won("2026-02-20"), first_won_time="2026-02-20T10:00:00Z"),
    # won on creation
    deal(6, "2026-02-15", value=50, **won("2026-02-15")),
    # a negative value
    deal(7, "2026-02-24", value=-40, **won("2026-02-25")),
    # of an organization that was merged into another one, which was merged as well
    deal(8, "2026-03-01", value=10, org_id=12, owner_id=2),
    # deleted
    deal(9, "2026-03-01", value=7_000, is_deleted=True),
    # merged into the first deal
    deal(10, "2026-03-01", value=9_000, is_deleted=True, merged_into_id=1),
    # archived while it was open
    deal(11, "2026-03-01", value=5_000, is_archived=True, expected_close_date="2026-03-31"),
    # neither value nor currency
    deal(12, "2026-03-01", value=None, currency=None),
    # lost without a reason, by a user who no longer exists
    deal(13, "2026-02-01", owner_id=77, status="lost", lost_time="2026-02-03T10:00:00Z")
    | {"close_time": "2026-02-03T10:00:00Z"},
    # the change log was read before the last move
    deal(14, "2026-01-01", stage_id=3, stage_change_time="2026-01-08T10:00:00Z"),
    # history from events only
    deal(15, "2026-03-01", stage_id=2, stage_change_time="2026-03-04T10:00:03Z"),
    # history from both: the first move is in both
    deal(16, "2026-03-01", stage_id=3, stage_change_time="2026-03-06T10:00:03Z"),
    # two moves within one second
    deal(17, "2026-03-01", stage_id=3, stage_change_time="2026-03-02T10:00:00Z"),
    # idle for longer than its stage allows
    deal(18, "2025-12-01", stage_id=2, stage_change_time="2025-12-02T10:00:00Z"),
    # a lead before
    deal(19, "2026-03-05", source_lead_id="lead-9", pipeline_id=2, stage_id=4),
    # appended twice
    deal(20, "2026-03-01", title="New", currency="GBP"),
    deal(20, "2026-03-01", title="Old", _airbyte_extracted_at=EARLY),
]
CHANGELOG = [
    edit("a", 1, "2026-01-11", "stage_id", (1, 2)),
    edit("b", 2, "2026-01-05", "stage_id", (1, 2)),
    edit("c", 2, "2026-01-10", "stage_id", (2, 3)),
    edit("d", 2, "2026-01-20", "status", ("open", "won")),
    edit("e", 5, "2026-02-05", "status", ("open", "lost")),
    edit("f", 5, "2026-02-10", "status", ("lost", "open")),
    edit("g", 5, "2026-02-20", "status", ("open", "won")),
    edit("h", 5, "2026-02-07", "user_id", (2, 1)),
    edit("i", 9, "2026-03-02", "stage_id", (1, 2)),
    edit("j", 14, "2026-01-05", "stage_id", (1, 2)),
    edit("k", 16, "2026-03-03", "stage_id", (1, 2)),
    edit("l", 17, "2026-03-02", "stage_id", (2, 3)),
    edit("m", 17, "2026-03-02", "stage_id", (1, 2)),
    edit("n", 18, "2025-12-02", "stage_id", (1, 2)),
]
EVENTS = [
    event("1", 15, "2026-03-04", stage_id=(1, 2), value=(90, 100)),
    event("2", 16, "2026-03-03", stage_id=(1, 2)),
    event("3", 16, "2026-03-06", stage_id=(2, 3)),
]


def _stage(key: int, name: str, pipeline: int, number: int, **columns: Any) -> Row:
    return {
        "id": key,
        "name": name,
        "pipeline_id": pipeline,
        "order_nr": number,
        "deal_probability": 20 * number,
        "is_deal_rot_enabled": False,
        **columns,
    }


def _goal(key: str, kind: str, assignee: Row, outcome: Row) -> Row:
    return {
        "id": key,
        "title": key,
        "type": {"name": kind, "params": {"pipeline_id": [1]}},
        "assignee": assignee,
        "interval": "monthly",
        "duration": {"start": "2026-02-01", "end": "2026-03-31"},
        "expected_outcome": outcome,
        "is_active": True,
    }


TABLES: dict[str, list[Row]] = {
    "deals": DEALS,
    "deal_changelog": CHANGELOG,
    "events": EVENTS,
    "users": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}],
    "pipelines": [
        {"id": 1, "name": "Sales", "is_deal_probability_enabled": True},
        {"id": 2, "name": "Renewals", "is_deal_probability_enabled": False},
    ],
    "stages": [
        _stage(1, "Qualified", 1, 1),
        _stage(2, "Offer", 1, 2, is_deal_rot_enabled=True, days_to_rotten=30),
        _stage(3, "Closing", 1, 3),
        _stage(4, "Due", 2, 1),
    ],
    "organizations": [
        {"id": 10, "name": "Acme"},
        {"id": 11, "name": "Acme Ltd", "is_deleted": True, "merged_into_id": 10},
        {"id": 12, "name": "ACME", "is_deleted": True, "merged_into_id": 11},
    ],
    "persons": [{"id": 30, "name": "Mary", "org_id": 11, "emails": [{"value": "m@acme.example"}]}],
    "leads": [
        {"id": "lead-1", "title": "Open", "value": {"amount": 5, "currency": "EUR"}},
        {"id": "lead-2", "title": "Archived", "is_archived": True},
    ],
    "activities": [
        # of the deal that was merged
        {"id": 1, "deal_id": 10, "type": "call", "owner_id": 1, "done": True}
        | {"add_time": "2026-03-02T09:00:00Z", "marked_as_done_time": "2026-03-03T09:00:00Z"},
        # without a time of day, due today
        {"id": 2, "deal_id": 1, "type": "call", "owner_id": 1, "done": False}
        | {"add_time": "2026-03-02T09:00:00Z", "due_date": "2026-03-10"},
        # overdue
        {"id": 3, "deal_id": 1, "type": "call", "owner_id": 2, "done": False}
        | {"add_time": "2026-03-02T09:00:00Z", "due_date": "2026-03-10", "due_time": "11:00:00"},
    ],
    "activity_types": [{"id": 1, "name": "Call", "key_string": "call"}],
    # an account may have a custom currency with the code of an official one
    "currencies": [
        {"id": 1, "code": "EUR", "is_custom_flag": False},
        {"id": 9, "code": "EUR", "is_custom_flag": True},
    ],
    "deal_products": [
        {"id": 1, "deal_id": 2, "product_id": 7, "name": "Desk", "quantity": 2, "sum": 300}
        | {"currency": "USD", "is_enabled": True},
        {"id": 2, "deal_id": 2, "product_id": 7, "name": "Desk", "quantity": 1, "sum": 150}
        | {"currency": "USD", "is_enabled": False},
        # the product was deleted for good
        {"id": 3, "deal_id": 6, "product_id": None, "name": "Lamp", "quantity": 1, "sum": 50}
        | {"currency": "EUR", "is_enabled": True},
    ],
    "deal_installments": [
        {"id": 1, "deal_id": 2, "amount": 250, "billing_date": "2026-02-01"},
        {"id": 2, "deal_id": 1, "amount": 999, "billing_date": "2026-02-01"},
    ],
    "goals": [
        _goal("won", "deals_won", {"type": "company"}, {"target": 4}),
        _goal("grace", "deals_started", {"type": "person", "id": 2}, {"target": 1}),
        _goal("team", "deals_won", {"type": "team", "id": 5}, {"target": 1}),
        _goal(
            "revenue",
            "deals_won",
            {"type": "company"},
            {"target": 1000, "tracking_metric": "sum", "currency_id": 1},
        ),
    ],
}
