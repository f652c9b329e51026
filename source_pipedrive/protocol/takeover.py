"""Says in the log what becomes of the states of the official connector."""

import logging
from collections.abc import Callable, Mapping

from source_pipedrive.streams.list_cursor import ListCursor
from source_pipedrive.streams.official_states import NEW_NAMES
from source_pipedrive.streams.parents import CollectedParents
from source_pipedrive.streams.state import StreamState

_LOGGER = logging.getLogger("airbyte")

ListParents = Callable[[str | None], CollectedParents]


def log_takeover(cursors: Mapping[str, ListCursor | None]) -> None:
    """Say which streams read rows that the official connector never does; by their cursors."""
    taken_over = {name: one for name, one in cursors.items() if one and one.takes_over}
    if not taken_over:
        return
    _LOGGER.info(
        "The saved states look like those of the official connector, which does not read rows that "
        "never changed. They are read once, in the streams %s.",
        ", ".join(taken_over),
    )
    for name, cursor in taken_over.items():
        for part in cursor.lists_read_whole:
            _LOGGER.info("Stream %s: no state for the %s rows, so all are read once.", name, part)


def announced(
    list_parents: ListParents, state: StreamState, parent: str, tokens: int
) -> ListParents:
    """Return what lists the parents of a stream and logs the cost, if the stream begins anew.

    Each parent costs `tokens`.
    """
    former = next((old for old, new in NEW_NAMES.items() if new == state.stream_name), "")
    if state.saved() or not state.saved_of(former):
        return list_parents

    def list_and_log(since: str | None) -> CollectedParents:
        parents = list_parents(since)
        count = sum(1 for _ in parents)
        _LOGGER.info(
            "Stream %s begins anew, because it cannot continue the state of %s. It reads all "
            "%s %s, at %d tokens each: at least %s tokens.",
            state.stream_name,
            former,
            f"{count:,}",
            parent,
            tokens,
            f"{count * tokens:,}",
        )
        return parents

    return list_and_log
