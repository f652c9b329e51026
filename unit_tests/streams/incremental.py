"""The streams with a state by the way their lists filter, and rows and states for them."""

from collections.abc import Sequence

from integration_tests.platform import Output
from unit_tests import catalog
from unit_tests.pipedrive import Row, keys, rows, spell

# the server filters by `updated_since`
FILTERED = catalog.members("v2_windowed", "v2_incremental", "v1_incremental")
# the server returns everything; the connector skips what is older
UNFILTERED = catalog.members("v2_whole", "v1_whole")
# the server can only sort: newest first
SORTED = catalog.members("v1_newest_first")
STREAMS = [*FILTERED, *UNFILTERED, *SORTED]

START = "2024-05-01T00:00:00Z"
BOOKMARK = "2024-05-01T10:00:00Z"


def cursor_of(stream: str) -> str:
    """The column that the state follows."""
    field = catalog.cursor_field(stream)
    assert field
    return field


def timed(stream: str, *times: str) -> list[Row]:
    """One row for each time, numbered from 1."""
    return [
        row
        for number, time in enumerate(times, 1)
        for row in rows(stream, [number], **{cursor_of(stream): spell(stream, time)})
    ]


def states(streams: Sequence[str], bookmark: str = BOOKMARK) -> dict[str, Row]:
    """A saved state of each stream."""
    return {stream: {cursor_of(stream): bookmark} for stream in streams}


def found(output: Output, streams: Sequence[str]) -> dict[str, list[Row]]:
    """The primary keys that each stream emitted."""
    return {stream: keys(stream, output.records(stream)) for stream in streams}
