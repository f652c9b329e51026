"""The lives of deals: what happened to each of them, from its creation to its last edit.

The row of a deal, its change log, and its activities follow from its life.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import DAY, day
from pipedrive_sandbox.data.activity_times import ActivityPlanner
from pipedrive_sandbox.data.deal_plans import draw_plans
from pipedrive_sandbox.data.edits import Edit
from pipedrive_sandbox.data.setup import PIPELINES, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.activity_times import PlannedActivity
    from pipedrive_sandbox.data.deal_plans import Plan
    from pipedrive_sandbox.data.random_source import RandomSource

#: The share of the activities that belong to a deal, and how many deals have in relation.
_ON_DEALS: Final = 0.8
_WEIGHTS: Final = (0, 3, 5, 1, 8, 4, 2, 9)
#: Deals that changed so lately are mostly open.
_FRESH: Final = 120 * DAY
#: Deals were deleted at most so long ago.
_DELETED: Final = 40 * DAY
#: For at most so long after its creation, a deal gets new activities.
_LONGEST_WORK: Final = 400 * DAY


@dataclass(slots=True)
class DealLife:
    """What happened to one deal, and its state at the end; times are epochs."""

    id: int
    created: int
    updated: int | None
    title: str
    creator_user_id: int
    owner_id: int
    pipeline_id: int
    stage_id: int
    value: float
    expected_close_date: str | None
    person_id: int | None
    org_id: int | None
    status: str = "open"
    lost_reason: str | None = None
    closed_at: int | None = None
    first_won_at: int | None = None
    stage_changed_at: int | None = None
    archived_at: int | None = None
    deleted_at: int | None = None
    edits: list[Edit] = field(default_factory=list)
    activities: list[PlannedActivity] = field(default_factory=list)

    def edit(self, time: int, name: str, new: Any) -> None:
        """Set the property `name`, and note the edit if it changes anything."""
        old = getattr(self, name)
        if old != new:
            setattr(self, name, new)
            self.edits.append(Edit(time, name, old, new, self.owner_id))

    def move(self, time: int, stage: int) -> None:
        """Move the deal to a stage, which may be one of another pipeline."""
        if stage != self.stage_id:
            self.edit(time, "pipeline_id", 1 + (stage - 1) // len(STAGES))
            self.edit(time, "stage_id", stage)
            self.stage_changed_at = time

    def close(self, time: int, status: str, lost_reason: str | None) -> None:
        """Win, lose, or reopen the deal."""
        self.edit(time, "status", status)
        self.edit(time, "lost_reason", lost_reason)
        self.closed_at = None if status == "open" else time
        if status == "won" and self.first_won_at is None:
            self.first_won_at = time

    def archive(self, time: int, *, is_archived: bool) -> None:
        """Archive the deal, or take it from the archive."""
        self.archived_at = time if is_archived else None
        self.edits.append(Edit(time, "is_archived", not is_archived, is_archived, self.owner_id))


def deal_lives(account: AccountData) -> Iterator[DealLife]:
    """Yield the lives of all deals, the same ones whenever it is called."""
    rng = account.random_source("deals")
    plans = draw_plans(rng)
    planner = ActivityPlanner(account, account.random_source("activities of deals"))
    count = account.sizes.deals
    activity_ids = account.ids(activities_on_deals(account))
    rows = zip(
        account.ids(count),
        account.instants(rng, count),
        _numbers_of_activities(account),
        strict=True,
    )
    for key, (created, updated), activities in rows:
        life = _born(account, rng, key, created, updated)
        if updated is not None:
            is_open = rng.chance(0.8 if account.now - updated < _FRESH else 0.38)
            outcome = "open" if is_open else rng.pick(("won", "lost"))
            _follow(account, rng, life, rng.pick(plans[outcome]))
            if rng.chance(0.1):
                life.archive(updated, is_archived=True)
            if rng.chance(0.033):
                life.deleted_at = max(updated, account.now - rng.up_to(_DELETED))
        end = min(life.closed_at or account.now, created + _LONGEST_WORK)
        life.activities = [
            planner.between(activity_id, created, end)
            for activity_id in islice(activity_ids, activities)
        ]
        yield life


def _born(
    account: AccountData, rng: RandomSource, key: int, created: int, updated: int | None
) -> DealLife:
    sizes = account.sizes
    pipeline = rng.up_to(len(PIPELINES))
    owner = account.user(rng)
    return DealLife(
        id=key,
        created=created,
        updated=updated,
        title=f"{rng.pick(account.words.companies)} {rng.pick(account.words.phrases)}",
        creator_user_id=owner if rng.chance(0.7) else account.user(rng),
        owner_id=owner,
        pipeline_id=pipeline,
        stage_id=1 + (pipeline - 1) * len(STAGES),
        value=int(rng.random() ** 4 * 10**8) / 100,
        expected_close_date=_in_days(created, rng, 30, 120) if rng.chance(0.7) else None,
        person_id=rng.up_to(account.last_id(sizes.persons)) if rng.chance(0.9) else None,
        org_id=rng.up_to(account.last_id(sizes.organizations)) if rng.chance(0.8) else None,
    )


def _follow(account: AccountData, rng: RandomSource, life: DealLife, plan: Plan) -> None:
    """Let the steps of a plan happen to a deal before its last update.

    A deal that is closed in the end is closed within 200 days.
    """
    life.stage_id += plan.first_stage
    span = (life.updated or life.created) - life.created
    if plan.ends_closed:
        span = min(span, int((10 + 190 * rng.random() ** 2) * DAY))
    for share, name, value in plan.steps:
        time = life.created + int(span * share)
        if name == "stage_id":
            life.move(time, (life.pipeline_id - 1) * len(STAGES) + value + 1)
        elif name == "status":
            life.close(time, *value)
        elif name == "pipeline_id":
            pipeline = (life.pipeline_id + value - 1) % len(PIPELINES)
            life.move(time, pipeline * len(STAGES) + (life.stage_id - 1) % len(STAGES) + 1)
        elif name == "is_archived":
            life.archive(time, is_archived=value)
        elif name == "value":
            life.edit(time, name, round(life.value * value, 2))
        elif name == "expected_close_date":
            life.edit(time, name, _in_days(time, rng, 20, 90))
        elif name == "owner_id":
            life.edit(time, name, account.user(rng))
        else:
            life.edit(time, name, f"{life.title} {rng.pick(account.words.phrases)}")


def _in_days(time: int, rng: RandomSource, first: int, last: int) -> str:
    return day(time + (first + rng.up_to(last - first)) * DAY)


def activities_on_deals(account: AccountData) -> int:
    """Return how many activities belong to deals; theirs are the first ids."""
    sizes = account.sizes
    return int(sizes.activities * _ON_DEALS) if sizes.deals else 0


def _numbers_of_activities(account: AccountData) -> Iterator[int]:
    """Yield per deal how many activities it has."""
    total = activities_on_deals(account)
    deals = account.sizes.deals
    whole = max(1, sum(islice(cycle(_WEIGHTS), deals)))
    before = 0
    for weight in islice(cycle(_WEIGHTS), deals):
        after = before + weight
        yield after * total // whole - before * total // whole
        before = after
