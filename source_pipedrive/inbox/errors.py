"""Errors of the inbox."""


class InboxError(Exception):
    """The inbox cannot be read or written. The message says why, without the URL."""


class UnreadableInboxError(InboxError):
    """The connector cannot read the configured inbox. The message says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The webhook inbox cannot be read: {reason.rstrip('.')}. Correct `webhook_inbox`, "
            "or leave it empty to disable webhooks."
        )
