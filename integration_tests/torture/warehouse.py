"""The rows that a destination has after some syncs, and how they differ from the account."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integration_tests.torture.changes import ChangeGenerator
from integration_tests.torture.run import Run
from integration_tests.torture.streams import STREAMS, Key, Row, change_time, is_deleted, key_of
from source_pipedrive.protocol.manifest import packaged_streams


@dataclass
class Differences:
    """How the rows of a stream differ from the account, one line of text for each row.

    Rows are `lost` if they are missing, `stale` if they have old values, and `invented` if the
    account never had them. `rows` counts the rows that should be there.
    """

    rows: int = 0
    lost: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)


class Warehouse:
    """Keeps of each key the row with the latest cursor; of equal cursors, the last emitted row.

    With `committed_only`, it keeps only rows before a state, as some destinations do.
    """

    def __init__(self, *, committed_only: bool) -> None:
        self._committed_only = committed_only
        self._rows: dict[str, dict[Key, Row]] = {}
        self._last_emitted: dict[str, dict[Key, Row]] = {}
        self._states: dict[str, Any] = {}

    @property
    def state(self) -> list[Any]:
        """The last state of every stream, as the platform gives it to the next sync."""
        return list(self._states.values())

    def load(self, run: Run) -> None:
        """Load the rows and states of a sync, also of one that failed."""
        last_state_at: dict[str, int] = {}
        for number, message in enumerate(run.messages):
            if message and message["type"] == "STATE":
                stream = message["state"]["stream"]
                name = stream["stream_descriptor"]["name"]
                self._states[name] = {"type": "STREAM", "stream": stream}
                last_state_at[name] = number
        for number, message in enumerate(run.messages):
            if message and message["type"] == "RECORD":
                name = message["record"]["stream"]
                if not self._committed_only or number < last_state_at.get(name, -1):
                    self._load_row(name, message["record"]["data"])

    def _load_row(self, stream: str, row: Row) -> None:
        rows = self._rows.setdefault(stream, {})
        key = key_of(stream, row)
        self._last_emitted.setdefault(stream, {})[key] = row
        if key not in rows or _cursor_of(stream, row) >= _cursor_of(stream, rows[key]):
            rows[key] = row

    def _copy_of(self, stream: str, original: Row) -> Row:
        """Return the row to compare with the original: the one that the warehouse keeps.

        If Pipedrive's clock went back, a warehouse keeps the earlier of two changes. That is not
        the connector's fault, so the last emitted row counts then.
        """
        key = key_of(stream, original)
        kept = self._rows[stream][key]
        clock_went_back = "" < _cursor_of(stream, original) < _cursor_of(stream, kept)
        return self._last_emitted[stream][key] if clock_went_back else kept

    def compare(
        self,
        stream: str,
        account_rows: Iterable[Row],
        changes: ChangeGenerator,
        config: Mapping[str, Any],
    ) -> Differences:
        """Compare a stream with the account, except for what the API does not report.

        That is: deletions, except of deals and projects; products that changed without their deal;
        with a start date, rows that never changed, because the start date is an `updated_since`.
        """
        start = config.get("start_date", "")[:19]
        kept = self._rows.get(stream, {})
        originals = {key_of(stream, row): row for row in account_rows}
        expected = {
            key: row for key, row in originals.items() if _is_expected(stream, row, start, config)
        }
        unreported = {
            key for key, row in originals.items() if _is_unreported(stream, row, changes, config)
        }
        found = Differences(rows=len(expected))
        for key in expected.keys() - kept.keys() - unreported:
            found.lost.append(f"{stream} {key}: {_summary(expected[key])}")
        for key in expected.keys() & kept.keys() - unreported:
            copy = self._copy_of(stream, expected[key])
            if wrong := [*_wrong_columns(stream, expected[key], copy)]:
                found.stale.append(f"{stream} {key}: {'; '.join(wrong)}")
        before = {key_of(stream, row) for row in changes.rows_before[stream]}
        for key in kept.keys() - originals.keys():
            if _is_old_deletion(stream, kept[key]):
                continue
            must_be_marked = STREAMS[stream].lists_deletions and not is_deleted(kept[key])
            if key not in before or must_be_marked:
                found.invented.append(f"{stream} {key}: {_summary(kept[key])}")
        for key, row in kept.items():
            if start and change_time(stream, row) < start:
                found.invented.append(f"{stream} {key}: older than the start date")
        return found


def _is_old_deletion(stream: str, row: Row) -> bool:
    """Whether a row was deleted so long ago that the API has stopped listing it since it was read.

    The API lists deletions for thirty days. The clock is wrong in some scenarios.
    """
    limit = datetime.now(UTC) - timedelta(days=29)
    return bool(row.get("is_deleted")) and change_time(stream, row) < limit.isoformat()


def _cursor_of(stream: str, row: Row) -> str:
    return str(row.get(_cursor_field(stream) or "") or "")


def _is_expected(stream: str, row: Row, start: str, config: Mapping[str, Any]) -> bool:
    if start and (change_time(stream, row) < start or row.get("update_time", "") is None):
        return False
    excludes_archived = not config.get("include_archived", True)
    return not (STREAMS[stream].is_archivable and excludes_archived and row["is_archived"])


def _is_unreported(
    stream: str, row: Row, changes: ChangeGenerator, config: Mapping[str, Any]
) -> bool:
    if stream != "deal_products" or config.get("full_child_refresh_days") == 0:
        return False
    return row["deal_id"] in changes.unreported_parents


def _wrong_columns(stream: str, original: Row, copy: Row) -> Iterator[str]:
    for column, value in original.items():
        if column in STREAMS[stream].derived:
            continue
        if _without_nulls(copy.get(column)) != _without_nulls(value):
            times = f"{copy.get('update_time')} -> {original.get('update_time')}"
            yield f"{column} {copy.get(column)!r} -> {value!r} ({times})"


def _without_nulls(value: Any) -> Any:
    """Drop keys without a value: a new field adds such a key to rows that did not change."""
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if inner is not None}
    return value


def _summary(row: Row) -> Row:
    columns = ("add_time", "update_time", "is_archived", "is_deleted", "status", "deal_id")
    return {column: row[column] for column in columns if column in row}


def _cursor_field(stream: str) -> str | None:
    incremental = packaged_streams()[stream].incremental
    return incremental.cursor_field if incremental else None
