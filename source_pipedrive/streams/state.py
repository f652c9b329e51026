"""The saved state of a stream: how it is read, refused, and emitted."""

from collections.abc import Callable, Mapping, MutableMapping
from copy import deepcopy
from datetime import timedelta
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY

from source_pipedrive import timestamps
from source_pipedrive.api.exceptions import UnreadableStateError

INBOX = "inbox"
"""The key of `{"sequence": n}`: up to where deletions from webhooks were read."""

NEVER_CHANGED = "never_changed"
"""The key of `{"update_time": T}` in states that began as the official connector's: the rows that
never changed were read when the newest change was `T`. Null as long as they are not."""

# A bookmark comes from Pipedrive's clock; this machine's clock stands in where an answer has none.
_TOLERATED_SKEW = timedelta(hours=1)


class StreamState:
    """The state of one stream, in the CDK's state manager.

    `is_official` tells whether the official connector saved it.
    """

    def __init__(
        self,
        stream_name: str,
        manager: ConnectorStateManager,
        messages: MessageRepository,
        *,
        is_official: bool = False,
    ) -> None:
        self.stream_name = stream_name
        self.is_official = is_official
        self._manager = manager
        self._messages = messages

    def saved(self) -> MutableMapping[str, Any]:
        """Return the state of the last sync; empty at the first one."""
        return self.saved_of(self.stream_name)

    def saved_of(self, stream: str) -> MutableMapping[str, Any]:
        """Return the state that the last sync, or another connector, saved for a stream."""
        state = dict(self._manager.get_stream_state(stream, None))
        return {} if state.get(NO_CURSOR_STATE_KEY) else state

    def emit(self, state: Mapping[str, Any]) -> None:
        """Put a STATE message behind the records that are in the queue."""
        # the message waits in the queue while the stream goes on: it must not change
        self._manager.update_state_for_stream(self.stream_name, None, deepcopy(dict(state)))
        self._messages.emit_message(self._manager.create_state_message(self.stream_name, None))


def readable(
    stream_name: str, field: str, saved: Mapping[str, Any], parse: Callable[[], Any]
) -> Any:
    """Return what `parse` makes of a saved state. Raises `UnreadableStateError`."""
    try:
        return parse()
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(stream_name, field, saved) from error


def refuse_future(
    stream_name: str, field: str, saved: Mapping[str, Any], bookmark: str, now: str
) -> None:
    """Refuse a state whose bookmark would hide every change until then."""
    if bookmark > timestamps.shift(now, _TOLERATED_SKEW):
        raise _unreadable(stream_name, field, saved)


def sequence_of(saved: Mapping[str, Any]) -> int:
    """Return up to where deletions from webhooks were read."""
    return int(saved[INBOX]["sequence"]) if INBOX in saved else 0


def _unreadable(stream_name: str, field: str, saved: Mapping[str, Any]) -> UnreadableStateError:
    return UnreadableStateError(
        f"The saved state of stream {stream_name} cannot be read: {dict(saved)!r}. "
        f'Expected {{"{field}": "2024-05-01T00:00:00Z"}}. Correct it, or reset the stream '
        "to read it from the start.",
        FailureType.config_error,
    )
