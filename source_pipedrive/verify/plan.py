"""Decides how each stream is compared, and what that costs, before the account is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from source_pipedrive.streams.stream_spec import StreamSpec
from source_pipedrive.verify.account import READ_SINGLY, Account
from source_pipedrive.verify.children import AllParentsCheck, ParentCheck
from source_pipedrive.verify.database import WarehouseError
from source_pipedrive.verify.samples import IdSample, KeySample, SingleSample
from source_pipedrive.verify.sampling import seed_of, shares
from source_pipedrive.verify.stream_table import StreamTable
from source_pipedrive.verify.subject import Check, Subject
from source_pipedrive.verify.table_facts import Facts, facts_of
from source_pipedrive.verify.warehouse import Warehouse
from source_pipedrive.verify.whole import ReferenceCheck, WholeCheck

_EVENTS = "events"
_PER_PARENT = 3
_NOT_IN_PIPEDRIVE = "Its rows come from the inbox of webhooks; Pipedrive does not list them."


@dataclass(frozen=True)
class Planned:
    """A stream with the way in which it is compared, or with the reason why it is not.

    `shared_tokens` are those of lists that other streams need as well, such as field definitions.
    Where too few tokens were left, `lacking` is what the smallest comparison would have cost, and
    `full_price` what all rows cost.
    """

    stream: str
    rows: int = 0
    check: Check | None = None
    reason: str = ""
    shared_tokens: int = 0
    lacking: int = 0
    full_price: int = 0

    @property
    def tokens(self) -> int:
        """What comparing the stream costs."""
        return self.shared_tokens + (self.check.tokens if self.check else 0)


@dataclass(frozen=True)
class _Offer:
    """What comparing a stream costs: lists that others may need too, all rows, a small sample."""

    shared: int
    whole: int
    least: int


class Planner:
    """Plans the comparison of streams within `tokens`; without, everything is compared."""

    def __init__(
        self,
        account: Account,
        warehouse: Warehouse,
        start: str | None,
        seed: int,
        *,
        is_synced: bool = False,
    ) -> None:
        self._account = account
        self._warehouse = warehouse
        self._start = start
        self._seed = seed
        self._is_synced = is_synced
        self._tables: dict[str, tuple[StreamTable, Facts]] = {}
        # lists of reference data that some stream needs
        self._paid: set[str] = set()

    def plan(self, streams: Sequence[str], tokens: int | None) -> list[Planned]:
        """Return the plan of each stream. A stream that too few tokens are left for has none."""
        refused: dict[str, Planned] = {}
        subjects: dict[str, Subject] = {}
        for name in streams:
            if name == _EVENTS:
                refused[name] = Planned(name, reason=_NOT_IN_PIPEDRIVE)
                continue
            try:
                subjects[name] = self._subject(name)
            except WarehouseError as error:
                refused[name] = Planned(name, reason=str(error))
        planned = {**refused, **dict(self._planned(subjects, tokens))}
        return [planned[name] for name in streams]

    def _subject(self, name: str) -> Subject:
        table, facts = self._table(name)
        return Subject(
            self._account.stream(name),
            table,
            facts,
            self._start,
            seed_of(self._seed, name),
            is_synced=self._is_synced,
        )

    def _table(self, name: str) -> tuple[StreamTable, Facts]:
        if name not in self._tables:
            stream = self._account.stream(name)
            table = self._warehouse.table(stream.spec, stream.declared)
            self._tables[name] = table, facts_of(table)
        return self._tables[name]

    def _planned(
        self, subjects: Mapping[str, Subject], tokens: int | None
    ) -> Iterator[tuple[str, Planned]]:
        ordered = sorted(subjects.values(), key=lambda one: _rank(one.spec))
        self._paid.clear()
        offers = [self._offer(one) for one in ordered]
        parts = [one.whole for one in offers]
        if tokens is not None:
            costly = sum(_rank(one.spec) < _PER_PARENT for one in ordered)
            parts = _parts(offers[:costly], tokens)
            # what costs a request per parent gets what the others leave
            parts += _parts(offers[costly:], tokens - sum(parts))
        self._paid.clear()
        for subject, offer, part in zip(ordered, offers, parts, strict=True):
            yield subject.spec.name, self._plan_of(subject, offer, part)

    def _offer(self, subject: Subject) -> "_Offer":
        shared = self._pay(self._needed(subject.spec))
        whole = shared + self._whole_check(subject).tokens
        least = self._least(subject)
        return _Offer(shared, whole, whole if least is None else min(whole, shared + least))

    def _plan_of(self, subject: Subject, offer: "_Offer", part: int) -> Planned:
        needed, rows = self._needed(subject.spec), subject.facts.keys
        # more than offered, if the stream that should have paid is not compared
        unpaid = sum(map(self._price_of_list, set(needed) - self._paid)) - offer.shared
        if part < offer.least + unpaid:
            return Planned(
                subject.spec.name,
                rows,
                lacking=offer.least + unpaid,
                full_price=offer.whole + unpaid,
            )
        shared = self._pay(needed)
        if part >= offer.whole + unpaid:
            check = self._whole_check(subject)
        else:
            check = self._sample(subject, part - shared)
        return Planned(subject.spec.name, rows, check, shared_tokens=shared)

    def _whole_check(self, subject: Subject) -> Check:
        """Return how all rows of a stream are compared."""
        spec = subject.spec
        if not spec.incremental:
            return ReferenceCheck(subject, self._own_tokens(subject))
        return self._children(subject, None) if spec.parents else WholeCheck(subject)

    def _sample(self, subject: Subject, tokens: int) -> Check:
        if subject.spec.parents:
            return self._children(subject, tokens)
        sample = _sample_of(subject)
        assert sample is not None, "the plan compares such a stream whole"  # noqa: S101 - for types
        return sample(subject, tokens)

    def _least(self, subject: Subject) -> int | None:
        """Return what the smallest sample costs; nothing if the stream can only be read whole."""
        spec = subject.spec
        if spec.parents and spec.incremental:
            has_parents = spec.parents.parent_key in subject.known_table.columns
            return ParentCheck.least(subject) if has_parents else None
        sample = _sample_of(subject)
        return sample.least(subject) if sample else None

    def _children(self, subject: Subject, tokens: int | None) -> Check:
        requests = subject.spec.parents
        assert requests is not None, "only child streams have parents"  # noqa: S101 - for types
        has_table = self._warehouse.has(requests.parent)
        table = self._table(requests.parent)[0] if has_table else None
        if requests.parent_key not in subject.known_table.columns:
            return AllParentsCheck(subject, table)
        return ParentCheck(subject, self._account.stream(requests.parent), table, tokens)

    def _needed(self, spec: StreamSpec) -> Sequence[str]:
        """Return the lists of reference data that comparing a stream needs."""
        needed = list(spec.entities.values())
        if self._account.stream(spec.name).has_custom_fields:
            needed += [one for one in (spec.fields_of, spec.labels_of) if one]
        if not spec.incremental:
            needed += [spec.parents.parent] if spec.parents else []
            needed += [] if spec.parents or spec.router or spec.entities else [spec.name]
        return needed

    def _pay(self, needed: Sequence[str]) -> int:
        """Return what lists cost that are not paid for; a verification reads each once."""
        new = [one for one in dict.fromkeys(needed) if one not in self._paid]
        self._paid.update(new)
        return sum(map(self._price_of_list, new))

    def _price_of_list(self, name: str) -> int:
        stream = self._account.stream(name)
        pages = 1
        if self._warehouse.has(name):
            table, facts = self._table(name)
            subject = Subject(stream, table, facts, None, "")
            pages = sum(map(subject.pages, stream.lists))
        return pages * stream.cost_of(stream.lists[0])

    def _own_tokens(self, subject: Subject) -> int:
        """Return what a list of reference data costs that no other stream needs."""
        spec, stream = subject.spec, subject.stream
        if spec.parents:
            has_table = self._warehouse.has(spec.parents.parent)
            parents = self._table(spec.parents.parent)[1].keys if has_table else 1
            return parents * stream.cost_of()
        return sum(map(stream.cost_of, stream.lists)) if spec.router else 0


def _parts(offers: Sequence[_Offer], tokens: int) -> list[int]:
    return shares([one.least for one in offers], [one.whole for one in offers], tokens)


def _rank(spec: StreamSpec) -> int:
    """Return what is compared first: documents, what is read in batches, reference data."""
    if spec.incremental and not spec.parents:
        return 0
    if spec.parents and spec.parents.group_size > 1:
        return 1
    return _PER_PARENT if spec.parents or spec.router else 2


def _sample_of(
    subject: Subject,
) -> type[IdSample] | type[SingleSample] | type[KeySample] | None:
    """Return how a stream can be sampled; some can only be read whole."""
    if subject.spec.name not in READ_SINGLY or not subject.facts.keys:
        return None
    if subject.spec.takes_ids:
        return IdSample
    return SingleSample if subject.facts.highest is not None else KeySample
