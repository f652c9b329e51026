"""Rows of the stream `events`: who changed what, and when. Reading them costs no tokens."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from source_pipedrive import timestamps
from source_pipedrive.conformance.conversions import MisfitError, to_integer
from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.reading import readable_inbox
from source_pipedrive.inbox.set_aside import SetAside, readable

if TYPE_CHECKING:
    from source_pipedrive.inbox.event import StoredEvent


def event_rows(
    url: str, after: int, start: str | None, set_aside: SetAside | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield events committed after a sequence, except changes from before `start`.

    `start` is in the form of `timestamps`. If the inbox never reached the sequence, it is read
    from its beginning. Events that cannot be read go to `set_aside`. Raises `UnreadableInboxError`.
    """
    with readable_inbox(url) as inbox:
        events = inbox.events(inbox.resume(after))
        for _, row in readable(events, event_row, set_aside or SetAside()):
            if timestamps.sortable(row["changed_at"]) >= (start or ""):
                yield row


def event_row(event: "StoredEvent") -> dict[str, Any]:
    """Return the row of one event."""
    meta = event.meta
    return {
        "sequence": event.sequence,
        "id": event.id,
        "object": event.object,
        "object_id": event.object_id,
        "action": event.action,
        "changed_at": _rfc3339(event.happened_at),
        "received_at": _rfc3339(event.received_at),
        "user_id": _integer(meta.get("user_id")),
        "change_source": meta.get("change_source"),
        "changes": payloads.changes(event.object, event.data, event.previous),
        "correlation_id": meta.get("correlation_id"),
        "is_bulk_edit": meta.get("is_bulk_edit"),
        "merged_into_id": meta.get("merged_to_id"),
        "merged_from_id": meta.get("merged_from_id"),
    }


def _rfc3339(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _integer(value: object) -> int | None:
    try:
        return to_integer(value)
    except MisfitError:
        return None
