"""What webhooks told: rows of deleted objects, and the history of changes; costs no tokens."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.retrievers.retriever import Retriever
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive import config as configuration
from source_pipedrive import timestamps as times

if TYPE_CHECKING:
    from source_pipedrive.inbox.store import Inbox

TOMBSTONES = "tombstones"
TOLD = "inbox"


def open_inbox(url: str) -> "Inbox":
    """Open the inbox that `source-pipedrive webhooks serve` fills.

    SQLAlchemy is only imported for those who have one: it is part of the extra `webhooks`.
    """
    try:
        from source_pipedrive.inbox.store import Inbox  # noqa: PLC0415
    except ImportError as error:
        raise _unreadable("the extra `webhooks` of source-pipedrive is not installed") from error
    return Inbox(url)


def _unreadable(reason: str) -> AirbyteTracedException:
    message = (
        f"The inbox of webhooks cannot be read: {reason.rstrip('.')}. Correct `webhook_inbox`, or "
        "leave it empty to read without webhooks."
    )
    return AirbyteTracedException(
        message=message, internal_message=message, failure_type=FailureType.config_error
    )


@dataclass
class Tombstones:
    """The deleted rows of one object, in the order in which they were deleted.

    `reached` is the sequence of the newest one that was handed out. The state of a stream keeps it
    as `{"inbox": {"sequence": n}}`.
    """

    url: str
    object: str
    reached: int = 0

    @property
    def as_slice(self) -> StreamSlice:
        return StreamSlice(partition={}, cursor_slice={}, extra_fields={TOMBSTONES: self})

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield the last known row of what was deleted since, with `is_deleted`."""
        from source_pipedrive.inbox.store import InboxError  # noqa: PLC0415

        try:
            with open_inbox(self.url) as inbox:
                self.reached = inbox.resume(self.reached)
                for tombstone in inbox.deletions(self.object, self.reached):
                    self.reached = tombstone.sequence
                    yield tombstone.row
        except InboxError as error:
            raise _unreadable(str(error)) from error


@dataclass
class EventsRetriever(Retriever):
    """Rows of `events`: who changed what, when. The cursor is the sequence of the inbox."""

    name: str
    config: Mapping[str, Any]

    def read_records(
        self, records_schema: Mapping[str, Any], stream_slice: StreamSlice | None = None
    ) -> Iterable[Record]:
        from source_pipedrive.inbox.store import InboxError  # noqa: PLC0415

        after = int(stream_slice["start"]) if stream_slice else 0
        start = configuration.normalize_start_date(self.config.get("start_date")) or ""
        try:
            with open_inbox(self.config["webhook_inbox"]) as inbox:
                for row in inbox.events(inbox.resume(after)):
                    if times.sortable(row["changed_at"]) >= start:
                        yield Record(row, self.name, stream_slice)
        except InboxError as error:
            raise _unreadable(str(error)) from error
