"""Errors whose message is one sentence for the user, in the form of the Airbyte protocol."""

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException


class UserError(AirbyteTracedException):
    """An error that says what happened, what it means, and what to do."""

    def __init__(self, message: str, failure_type: FailureType) -> None:
        super().__init__(message=message, internal_message=message, failure_type=failure_type)


class AccountRefusedError(UserError):
    """A refusal that every other request would get too, so no stream can go on."""


class SyncStoppedError(UserError):
    """The sync was stopped: no further request may start."""


class UnreadableStateError(UserError):
    """A saved state that this connector did not write."""


def config_error(message: str) -> UserError:
    """Build an error that the user can fix in the settings, or an admin in Pipedrive."""
    return UserError(message, FailureType.config_error)


def transient_error(message: str) -> UserError:
    """Build an error that the next sync may not meet: Airbyte retries it."""
    return UserError(message, FailureType.transient_error)
