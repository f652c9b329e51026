"""A stream on both sides, and what the ways of comparing it have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any, Protocol

from source_pipedrive.streams.slices import SourceList
from source_pipedrive.streams.stream_spec import StreamSpec
from source_pipedrive.verify.account import AccountStream
from source_pipedrive.verify.comparison import Comparison, Finding, Judgement
from source_pipedrive.verify.outcome import Outcome
from source_pipedrive.verify.stream_table import StreamTable
from source_pipedrive.verify.table_facts import Facts, synced_until

Row = dict[str, Any]


class Check(Protocol):
    """One way of comparing a stream: it says what it costs before it sends a request."""

    tokens: int

    def run(self) -> Outcome:
        """Compare. Raises what reading the account or the warehouse raises."""


@dataclass(frozen=True)
class Subject:
    """A stream in the account, and its table. Rows older than `start` are not expected.

    If nothing has changed since the last sync, it `is_synced`, and no row is set aside.
    """

    stream: AccountStream
    known_table: StreamTable
    facts: Facts
    start: str | None
    seed: str
    is_synced: bool = False

    @property
    def spec(self) -> StreamSpec:
        return self.stream.spec

    @property
    def since(self) -> str | None:
        """From when on the lists are read, where a start date holds for the stream."""
        incremental = self.spec.incremental
        return self.start if incremental and incremental.knows_start_date else None

    @cached_property
    def table(self) -> StreamTable:
        """The table with the columns of custom fields, whose definitions are requested for it."""
        return self.known_table.with_properties(self.stream.properties)

    @cached_property
    def comparison(self) -> Comparison:
        """What judges the rows."""
        return Comparison(
            self.spec,
            self.stream.properties,
            list(self.table.columns),
            {} if self.is_synced else synced_until(self.table),
            self.start,
            reads_archived=any(one.name == "archived" for one in self.stream.lists),
        )

    def outcome(self, **more: Any) -> Outcome:
        """Return an outcome that has what the table alone tells."""
        outcome = Outcome(rows=self.facts.keys, **more)
        for key in self.known_table.duplicates():
            outcome.add(Judgement(key, Finding.DUPLICATE))
        custom = [one for one in self.table.absent if one.startswith("custom_")]
        others = [one for one in self.table.absent if one not in custom]
        for kind, absent in (("custom fields", custom), ("columns", others)):
            if absent and (kind == "custom fields" or len(self.table.columns) > len(absent)):
                outcome.notes.append(_absent(kind, absent))
        return outcome

    def listed(self, part: SourceList) -> int:
        """Return how many rows of the table one of the stream's lists should have."""
        if len(self.stream.lists) == 1:
            return sum(self.facts.listed.values())
        if part.name in {"live", "archived"}:
            return self.facts.listed.get(part.name == "archived", 0)
        # which mail folder has a row is not a column
        return self.facts.keys

    def pages(self, part: SourceList) -> int:
        """Return how many requests it takes to read a list, if it has what the table has."""
        rows, size = self.listed(part), self.spec.page_size
        if self.spec.paging == "none" or rows <= size:
            return 1
        if self.spec.paging == "offset":
            # each page repeats the last row of the page before
            return 1 + ceil((rows - size) / (size - 1))
        return ceil(rows / size)

    def index(self, rows: Sequence[Row]) -> Mapping[Any, Row]:
        """Return rows by key; of two versions, the newer one."""
        found: dict[Any, Row] = {}
        for row in rows:
            key = self.spec.key_of(row)
            if key not in found or self.spec.time_of(row) >= self.spec.time_of(found[key]):
                found[key] = row
        return found

    def judgements(
        self, account: Mapping[Any, Row], keys: Sequence[Any], *, ignored: Sequence[str] = ()
    ) -> Iterator[Judgement]:
        """Judge rows by key, with those of the table."""
        stored = self.table.rows(keys)
        for key in keys:
            found = self.comparison.judge(key, account.get(key), stored.get(key), ignored=ignored)
            if found:
                yield found


def _absent(kind: str, names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")  # noqa: PLR2004
    return f"The table has no column for these {kind}: {shown}. Refresh the source schema."
