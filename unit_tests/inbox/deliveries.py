"""Deliveries in the format of webhooks v2."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from source_pipedrive.inbox.event import Event, read_event

CREDENTIALS = ("pipedrive", "hook-secret-7d1f0a93c5")

_NUMBERS = count(1)


def a_delivery(  # noqa: PLR0913 - tests set what they need
    action: str = "change",
    *,
    entity: str = "deal",
    entity_id: int | str = 8,
    at: str | int = "2026-05-01T10:00:00.000Z",
    data: Mapping[str, Any] | None = None,
    previous: Mapping[str, Any] | None = None,
    **meta: Any,
) -> dict[str, Any]:
    """Return the body of a delivery, with plausible values for what is not given."""
    row = {"id": entity_id, "title": "Pump", "update_time": "2026-05-01T10:00:00Z"}
    return {
        "meta": {
            "action": action,
            "entity": entity,
            "company_id": "4711",
            "correlation_id": "0d6f3c1e-77aa-4a0e-9a39-5a0c4f0a9b11",
            "entity_id": str(entity_id),
            "id": f"6ab1e2c4-0000-4000-8000-{next(_NUMBERS):012d}",
            "is_bulk_edit": False,
            "timestamp": at,
            "type": "general",
            "user_id": "23",
            "version": "2.0",
            "webhook_id": "5",
            "webhook_owner_id": "23",
            "change_source": "app",
            "attempt": 1,
            "host": "sandbox.pipedrive.com",
            **meta,
        },
        "data": None if action == "delete" else data or row,
        "previous": None if action == "create" else previous or {**row, "title": "Valve"},
    }


def an_event(action: str = "change", **delivery: Any) -> Event:
    """Return an event as the inbox accepts it. The arguments are those of `a_delivery`."""
    return read_event(json.dumps(a_delivery(action, **delivery)).encode())
