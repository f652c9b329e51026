"""What the states of Airbyte's official Pipedrive source mean here.

Streams and states are those of its versions up to 4.1:
https://docs.airbyte.com/integrations/sources/pipedrive
"""

from collections.abc import Collection, Mapping
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY

from source_pipedrive.streams.state import NEVER_CHANGED

States = Mapping[str, Mapping[str, Any]]

NEW_NAMES: Mapping[str, str] = {
    "deal_flow": "deal_changelog",
    "deals_archived": "deals",
    "mail": "mail_messages",
    "mailThreads": "mail_threads",
}
"""The streams that have another name here."""

LISTS: Mapping[tuple[str, str], str] = {("deals", "archived"): "deals_archived"}
"""A list of one of our streams -> the stream that it was, whose bookmark it continues."""


def saved_states(manager: ConnectorStateManager) -> States:
    """Return the saved states of all streams, whether or not the connector has them."""
    return {
        one.name: dict(manager.get_stream_state(one.name, one.namespace))
        for one in manager.per_stream_states
    }


def are_official(
    states: States, bookmarked: Collection[str], with_archived_list: Collection[str]
) -> bool:
    """Tell whether states began as the official connector's: one has a form that ours never have.

    `bookmarked` are our streams that keep a bookmark, `with_archived_list` those with a further one
    for archived rows. Where an account has no archived rows, ours can look like the official ones.
    """
    return any(
        name in NEW_NAMES
        # taken over by an earlier sync, which may have ended before it came to all streams
        or NEVER_CHANGED in state
        or (name in bookmarked and NO_CURSOR_STATE_KEY in state)
        or (name in with_archived_list and "archived" not in state)
        # our times are in the form of API v2
        or any(isinstance(value, str) and " " in value for value in state.values())
        for name, state in states.items()
    )
