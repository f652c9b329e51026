"""Judges a row by its two versions: the account's, and the warehouse's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from source_pipedrive import timestamps
from source_pipedrive.streams.stream_spec import StreamSpec
from source_pipedrive.verify.values import differs

Row = Mapping[str, Any]

# Columns that follow other rows, a clock, or a delivery: they change while their row does not.
# What `include_fields` asks for is such a column as well, see behavior.md, 22.
_DERIVED = {
    "deal_participants": {"person_id", "person", "related_item_data", "added_by_user_id"},
    "files": {
        f"{one}_name" for one in ("deal", "people", "person", "org", "product", "lead", "project")
    },
    "filters": {"last_used_time"},
    "mail_threads": {"deal_status"},
    "organization_relationships": {"related_organization_name"},
    "roles": {"assignment_count", "sub_role_count"},
    "users": {"last_login", "is_you"},
    "webhooks": {"last_delivery_time", "last_http_status", "is_active", "remove_reason"},
}


class Finding(StrEnum):
    """What a comparison of one row found."""

    EQUAL = "equal"
    MISSING = "missing"
    STALE = "stale"
    DIFFERENT = "different"
    GONE = "gone"
    DUPLICATE = "duplicate"
    SET_ASIDE = "set aside"

    @property
    def is_wrong(self) -> bool:
        return self not in {Finding.EQUAL, Finding.SET_ASIDE}


@dataclass(frozen=True)
class Judgement:
    """A finding about the row with a key; `columns` are those with different values."""

    key: Any
    finding: Finding
    columns: Sequence[str] = ()
    is_archived: bool = False


def uncounted_columns(spec: StreamSpec) -> set[str]:
    """Return the columns whose values may differ although nothing is wrong."""
    optional = str(spec.parameters.get("include_fields", "")) if spec.incremental else ""
    return {*optional.split(","), *_DERIVED.get(spec.name, ()), "parent_update_time"} - {""}


class Comparison:
    """Compares the rows of one stream.

    `columns` are the properties that the table has. `synced_until` says per list up to when the
    table has every change. Rows that last changed before `start` are not expected. Unless it
    `reads_archived`, the account shows no archived rows.
    """

    def __init__(  # noqa: PLR0913 - called in one place
        self,
        spec: StreamSpec,
        properties: Mapping[str, Mapping[str, Any]],
        columns: Sequence[str],
        synced_until: Mapping[str, str],
        start: str | None,
        *,
        reads_archived: bool = True,
    ) -> None:
        self._spec = spec
        counted = [one for one in columns if one not in uncounted_columns(spec)]
        self._differs = [(one, differs(properties[one])) for one in counted]
        self._synced_until = synced_until
        self._lookback = spec.incremental.lookback if spec.incremental else timedelta()
        self._start = start if spec.incremental and spec.incremental.knows_start_date else None
        self._lists_deletions = "deleted" in f"{spec.parameters}"
        self._reads_archived = reads_archived

    def judge(
        self, key: Any, account: Row | None, warehouse: Row | None, *, ignored: Sequence[str] = ()
    ) -> Judgement | None:
        """Judge the row with a key; nothing if neither side should have it."""
        if account and _is_deleted(account) and not self._lists_deletions:
            account = None
        if self._start and (self._is_too_old(warehouse) or self._is_too_old(account)):
            return None
        if account is None:
            return None if warehouse is None else self._judge_unlisted(key, warehouse)
        is_archived = bool(account.get("is_archived"))
        if warehouse is None:
            is_new = self._changed_after_sync(account, self._lookback)
            found = Finding.SET_ASIDE if is_new else Finding.MISSING
            return Judgement(key, found, is_archived=is_archived)
        columns = self._different_columns(account, warehouse, ignored)
        if not columns or (_is_deleted(account) and _is_deleted(warehouse)):
            return Judgement(key, Finding.EQUAL)
        is_newer = self._version(account) > self._version(warehouse)
        # a newer version within the lookback window is read by the next sync
        is_new = self._changed_after_sync(account, self._lookback if is_newer else timedelta())
        found = Finding.STALE if is_newer else Finding.DIFFERENT
        return Judgement(key, Finding.SET_ASIDE if is_new else found, columns, is_archived)

    def _judge_unlisted(self, key: Any, warehouse: Row) -> Judgement:
        """Judge a row that the account does not show."""
        is_archived = bool(warehouse.get("is_archived"))
        # real time marks a copied row that was archived, even if archived rows are not copied
        agrees = _is_deleted(warehouse) or (is_archived and not self._reads_archived)
        found = Finding.EQUAL if agrees else Finding.GONE
        return Judgement(key, found, is_archived=is_archived)

    def _different_columns(
        self, account: Row, warehouse: Row, ignored: Sequence[str]
    ) -> Sequence[str]:
        found = []
        for name, values_differ in self._differs:
            one, other = account.get(name), warehouse.get(name)
            if one is other or name in ignored or (type(one) is type(other) and one == other):
                continue
            if values_differ(one, other):
                found.append(name)
        return found

    def is_after_sync(
        self, changed: str, lookback: timedelta | None = None, *, is_archived: bool = False
    ) -> bool:
        """Tell whether the next sync will read what changed at a moment."""
        until = self._synced_until.get("archived" if is_archived else "live")
        if until is None and self._synced_until:
            until = min(self._synced_until.values())
        back = self._lookback if lookback is None else lookback
        return bool(changed and until) and changed >= timestamps.shift(str(until), -back)

    def _changed_after_sync(self, row: Row, lookback: timedelta) -> bool:
        """Tell whether the next sync will read the row, because it changed after the last one."""
        changed = self._spec.time_of(row)
        if archived_at := row.get("archive_time"):
            # whether archiving a row changes its `update_time` is not established
            changed = max(changed, timestamps.sortable(archived_at))
        return self.is_after_sync(changed, lookback, is_archived=bool(row.get("is_archived")))

    def _version(self, row: Row) -> tuple[bool, str]:
        """Return what tells versions of a row apart; a new row gets its `update_time` later."""
        return bool(row.get("update_time")), self._spec.time_of(row)

    def _is_too_old(self, row: Row | None) -> bool:
        """Tell whether the start date excludes a row; those without a change may be left out."""
        if row is None:
            return False
        is_never_changed = "update_time" in row and not row["update_time"]
        return is_never_changed or self._spec.is_older(row, str(self._start))


def _is_deleted(row: Row) -> bool:
    return bool(row.get("is_deleted")) or row.get("status") == "deleted"
