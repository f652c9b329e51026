"""Turns the rows that events announced into what the connector requests."""

from collections.abc import Collection

from source_pipedrive import timestamps
from source_pipedrive.streams.slices import Named
from source_pipedrive.webhooks.targets.target import LINES_OF_DEALS, ExpectedRow

# Pipedrive still returns their rows after they were deleted.
_READABLE_IF_DELETED = {"deals", "projects"}
# Their deletions come with the whole list.
_READ_IN_FULL = {"pipelines", "stages", "project_boards", "project_phases"}


def named_rows(rows: Collection[ExpectedRow], selected: Collection[str]) -> Named:
    """Return what to request for these rows: ids by stream, and when they changed.

    The lines of a deal are read with it, if their stream is selected. Streams that are missing are
    read as in any sync: those of rows whose last try this is, or whose id does not help.
    """
    named: dict[str, dict[str, str]] = {row.stream: {} for row in rows}
    as_usual = set()
    for row in rows:
        names_no_parent = row.stream in LINES_OF_DEALS and not row.parent_id
        if row.is_deleted and row.stream not in _READABLE_IF_DELETED | _READ_IN_FULL:
            continue
        is_gone = row.is_deleted and row.stream in _READ_IN_FULL
        if row.is_last_try or names_no_parent or is_gone:
            as_usual.add(row.stream)
        else:
            moment = timestamps.from_epoch(row.happened_at // 1000) or timestamps.now()
            named[row.stream][row.parent_id or row.row_id] = moment
    deleted = {row.row_id for row in rows if row.is_deleted and row.stream == "deals"}
    deals = {one: at for one, at in named.get("deals", {}).items() if one not in deleted}
    for lines in LINES_OF_DEALS & set(selected) if deals else ():
        named[lines] = deals | named.get(lines, {})
    return {
        stream: ids
        for stream, ids in named.items()
        if stream in selected and stream not in as_usual
    }
