"""What a destination holds after some syncs, and how that differs from the account."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integration_tests.torture.account import KINDS, Key, Row, Story, changed, key_of
from integration_tests.torture.connector import Run
from unit_tests import catalog


@dataclass
class Verdict:
    """How a copy differs from its original; each difference as a line to read."""

    rows: int = 0
    lost: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)


class Warehouse:
    """Keeps of each key the latest row by its cursor, and of two as late, the one that came later.

    A destination may throw away what no state covers (`durable_only`), or keep it.
    """

    def __init__(self, *, durable_only: bool) -> None:
        self._durable_only = durable_only
        self._rows: dict[str, dict[Key, Row]] = {}
        self._came_last: dict[str, dict[Key, Row]] = {}
        self._states: dict[str, Any] = {}

    @property
    def state(self) -> list[Any]:
        """The last state of every stream, as the platform hands it back."""
        return list(self._states.values())

    def take(self, run: Run) -> None:
        """Take in what a sync said, also one that did not end well."""
        covered: dict[str, int] = {}
        for number, message in enumerate(run.messages):
            if message and message["type"] == "STATE":
                stream = message["state"]["stream"]
                name = stream["stream_descriptor"]["name"]
                self._states[name] = {"type": "STREAM", "stream": stream}
                covered[name] = number
        for number, message in enumerate(run.messages):
            if message and message["type"] == "RECORD":
                name = message["record"]["stream"]
                if not self._durable_only or number < covered.get(name, -1):
                    self._keep(name, message["record"]["data"])

    def _keep(self, stream: str, row: Row) -> None:
        rows = self._rows.setdefault(stream, {})
        key = key_of(stream, row)
        self._came_last.setdefault(stream, {})[key] = row
        if key not in rows or _cursor_of(stream, row) >= _cursor_of(stream, rows[key]):
            rows[key] = row

    def _copy(self, stream: str, original: Row) -> Row:
        """Find what to hold against a row: what is kept, unless Pipedrive's clock went back.

        No connector can help it that a destination then keeps the earlier of two changes.
        """
        key = key_of(stream, original)
        kept = self._rows[stream][key]
        went_back = "" < _cursor_of(stream, original) < _cursor_of(stream, kept)
        return self._came_last[stream][key] if went_back else kept

    def compare(
        self, stream: str, truth: Iterable[Row], story: Story, config: Mapping[str, Any]
    ) -> Verdict:
        """Hold the copy of a stream against the account, apart from what the API does not tell.

        Those are: deletions, but of deals and projects; lines that changed without their deal;
        rows that were never changed, where a start date is sent as `updated_since`.
        """
        start = config.get("start_date", "")[:19]
        kept = self._rows.get(stream, {})
        held = {key_of(stream, row): row for row in truth}
        wanted = {key: row for key, row in held.items() if _is_due(stream, row, start, config)}
        excused = {key for key, row in held.items() if _is_silent(stream, row, story, config)}
        verdict = Verdict(rows=len(wanted))
        for key in wanted.keys() - kept.keys() - excused:
            verdict.lost.append(f"{stream} {key}: {_brief(wanted[key])}")
        for key in wanted.keys() & kept.keys() - excused:
            if wrong := [*_differences(stream, wanted[key], self._copy(stream, wanted[key]))]:
                verdict.stale.append(f"{stream} {key}: {'; '.join(wrong)}")
        gone = {key_of(stream, row) for row in story.before[stream]}
        for key in kept.keys() - held.keys():
            if _is_forgotten(stream, kept[key]):
                continue
            if key not in gone or (KINDS[stream].told and not _was_told(kept[key])):
                verdict.invented.append(f"{stream} {key}: {_brief(kept[key])}")
        for key, row in kept.items():
            if start and changed(stream, row) < start:
                verdict.invented.append(f"{stream} {key}: older than the start date")
        return verdict


def _is_forgotten(stream: str, row: Row) -> bool:
    """Tell rows deleted so long ago that they were still listed then, and are no longer.

    Thirty days ago, by a clock that is off in some scenarios.
    """
    limit = datetime.now(UTC) - timedelta(days=29)
    return bool(row.get("is_deleted")) and changed(stream, row) < limit.isoformat()


def _cursor_of(stream: str, row: Row) -> str:
    return str(row.get(catalog.cursor_field(stream) or "") or "")


def _is_due(stream: str, row: Row, start: str, config: Mapping[str, Any]) -> bool:
    if start and (changed(stream, row) < start or row.get("update_time", "") is None):
        return False
    left_out = KINDS[stream].archivable and not config.get("include_archived", True)
    return not (left_out and row["is_archived"])


def _is_silent(stream: str, row: Row, story: Story, config: Mapping[str, Any]) -> bool:
    if stream != "deal_products" or config.get("full_child_refresh_days") == 0:
        return False
    return row["deal_id"] in story.silent


def _was_told(row: Row) -> bool:
    """Tell a row that the API listed as deleted, and forgot after thirty days."""
    return bool(row.get("is_deleted")) or row.get("status") == "deleted"


def _differences(stream: str, held: Row, kept: Row) -> Iterator[str]:
    for column, content in held.items():
        if column in KINDS[stream].derived:
            continue
        if _filled(kept.get(column)) != _filled(content):
            times = f"{kept.get('update_time')} -> {held.get('update_time')}"
            yield f"{column} {kept.get(column)!r} -> {content!r} ({times})"


def _filled(content: Any) -> Any:
    """Leave out the fields without a value: a new field is one more in rows that did not change."""
    if isinstance(content, dict):
        return {name: inner for name, inner in content.items() if inner is not None}
    return content


def _brief(row: Row) -> Row:
    wanted = ("add_time", "update_time", "is_archived", "is_deleted", "status", "deal_id")
    return {column: row[column] for column in wanted if column in row}
