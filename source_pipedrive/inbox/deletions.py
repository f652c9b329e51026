"""Deletions and merges that webhooks reported, as tombstones: the last known row, marked deleted.

Reading them costs no tokens. SQLAlchemy is imported on the first read only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.reading import readable_inbox, resume
from source_pipedrive.inbox.set_aside import SetAside, readable

if TYPE_CHECKING:
    from source_pipedrive.inbox.event import StoredEvent


@dataclass(frozen=True)
class Deletions:
    """Deleted rows of one kind of object, such as `deal`, in the order of their events.

    All methods raise `UnreadableInboxError`.
    """

    url: str
    object_kind: str

    def resume(self, sequence: int) -> int:
        """Return the sequence to read after: 0 if this inbox never reached the given one.

        That happens when the inbox was replaced or restored from a backup.
        """
        return resume(self.url, sequence)

    def rows_after(
        self, sequence: int, set_aside: SetAside | None = None
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the sequence and the tombstone of each deletion after a sequence.

        Events that cannot be read go to `set_aside`.
        """
        with readable_inbox(self.url) as inbox:
            deletions = inbox.deletions(self.object_kind, sequence)
            for event, row in readable(deletions, tombstone_of, set_aside or SetAside()):
                yield event.sequence, row

    def merges(self) -> Mapping[Any, Any]:
        """Return into which row each merged row went: id -> id."""
        rows = (row for _, row in self.rows_after(0))
        return {row["id"]: row["merged_into_id"] for row in rows if row.get("merged_into_id")}


def tombstone_of(deletion: "StoredEvent") -> Mapping[str, Any]:
    """Return the last record of the row that an event reports as deleted.

    Raises `MisfitError` if the event's id is not the id of any row.
    """
    return payloads.tombstone(
        kind=deletion.object,
        object_id=deletion.object_id,
        last=deletion.previous or {},
        # it was deleted before it was reported, whatever the event says
        deleted_at=min(deletion.happened_at, deletion.received_at),
        merged_into=deletion.meta.get("merged_to_id"),
    )
