"""The rows that events announced and that no sync has brought yet."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from source_pipedrive.inbox import payloads
from source_pipedrive.inbox.event import StoredEvent
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.set_aside import SetAside, readable
from source_pipedrive.webhooks.targets.target import LINES_OF_DEALS, ExpectedRow

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

_LONGEST_BACKOFF_SECONDS = 60
_SECONDS_TO_SECOND_LOOK = 15


class ExpectedRows:
    """The rows to wait for, each with the time of its next sync."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], ExpectedRow] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, event: StoredEvent) -> None:
        """Expect the row of an event, unless a newer event of the same row is known.

        An event that cannot be read announces none.
        """
        for _, row in readable([event], expected_row, SetAside()):
            known = self._rows.get(row.key)
            if known is None or known.happened_at <= row.happened_at:
                self._rows[row.key] = row

    def due(self) -> list[ExpectedRow]:
        """Return the rows whose next sync may start now."""
        now = time.monotonic()
        return [row for row in self._rows.values() if row.due <= now]

    def all(self) -> list[ExpectedRow]:
        """Return all rows."""
        return list(self._rows.values())

    def next_due(self) -> float:
        """Return when the next sync of a row may start; infinity if no row is expected."""
        return min((row.due for row in self._rows.values()), default=float("inf"))

    def settle(
        self, synced: Sequence[ExpectedRow], missing: Sequence[ExpectedRow]
    ) -> list[ExpectedRow]:
        """Remove the rows that a sync brought and return them. Retry missing ones, or give up."""
        missing_keys = {row.key for row in missing}
        for row in synced:
            del self._rows[row.key]
            if row.key in missing_keys:
                self._retry(row)
            elif row.is_new and not row.is_second_look:
                due = time.monotonic() + _SECONDS_TO_SECOND_LOOK
                self._rows[row.key] = replace(row, due=due, is_second_look=True)
        return [row for row in synced if row.key not in missing_keys and not row.is_second_look]

    def _retry(self, row: ExpectedRow) -> None:
        if row.stream in LINES_OF_DEALS:
            return
        if not row.is_last_try:
            backoff = min(_LONGEST_BACKOFF_SECONDS, 2 ** (row.tries - 1))
            self._rows[row.key] = replace(row, due=time.monotonic() + backoff, tries=row.tries + 1)
            return
        _LOGGER.warning(
            "%s %s did not arrive after %d syncs. Either it was deleted again, or the owner of "
            "the API key may not see it. The periodic full resync will bring it if it can be read.",
            row.stream,
            row.row_id,
            row.tries + 1,
        )


def expected_row(event: StoredEvent) -> ExpectedRow:
    """Return the row that an event announces. Raises `MisfitError` if no row can have its id."""
    data = payloads.to_api(event.object, event.data or {})
    stream = STREAMS[event.object]
    is_deleted = event.action == "delete"
    changed = payloads.moment(data.get("update_time") or data.get("modified"))
    return ExpectedRow(
        stream=stream,
        row_id=str(payloads.row_id(event.object, event.object_id)),
        happened_at=event.happened_at,
        changed=None if is_deleted else changed,
        is_deleted=is_deleted,
        parent_id=_deal_of(data) if stream in LINES_OF_DEALS else None,
        received_at=event.received_at,
        is_new=event.action == "create" and stream not in LINES_OF_DEALS,
        # projects have the time only
        is_archived=bool(data.get("is_archived") or data.get("archive_time")),
    )


def _deal_of(data: Mapping[str, Any]) -> str | None:
    deal = data.get("deal_id")
    return str(deal) if isinstance(deal, int) else None
