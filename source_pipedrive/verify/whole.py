"""Compares all rows of a stream: both sides are read in the order of their keys, and merged."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from heapq import merge
from itertools import chain, groupby, islice
from typing import Any

import orjson

from source_pipedrive.verify.account import IDS_PER_REQUEST, READ_SINGLY
from source_pipedrive.verify.comparison import Finding, Judgement
from source_pipedrive.verify.database import WarehouseError
from source_pipedrive.verify.outcome import Outcome
from source_pipedrive.verify.subject import Row, Subject

_MOST_CONFIRMED = 100


class WholeCheck:
    """Reads the lists of a stream to their end. Memory does not grow with the rows."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        stream = subject.stream
        self.tokens = sum(subject.pages(one) * stream.cost_of(one) for one in stream.lists)

    def run(self) -> Outcome:
        subject = self._subject
        outcome, gone = subject.outcome(), list[Judgement]()
        for one in merged(subject, self._account_rows()):
            if one.finding is Finding.GONE and len(gone) < _MOST_CONFIRMED:
                gone.append(one)
            else:
                outcome.add(one)
        for one in self._confirmed(gone):
            outcome.add(one)
        return outcome

    def _account_rows(self) -> Iterator[Row]:
        stream, since = self._subject.stream, self._subject.since
        lists = [
            chain.from_iterable(stream.pages(one, since if one.older_rows == "filtered" else None))
            for one in stream.lists
        ]
        if self._subject.spec.sorting == "v2":
            yield from merge(*lists, key=self._subject.spec.key_of)
        else:
            yield from sorted_on_disk(self._subject, chain.from_iterable(lists))

    def _confirmed(self, gone: list[Judgement]) -> Iterator[Judgement]:
        """Look for rows that may have moved from one list to the other while both were read."""
        stream, keys = self._subject.stream, [one.key for one in gone]
        if self._subject.spec.takes_ids and len(stream.lists) > 1 and keys:
            rows = [row for part in stream.lists for row in stream.by_ids(part, keys)]
        elif self._subject.spec.name in READ_SINGLY and len(stream.lists) > 1:
            rows = [row for key in keys for row in stream.single(key)]
        else:
            yield from gone
            return
        ignored = ("is_archived",)
        yield from self._subject.judgements(self._subject.index(rows), keys, ignored=ignored)


class ReferenceCheck:
    """Compares a list that every sync reads whole. `tokens` counts no list that others need."""

    def __init__(self, subject: Subject, tokens: int) -> None:
        self._subject = subject
        self.tokens = tokens

    def run(self) -> Outcome:
        outcome = self._subject.outcome()
        rows = self._subject.stream.reference_rows()
        for one in merged(self._subject, sorted_on_disk(self._subject, rows)):
            outcome.add(one)
        return outcome


def merged(subject: Subject, account: Iterable[Row]) -> Iterator[Judgement]:
    """Judge all rows; `account` has them in the order of their keys."""
    key_of, comparison = subject.spec.key_of, subject.comparison
    left = _in_order(account, key_of, "Pipedrive's list")
    right = _in_order(subject.table.ordered(), key_of, "the table")
    one, other = next(left, None), next(right, None)
    while one or other:
        key = min(pair[0] for pair in (one, other) if pair)
        in_account = one[1] if one and one[0] == key else None
        in_warehouse = other[1] if other and other[0] == key else None
        if found := comparison.judge(key, in_account, in_warehouse):
            yield found
        if in_account is not None:
            one = next(left, None)
        if in_warehouse is not None:
            other = next(right, None)


def _in_order(rows: Iterable[Row], key_of: Any, what: str) -> Iterator[tuple[Any, Row]]:
    """Yield rows with their keys, the last one of those with the same key."""
    previous = None
    for key, same in groupby(rows, key_of):
        if previous is not None and key < previous:
            raise WarehouseError(
                f"The rows of {what} did not come in the order of their keys, so they cannot be "
                "compared whole. Compare a sample, with --tokens."
            )
        previous = key
        *_, row = same
        yield key, row


def sorted_on_disk(subject: Subject, rows: Iterator[Row]) -> Iterator[Row]:
    """Sort rows that come in any order by their keys; they are kept in a temporary file."""
    key_of = subject.spec.key_of
    names = [f"key_{number}" for number in range(len(subject.spec.primary_key))]
    with (
        tempfile.NamedTemporaryFile(prefix="source-pipedrive-") as file,
        closing(sqlite3.connect(file.name)) as database,
    ):
        database.execute("PRAGMA journal_mode = OFF")
        database.execute(
            f"CREATE TABLE sorted ({', '.join(names)}, row, PRIMARY KEY ({', '.join(names)}))"
            " WITHOUT ROWID"
        )
        places = ", ".join("?" * (len(names) + 1))
        while page := list(islice(rows, IDS_PER_REQUEST)):
            values = [
                (*(key if isinstance(key := key_of(row), tuple) else (key,)), orjson.dumps(row))
                for row in page
            ]
            database.executemany(f"INSERT OR REPLACE INTO sorted VALUES ({places})", values)  # noqa: S608
        for (row,) in database.execute(f"SELECT row FROM sorted ORDER BY {', '.join(names)}"):  # noqa: S608
            yield orjson.loads(row)
