"""Says in one line why a sync failed."""

from airbyte.exceptions import (
    AirbyteConnectorFailedError,
    AirbyteStreamNotFoundError,
    PyAirbyteError,
)
from sqlalchemy.exc import SQLAlchemyError

from demo import FILES
from source_pipedrive import databases
from source_pipedrive.webhooks.targets.loading import LoadError
from source_pipedrive.webhooks.targets.pyairbyte import SQLRuntimeError
from source_pipedrive.webhooks.targets.target import TargetError

#: What ends a sync for a reason outside of this program.
FAILURES = (LoadError, OSError, PyAirbyteError, SQLAlchemyError, SQLRuntimeError, TargetError)


def reason_of(error: Exception) -> str:
    """Return what happened and, where it is known, what to do."""
    if isinstance(error, SQLRuntimeError):
        # PyAirbyte replaces the error of the database by its own, with the whole statement
        cause = error.__context__
        error = cause if isinstance(cause, Exception) else SQLAlchemyError("an unknown reason")
    if isinstance(error, SQLAlchemyError | OSError):
        return f"The warehouse cannot be used: {databases.reason_of(error)}"
    if isinstance(error, AirbyteStreamNotFoundError):
        return f"There is no stream {error.stream_name}. The streams are in docs/streams.md."
    if isinstance(error, AirbyteConnectorFailedError):
        return f"The sync failed. What the connector logged is in {FILES / 'logs'}."
    if isinstance(error, PyAirbyteError):
        context = error.context or {}
        details = context.get("failure_reason") or context.get("error_message")
        return f"{error.get_message()} {details}" if details else str(error.get_message())
    return str(error)
