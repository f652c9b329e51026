"""Deletions that both the API and webhooks report: one row, with what each of them knows."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from source_pipedrive.inbox.deletions import Deletions
from source_pipedrive.inbox.errors import UnreadableInboxError

Row = dict[str, Any]

_DELETED = "deleted"


class ListedDeletions:
    """Completes the deleted rows that the API lists, and remembers them.

    The API's row is the better one: a webhook's lacks columns, and says `open` of a deleted deal.
    So a row that the API lists needs no tombstone. Only webhooks know into which row it was merged.
    """

    def __init__(self, deletions: Deletions) -> None:
        self._deletions = deletions
        self._listed: set[Any] = set()
        self._merges: Mapping[Any, Any] | None = None
        self._lock = Lock()

    def complete(self, rows: list[Row]) -> list[Row]:
        """Mark the deleted rows of a page, and name the row that each was merged into."""
        deleted = [row for row in rows if row.get("is_deleted") or row.get("status") == _DELETED]
        if deleted:
            merges = self._merged_into()
            for row in deleted:
                self._listed.add(row["id"])
                row |= {"is_deleted": True, "merged_into_id": merges.get(row["id"])}
        return rows

    def not_listed(self, tombstones: list[Row]) -> list[Row]:
        """Return the tombstones of rows that the API did not list, with the API's status."""
        rest = [row for row in tombstones if row["id"] not in self._listed]
        for row in rest:
            if "status" in row:
                row["status"] = _DELETED
        return rest

    def _merged_into(self) -> Mapping[Any, Any]:
        with self._lock:
            if self._merges is None:
                try:
                    self._merges = self._deletions.merges()
                except UnreadableInboxError:
                    # whoever reads the tombstones reports it
                    self._merges = {}
            return self._merges
