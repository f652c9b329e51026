"""When activities are added, due, done, and changed: on working days, in working hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pipedrive_sandbox.clock import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.random_source import RandomSource

_OPENS: Final = 6 * HOUR
_HALF_HOURS: Final = 20
_LATEST_DUE: Final = 12
_SATURDAY: Final = 5
_NEVER_CHANGED: Final = 0.005
#: Half of these were added later than the import.
_IMPORTED: Final = 0.1


class PlannedActivity(NamedTuple):
    """One activity; all times are epochs, `done_at` is None if it is not done."""

    id: int
    added: int
    updated: int | None
    due: int
    done_at: int | None


class ActivityPlanner:
    """Draws the times of activities."""

    def __init__(self, account: AccountData, rng: RandomSource) -> None:
        """Draw the instants at which many activities were changed at once."""
        self._rng = rng
        self._latest = account.now - MINUTE
        self._imports = account.imports(rng, account.sizes.activities)

    def between(self, key: int, start: int, end: int) -> PlannedActivity:
        """Draw the activity with the id `key`, which was added between two instants."""
        rng, latest = self._rng, self._latest
        added = start + int(max(0, min(end, latest) - start) * rng.random())
        due = _working_day(added + rng.up_to(_LATEST_DUE) * DAY)
        due += _OPENS + rng.up_to(_HALF_HOURS) * HOUR // 2
        if rng.chance(_NEVER_CHANGED):
            return PlannedActivity(key, added, None, due, None)
        done = None
        if rng.chance(0.9 if due < latest else 0.03):
            done = min(latest, max(added, due + (rng.up_to(6) - 3) * HOUR))
        updated = done or added + int((latest - added) * rng.random() ** 2)
        imported = rng.pick(self._imports)
        if imported >= (done or added) and rng.chance(_IMPORTED):
            updated = imported
        return PlannedActivity(key, added, updated, due, done)


def _working_day(epoch: int) -> int:
    """Return the midnight before an instant; of a weekend, one of the next two working days."""
    days = epoch // DAY
    # the epoch began on a Thursday
    return (days + 2 if (days + 3) % 7 >= _SATURDAY else days) * DAY
