"""Errors of the inbox."""


class InboxError(Exception):
    """The inbox cannot be read or written. The message says why, without the URL."""


class ReplacedInboxError(InboxError):
    """The inbox that a receiver writes to was deleted, replaced, or restored from a backup."""

    def __init__(self) -> None:
        super().__init__(
            "The inbox was deleted, replaced, or restored from an older backup. Events that no "
            "sync has read may be lost."
        )


class RefusedEventError(InboxError):
    """The inbox works, but cannot hold this event."""


class UnreadableInboxError(InboxError):
    """The connector cannot read the configured inbox. The message says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The webhook inbox cannot be read: {reason.rstrip('.')}. Correct `webhook_inbox`, "
            "or leave it empty to disable webhooks."
        )
