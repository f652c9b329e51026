"""Opens the inbox for the connector."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from source_pipedrive.inbox.errors import InboxError, UnreadableInboxError

if TYPE_CHECKING:
    from source_pipedrive.inbox.store import Inbox


def resume(url: str, after: int) -> int:
    """Return the sequence to read after: 0 if the inbox never reached the given one.

    That happens when the inbox was replaced or restored from a backup. Raises
    `UnreadableInboxError`.
    """
    with readable_inbox(url) as inbox:
        return inbox.resume(after)


@contextmanager
def readable_inbox(url: str) -> Iterator["Inbox"]:
    """Open an inbox for reading. Every failure is raised as `UnreadableInboxError`."""
    try:
        # SQLAlchemy is part of the extra `inbox`, which may not be installed
        from source_pipedrive.inbox.store import Inbox  # noqa: PLC0415
    except ImportError as error:
        raise UnreadableInboxError(
            "the extra `inbox` of source-pipedrive is not installed"
        ) from error
    try:
        with Inbox(url) as inbox:
            yield inbox
    except InboxError as error:
        raise UnreadableInboxError(str(error)) from error
