"""The command `source-pipedrive webhooks inbox`."""

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from source_pipedrive.inbox.inspection import unreadable_events
from source_pipedrive.inbox.store import Inbox


def show_inbox(inbox: Inbox) -> None:
    """Print how many events an inbox has, and the events that cannot be read."""
    console = Console()
    console.print(f"The inbox has {inbox.size():,} events.")
    table = Table("sequence", "event", "object", "id", "action", "received", "problem")
    for event, problem in unreadable_events(inbox):
        received = datetime.fromtimestamp(event.received_at / 1000, UTC)
        table.add_row(
            str(event.sequence),
            event.id,
            event.object,
            event.object_id,
            event.action,
            f"{received:%Y-%m-%d %H:%M:%S} UTC",
            problem,
        )
    console.print(table if table.row_count else "All of them can be read.")
