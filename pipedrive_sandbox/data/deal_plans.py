"""Plans of deals: what can happen to a deal, in which order. Many deals share one plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.data.setup import STAGES

if TYPE_CHECKING:
    from pipedrive_sandbox.data.random_source import RandomSource

#: So many plans are drawn per outcome.
_PLANS: Final = 400
_LAST: Final = len(STAGES) - 1
#: The stages in which deals of an outcome end; a stage that stands here twice is twice as likely.
_ENDS: Final = {
    "open": (0, 0, 1, 1, 2, 2, 3, 4, _LAST),
    "won": (3, 4, _LAST, _LAST, _LAST),
    "lost": (0, 0, 0, 1, 1, 2, 3, 4, _LAST),
}
_LOST_REASONS: Final = ("Price", "Lost to competitor", "No decision", "🤷")
#: The share of plans that contain an edit of each kind.
_EDITS: Final = {"value": 0.5, "expected_close_date": 0.5, "owner_id": 0.12, "title": 0.1}

#: What is changed, and the value that it gets; for an amount, the factor.
Step = tuple[str, Any]


@dataclass(frozen=True)
class Plan:
    """The position of the first stage, and the steps with the share of the life at their time."""

    first_stage: int
    ends_closed: bool
    steps: tuple[tuple[float, str, Any], ...]


def draw_plans(rng: RandomSource) -> dict[str, list[Plan]]:
    """Draw the plans of deals that are open, won, or lost in the end."""
    return {outcome: [_plan(rng, outcome) for _ in range(_PLANS)] for outcome in _ENDS}


def _plan(rng: RandomSource, outcome: str) -> Plan:
    end = rng.pick(_ENDS[outcome])
    first = min(end, rng.pick((0, 0, 0, 0, 0, 1, 2)))
    moves = _moves(rng, first, end)
    steps = _with_reopening(rng, moves) if rng.chance(0.08) else moves
    for name, share in _EDITS.items():
        if rng.chance(share):
            steps.insert(rng.randrange(len(steps) + 1), (name, rng.pick((0.8, 0.9, 1.1, 1.25))))
    if outcome != "open":
        steps.append(_closing(rng, outcome))
        if rng.chance(0.02):
            steps += [("is_archived", True), ("is_archived", False)]
    shares = sorted(rng.random() for _ in steps)
    if shares:
        shares[-1] = 1.0
    return Plan(
        first,
        outcome != "open",
        tuple((share, name, value) for share, (name, value) in zip(shares, steps, strict=True)),
    )


def _moves(rng: RandomSource, first: int, end: int) -> list[Step]:
    """Return moves from stage to stage: mostly to the next, some skip one, some lead back."""
    moves: list[Step] = [("pipeline_id", rng.up_to(2))] if rng.chance(0.03) else []
    position = first
    while position < end:
        if position > 0 and rng.chance(0.06):
            moves.append(("stage_id", position - 1))
            moves.append(("stage_id", position))
        position = min(end, position + (2 if rng.chance(0.15) else 1))
        moves.append(("stage_id", position))
    return moves


def _with_reopening(rng: RandomSource, moves: list[Step]) -> list[Step]:
    """Close a deal between two moves, and reopen it."""
    at = rng.randrange(len(moves) + 1)
    closed = rng.pick(("lost", "lost", "won"))
    return [*moves[:at], _closing(rng, closed), ("status", ("open", None)), *moves[at:]]


def _closing(rng: RandomSource, status: str) -> Step:
    return "status", (status, rng.pick(_LOST_REASONS) if status == "lost" else None)
