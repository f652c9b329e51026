"""The verdict: words for people, JSON for programs, and what to do about what was found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_pipedrive.verify.bounds import CONFIDENCE
from source_pipedrive.verify.causes import cause_of
from source_pipedrive.verify.comparison import Finding, Judgement
from source_pipedrive.verify.outcome import Outcome

_ALWAYS_SAID = (Finding.MISSING, Finding.STALE, Finding.DIFFERENT, Finding.GONE)
_WRONG = (*_ALWAYS_SAID, Finding.DUPLICATE)

CLEAN, DIFFERENCES, UNKNOWN = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True)
class StreamReport:
    """The verdict on one stream; without `outcome`, `reason` says why there is none.

    `was_asked_for` tells whether somebody named the stream, or it failed: then no verdict is no
    clean verdict either. `lacking` is the price for which too few tokens were left.
    """

    stream: str
    rows: int
    outcome: Outcome | None = None
    reason: str = ""
    tokens_announced: int = 0
    tokens: int = 0
    was_asked_for: bool = True
    lacking: int = 0

    def __str__(self) -> str:
        if self.outcome is None:
            return f"{self.stream}: not compared. {self.reason}"
        return f"{self.stream}: {_sentence(self.outcome)} {self.tokens:,} tokens."

    def details(self) -> Iterator[str]:
        """Yield what was found: keys, columns, the likely cause, and the remedy."""
        if self.outcome is None:
            return
        for found in _WRONG:
            judgements = self.outcome.examples.get(found, [])
            more = self.outcome.counts[found] - len(judgements)
            for cause in dict.fromkeys(map(cause_of, judgements)):
                keys = ", ".join(_shown(one) for one in judgements if cause_of(one) == cause)
                yield f"{found}: {keys}{f', and {more:,} more' * bool(more)}. {cause}"
                more = 0
        yield from self.outcome.notes

    def as_json(self) -> Mapping[str, Any]:
        """Return the verdict for programs."""
        document: dict[str, Any] = {
            "stream": self.stream,
            "rows": self.rows,
            "verdict": "unknown",
            "tokens_announced": self.tokens_announced,
            "tokens": self.tokens,
        }
        if self.outcome is None:
            return document | {"reason": self.reason}
        outcome = self.outcome
        return document | {
            "verdict": "different" if outcome.wrong else "clean",
            "compared": outcome.compared,
            "is_complete": not outcome.samples,
            "set_aside": outcome.counts[Finding.SET_ASIDE],
            **{str(found): outcome.counts[found] for found in _WRONG},
            "sample_of": outcome.unit if outcome.samples else None,
            "highest_share_wrong": outcome.highest_share,
            "confidence": CONFIDENCE if outcome.samples else 1.0,
            "examples": [
                {
                    "finding": str(found),
                    "key": one.key,
                    "columns": list(one.columns),
                    "cause": cause_of(one),
                }
                for found, judgements in outcome.examples.items()
                for one in judgements
            ],
            "notes": outcome.notes,
        }


@dataclass(frozen=True)
class Report:
    """The verdicts on all streams. `tokens` are all that were spent, also on field definitions.

    `tokens_left` is what the company has left today, where Pipedrive says so.
    """

    streams: Sequence[StreamReport]
    tokens_announced: int
    tokens: int
    tokens_left: int | None = None

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, 1 if a row is, 2 if a stream that was asked for is not known."""
        if any(one.outcome and one.outcome.wrong for one in self.streams):
            return DIFFERENCES
        unknown = [one for one in self.streams if one.outcome is None and one.was_asked_for]
        nothing = not any(one.outcome for one in self.streams)
        return UNKNOWN if unknown or nothing else CLEAN

    def as_json(self) -> Mapping[str, Any]:
        """Return the report for programs."""
        return {
            "verdict": ("clean", "different", "unknown")[self.exit_code],
            "tokens_announced": self.tokens_announced,
            "tokens": self.tokens,
            "tokens_left_today": self.tokens_left,
            "streams": [one.as_json() for one in self.streams],
        }

    def lacking(self) -> str:
        """Name the streams for which too few tokens were left; empty if there are none."""
        found = [f"{one.stream} ({one.lacking:,})" for one in self.streams if one.lacking]
        if not found:
            return ""
        return f"Not compared, for lack of tokens; each takes at least: {', '.join(found)}."

    def verdict(self) -> str:
        """Return the last line: what was found, and what it cost."""
        outcomes = [one.outcome for one in self.streams if one.outcome]
        wrong = sum(one.wrong for one in outcomes)
        compared = sum(one.compared for one in outcomes)
        found = counted(wrong, "wrong row") if wrong else "No wrong row"
        more = self.tokens - self.tokens_announced
        looks = f", {more:,} of them for a second look at wrong rows" if more > 0 else ""
        return (
            f"{found} among {counted(compared, 'compared row')} of "
            f"{counted(len(outcomes), 'table')}. {self.tokens:,} tokens{looks}."
        )


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: `1 table`, `2,000 tables`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _sentence(outcome: Outcome) -> str:
    counts = outcome.counts
    found = ", ".join(f"{counts[one]:,} {one}" for one in _ALWAYS_SAID)
    if duplicates := counts[Finding.DUPLICATE]:
        found += f", {duplicates:,} there twice"
    if aside := counts[Finding.SET_ASIDE]:
        found += f" ({aside:,} changed since the last sync, set aside)"
    if not outcome.samples:
        said = f"all {outcome.compared:,} compared, {found}"
        return f"{said}: {_whole_verdict(outcome)}"
    share = percent(outcome.highest_share)
    return (
        f"{outcome.compared:,} of {outcome.rows:,} compared, {found}: with 95 % confidence fewer "
        f"than {share} of the {outcome.unit} are wrong."
    )


def _whole_verdict(outcome: Outcome) -> str:
    if not outcome.wrong:
        return "the table is right."
    return f"{percent(outcome.highest_share)} of the rows are wrong."


def percent(share: float) -> str:
    """Write a share as an upper bound in percent: `3.0 %`."""
    exact = 100 * share
    digits = 1 if exact >= 0.1 else 2  # noqa: PLR2004 - small ones need more digits
    # rounded up, because it is a bound
    rounded = -(-exact * 10**digits // 1) / 10**digits
    return f"{rounded:.{digits}f} %"


def _shown(judgement: Judgement) -> str:
    key = judgement.key
    text = "/".join(map(str, key)) if isinstance(key, tuple) else str(key)
    return f"{text} ({', '.join(judgement.columns)})" if judgement.columns else text
