"""Compares rows that were drawn at random, so that they speak for all rows."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from source_pipedrive.streams.slices import SourceList
from source_pipedrive.verify.account import IDS_PER_REQUEST
from source_pipedrive.verify.comparison import Finding
from source_pipedrive.verify.outcome import Outcome, Sample
from source_pipedrive.verify.sampling import draw_ids
from source_pipedrive.verify.subject import Row, Subject

# fewer say nothing about the others
_LEAST_SINGLES = 20


class IdSample:
    """Compares ids between the lowest and the highest of the table, each equally likely.

    An id that only the table has is a gone row, one that only the account has a missing row, and
    one that nobody has no row. So the rows that were drawn are a random sample of the rows of both
    sides, wherever in time or in the list the wrong ones lie. A page of the newest rows, for the
    price of one row, shows those beyond the highest id of the table.
    """

    def __init__(self, subject: Subject, tokens: int) -> None:
        self._subject = subject
        stream = subject.stream
        newest = sum(map(stream.cost_of, stream.lists))
        self._drawn = self._draw(tokens - newest)
        self._requests = self._requested(self._drawn)
        self.tokens = newest + sum(
            ceil(len(ids) / IDS_PER_REQUEST) * stream.cost_of(part) for part, ids in self._requests
        )

    @staticmethod
    def least(subject: Subject) -> int:
        """Return what the smallest sample costs."""
        return 2 * sum(map(subject.stream.cost_of, subject.stream.lists))

    def run(self) -> Outcome:
        subject, sample = self._subject, Sample()
        outcome = subject.outcome(samples=[sample])
        rows = [row for part, ids in self._requests for row in self._by_ids(part, ids)]
        gone = []
        for one in subject.judgements(subject.index(rows), self._drawn):
            if one.finding is Finding.GONE:
                gone.append(one.key)
            else:
                outcome.add(one, sample)
        for one in subject.judgements(self._in_the_other_list(gone), gone):
            outcome.add(one, sample)
        newest = [row for part in subject.stream.lists for row in subject.stream.newest(part)]
        add_newest(outcome, subject, subject.index(newest))
        return outcome

    def _draw(self, tokens: int) -> Sequence[int]:
        """Draw as many ids as the tokens are enough for."""
        facts, stream = self._subject.facts, self._subject.stream
        lowest, highest = facts.lowest or 0, facts.highest or 0
        lowest = 1 if lowest < (highest - lowest) else lowest
        every = highest - lowest + 1
        # an id of the table is asked for in one list, all others are asked for in each list
        price = sum(
            stream.cost_of(part) * (every - facts.keys + self._subject.listed(part)) / every
            for part in stream.lists
        )
        rounding = sum(map(stream.cost_of, stream.lists)) if len(stream.lists) > 1 else 0
        count = int((tokens - rounding) / price) * IDS_PER_REQUEST
        return draw_ids(lowest, highest, max(count, IDS_PER_REQUEST), self._subject.seed)

    def _requested(self, drawn: Sequence[int]) -> Sequence[tuple[SourceList, Sequence[int]]]:
        lists = self._subject.stream.lists
        if len(lists) == 1:
            return [(lists[0], drawn)]
        known = self._subject.known_table.rows(drawn)
        in_list = {
            key: "archived" if row.get("is_archived") else "live" for key, row in known.items()
        }
        return [
            (part, [one for one in drawn if in_list.get(one, part.name) == part.name])
            for part in lists
        ]

    def _by_ids(self, part: SourceList, ids: Sequence[int]) -> list[Row]:
        pieces = [
            ids[start : start + IDS_PER_REQUEST] for start in range(0, len(ids), IDS_PER_REQUEST)
        ]
        return [row for piece in pieces for row in self._subject.stream.by_ids(part, piece)]

    def _in_the_other_list(self, keys: Sequence[Any]) -> dict[Any, Row]:
        """Look for rows in the lists in which they were not asked for."""
        if not keys or len(self._subject.stream.lists) == 1:
            return {}
        found: dict[Any, Row] = {}
        for part, ids in self._requests:
            others = [key for key in keys if key not in set(ids)]
            found |= self._subject.index(self._by_ids(part, others))
        return found


class SingleSample:
    """Compares ids like `IdSample`, one request each, where no list takes `ids`."""

    def __init__(self, subject: Subject, tokens: int) -> None:
        self._subject = subject
        facts, price = subject.facts, self._price(subject)
        self._newest = _newest_page(subject)
        page = subject.stream.cost_of(subject.stream.lists[0]) if self._newest is not None else 0
        lowest, highest = facts.lowest or 0, facts.highest or 0
        self._drawn = draw_ids(lowest, highest, max(1, (tokens - page) // price), subject.seed)
        self.tokens = len(self._drawn) * price + page

    @staticmethod
    def least(subject: Subject) -> int:
        """Return what the smallest sample that says anything costs."""
        page = subject.stream.cost_of(subject.stream.lists[0])
        return _LEAST_SINGLES * SingleSample._price(subject) + page

    @staticmethod
    def _price(subject: Subject) -> int:
        return subject.stream.cost_of(subject.stream.lists[0], singly=True)

    def run(self) -> Outcome:
        subject, sample = self._subject, Sample()
        outcome = subject.outcome(samples=[sample])
        account = subject.index([row for key in self._drawn for row in subject.stream.single(key)])
        ignored = ("is_archived",) if "archived_flag" in subject.spec.shape else ()
        for one in subject.judgements(account, self._drawn, ignored=ignored):
            outcome.add(one, sample)
        if self._newest is None:
            outcome.notes.append(
                "Rows that are newer than those of the table were not looked for; --full does."
            )
            return outcome
        newest = subject.index(subject.stream.page_at(subject.stream.lists[0], self._newest))
        add_newest(outcome, subject, newest)
        return outcome


def _newest_page(subject: Subject) -> int | None:
    """Return where the page with the newest rows begins, where a list has such a page."""
    if subject.spec.paging != "offset":
        return None
    (part,) = subject.stream.lists
    is_newest_first = part.older_rows == "last"
    return 0 if is_newest_first else max(0, subject.listed(part) - subject.spec.page_size // 2)


def add_newest(outcome: Outcome, subject: Subject, newest: Mapping[Any, Row]) -> None:
    """Add the findings about the newest rows; those beyond the table's ids could not be drawn."""
    highest = subject.facts.highest or 0
    for one in subject.judgements(newest, list(newest)):
        outcome.beyond += one.finding.is_wrong and one.key > highest
        outcome.add(one)


class KeySample:
    """Compares two samples, where keys are no numbers that ids could be drawn from.

    Keys of the table, read one by one, show stale, different, and gone rows. Pages of the lists
    that begin at any row, each equally likely, show missing rows. Neighbors can be wrong together,
    so one row of a page counts for the bound, although all are compared.
    """

    def __init__(self, subject: Subject, tokens: int) -> None:
        self._subject = subject
        stream = subject.stream
        price = stream.cost_of(stream.lists[0], singly=True)
        by_list = [(part, stream.cost_of(part), subject.listed(part)) for part in stream.lists]
        rows = sum(listed for *_, listed in by_list) or 1
        page = sum(cost * listed / rows for _, cost, listed in by_list)
        pages = max(1, int(tokens / 2 / page))
        self._places = [
            self._place(number) for number in draw_ids(0, rows - 1, pages, subject.seed)
        ]
        spent = sum(stream.cost_of(part) for part, _ in self._places)
        self._drawn = subject.known_table.random_keys(
            max(1, (tokens - spent) // price), subject.seed
        )
        self.tokens = spent + len(self._drawn) * price

    @staticmethod
    def least(subject: Subject) -> int:
        """Return what the smallest sample that says anything costs."""
        stream = subject.stream
        return max(map(stream.cost_of, stream.lists)) + _LEAST_SINGLES * stream.cost_of(
            stream.lists[0], singly=True
        )

    def _place(self, number: int) -> tuple[SourceList, int]:
        """Return the list of the `number`-th row of all lists, and its place there."""
        for part in self._subject.stream.lists:
            if number < (listed := self._subject.listed(part)):
                return part, number
            number -= listed
        raise IndexError(number)

    def run(self) -> Outcome:
        subject = self._subject
        keys, pages = Sample(), Sample()
        outcome = subject.outcome(samples=[keys, pages])
        singles = [row for key in self._drawn for row in subject.stream.single(key)]
        for one in subject.judgements(subject.index(singles), self._drawn):
            # whether an archived row can be read singly is not established
            if one.finding is Finding.GONE and one.is_archived:
                continue
            outcome.add(one, keys)
        for part, offset in self._places:
            rows = subject.stream.page_at(part, offset)
            first = [subject.spec.key_of(row) for row in rows[:1]]
            account = subject.index(rows)
            for one in subject.judgements(account, list(account)):
                outcome.add(one, pages if one.key in first else None)
        return outcome
