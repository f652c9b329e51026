"""What the comparison of a stream found, and what that says about all of its rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from source_pipedrive.verify.bounds import CONFIDENCE, upper_bound
from source_pipedrive.verify.comparison import Finding, Judgement

_MOST_EXAMPLES = 20


@dataclass
class Sample:
    """How many were drawn, each as likely as any other, and how many of them were wrong."""

    drawn: int = 0
    wrong: int = 0


@dataclass
class Outcome:
    """The findings about a stream: how many of each kind, and up to twenty of each.

    Without `samples`, everything was compared. `unit` is what was drawn: rows, or the parents whose
    rows were compared. `beyond` counts wrong rows that could not be drawn, but were looked at.
    """

    rows: int
    unit: str = "rows"
    samples: Sequence[Sample] = ()
    counts: Counter[Finding] = field(default_factory=Counter)
    examples: dict[Finding, list[Judgement]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    beyond: int = 0
    _seen: set[Any] = field(default_factory=set)

    def add(self, judgement: Judgement | None, sample: Sample | None = None) -> None:
        """Take note of a judgement; with `sample`, it is that of a drawn row."""
        if judgement is None:
            return
        found = judgement.finding
        if sample and found is not Finding.SET_ASIDE:
            sample.drawn += 1
            sample.wrong += found.is_wrong
        if self.samples:
            # a row can be drawn, and be on a page that is compared as well
            if judgement.key in self._seen:
                return
            self._seen.add(judgement.key)
        self.counts[found] += 1
        if found.is_wrong:
            examples = self.examples.setdefault(found, [])
            if len(examples) < _MOST_EXAMPLES:
                examples.append(judgement)

    @property
    def compared(self) -> int:
        """How many rows were compared and not set aside."""
        uncompared = (Finding.SET_ASIDE, Finding.DUPLICATE)
        return self.counts.total() - sum(self.counts[one] for one in uncompared)

    @property
    def wrong(self) -> int:
        """How many wrong rows were found."""
        return sum(count for found, count in self.counts.items() if found.is_wrong)

    @property
    def highest_share(self) -> float:
        """The highest share of wrong rows that fits the samples, with 95 % confidence.

        Several samples share the risk of 5 % among them, so their bounds hold together.
        """
        rows = max(self.rows, self.compared, 1)
        if not self.samples:
            return self.wrong / rows
        risk = (1 - CONFIDENCE) / len(self.samples)
        drawn = sum(upper_bound(one.wrong, one.drawn, 1 - risk) for one in self.samples)
        counted = (self.beyond + self.counts[Finding.DUPLICATE]) / rows
        return min(1.0, max(drawn + counted, self.wrong / rows))
