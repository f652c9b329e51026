"""Finds the events that cannot be read."""

from collections.abc import Iterator

from source_pipedrive.conformance.conversions import MisfitError
from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.deletions import tombstone_of
from source_pipedrive.inbox.event import StoredEvent
from source_pipedrive.inbox.events_stream import event_row
from source_pipedrive.inbox.set_aside import UNEXPECTED_FORMS
from source_pipedrive.inbox.store import Inbox


def problem_with(event: StoredEvent) -> str:
    """Say why an event cannot be read, without its values; empty if it can."""
    try:
        event_row(event)
    except UNEXPECTED_FORMS as error:
        return f"its content has an unexpected form ({type(error).__name__})"
    try:
        if event.action == "delete" and event.object in payloads.STREAMS:
            tombstone_of(event)
    except MisfitError:
        return f"no row of {payloads.STREAMS[event.object]} can have its id"
    except UNEXPECTED_FORMS as error:
        return f"it makes no row of {payloads.STREAMS[event.object]} ({type(error).__name__})"
    return ""


def unreadable_events(inbox: Inbox) -> Iterator[tuple[StoredEvent, str]]:
    """Yield the events of an inbox that cannot be read, each with the reason."""
    for event in inbox.events(after=0):
        if problem := problem_with(event):
            yield event, problem
