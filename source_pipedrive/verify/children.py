"""Compares the rows of child streams, parent by parent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from math import ceil
from typing import Any

from source_pipedrive.verify.account import (
    IDS_PER_REQUEST,
    READ_SINGLY,
    AccountStream,
)
from source_pipedrive.verify.comparison import Finding, Judgement
from source_pipedrive.verify.database import WarehouseError
from source_pipedrive.verify.outcome import Outcome, Sample
from source_pipedrive.verify.sampling import draw_ids
from source_pipedrive.verify.stream_table import StreamTable
from source_pipedrive.verify.subject import Row, Subject
from source_pipedrive.verify.whole import merged, sorted_on_disk

_GROUPS_AT_ONCE = 50
# fewer say nothing about the others
_LEAST_PARENTS = 30


class ParentCheck:
    """Compares the rows of all parents, or of parents that were drawn at random.

    The rows of a parent can be wrong together, so what a sample speaks for is parents. Parents that
    changed since the last sync are set aside; they are looked up only if their rows differ.
    """

    def __init__(
        self,
        subject: Subject,
        parent: AccountStream,
        parent_table: StreamTable | None,
        tokens: int | None,
    ) -> None:
        self._subject = subject
        self._parent = parent
        self._parent_table = parent_table
        self._is_sample = tokens is not None
        requests = subject.spec.parents
        assert requests is not None, "only child streams have parents"  # noqa: S101 - for types
        self._requests = requests
        self._price = subject.stream.cost_of()
        self._count = sum(1 for _ in self._all_parents())
        self._places: set[int] | None = None
        if tokens is not None:
            count = max(1, tokens // self._price) * requests.group_size
            drawn = draw_ids(0, self._count - 1, count, subject.seed) if self._count else ()
            self._places = set(drawn)
        self.tokens = self._price * sum(
            self._pages(sum(rows for _, rows in group)) for group in self._groups()
        )

    @staticmethod
    def least(subject: Subject) -> int:
        """Return what the smallest sample that says anything costs."""
        size = subject.spec.parents.group_size if subject.spec.parents else 1
        return subject.stream.cost_of() * ceil(_LEAST_PARENTS / size)

    def run(self) -> Outcome:
        sample = Sample()
        outcome = self._subject.outcome(
            unit=self._requests.parent, samples=[sample] if self._is_sample else ()
        )
        groups = self._groups()
        while some := list(islice(groups, _GROUPS_AT_ONCE)):
            parents = [[one for one, _ in group] for group in some]
            for judgements in self._compared(parents):
                found = {one.finding for one in judgements}
                sample.drawn += Finding.SET_ASIDE not in found
                sample.wrong += any(one.is_wrong for one in found)
                for judgement in judgements:
                    outcome.add(judgement)
        return outcome

    def _all_parents(self) -> Iterator[tuple[Any, int]]:
        return self._subject.known_table.parents(self._requests.parent_key, self._parent_table)

    def _groups(self) -> Iterator[list[tuple[Any, int]]]:
        """Yield the parents that are requested together, each with the number of its rows."""
        parents: Iterable[tuple[Any, int]] = self._all_parents()
        if self._places is not None:
            places = self._places
            parents = (one for number, one in enumerate(parents) if number in places)
        parents = iter(parents)
        while group := list(islice(parents, self._requests.group_size)):
            yield group

    def _pages(self, rows: int) -> int:
        size = self._subject.spec.page_size
        return 1 if self._subject.spec.paging == "none" else max(1, ceil(rows / size))

    def _compared(self, groups: Sequence[Sequence[Any]]) -> Iterator[Sequence[Judgement]]:
        """Yield the judgements of the rows of each parent; none if it has no rows."""
        subject, key = self._subject, self._requests.parent_key
        ids = list(chain.from_iterable(groups))
        stored = _by_parent(subject.table.rows_of_parents(key, ids), key)
        account: dict[Any, list[Row]] = {}
        for group in groups:
            for rows in subject.stream.children(dict.fromkeys(group)):
                for row in rows:
                    account.setdefault(row.get(key), []).append(row)
        judged = {one: self._judged(account.get(one, ()), stored.get(one, ())) for one in ids}
        wrong = [
            one for one, found in judged.items() if any(each.finding.is_wrong for each in found)
        ]
        changed = self._changed(wrong)
        for one, found in judged.items():
            yield [
                Judgement(each.key, Finding.SET_ASIDE)
                if one in changed and each.finding.is_wrong
                else each
                for each in found
            ]

    def _judged(self, account: Sequence[Row], stored: Sequence[Row]) -> Sequence[Judgement]:
        left, right = self._subject.index(account), self._subject.index(stored)
        comparison = self._subject.comparison
        found = (comparison.judge(key, left.get(key), right.get(key)) for key in {**left, **right})
        return [one for one in found if one]

    def _changed(self, parents: Sequence[Any]) -> set[Any]:
        """Return the parents that changed since the last sync: it could not know their rows."""
        stream, rows = self._parent, list[Row]()
        if stream.spec.takes_ids:
            for start in range(0, len(parents), IDS_PER_REQUEST):
                ids = parents[start : start + IDS_PER_REQUEST]
                rows += [row for part in stream.lists for row in stream.by_ids(part, ids)]
        elif stream.spec.name in READ_SINGLY:
            rows += [row for one in parents for row in stream.single(one)]
        is_after_sync = self._subject.comparison.is_after_sync
        return {row["id"] for row in rows if is_after_sync(stream.spec.time_of(row))}


class AllParentsCheck:
    """Compares all rows of a child stream whose rows do not name the parent of their request."""

    def __init__(self, subject: Subject, parent_table: StreamTable | None) -> None:
        self._subject = subject
        self._parent_table = parent_table
        self.tokens = subject.stream.cost_of() * sum(1 for _ in self._parents())

    def run(self) -> Outcome:
        outcome, stream = self._subject.outcome(), self._subject.stream
        rows = (
            row
            for parent in self._parents()
            for page in stream.children({parent: None})
            for row in page
        )
        for one in merged(self._subject, sorted_on_disk(self._subject, rows)):
            outcome.add(one)
        return outcome

    def _parents(self) -> Iterator[Any]:
        if self._parent_table is None:
            raise WarehouseError(
                "The warehouse has no table of its parents, and its rows do not name them."
            )
        yield from self._parent_table.ids()


def _by_parent(rows: Iterable[Row], key: str) -> Mapping[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found
