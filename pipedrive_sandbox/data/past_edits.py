"""Edits of persons, organizations, and projects that lead to their current rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import Stamp
from pipedrive_sandbox.data.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.data.random_source import RandomSource
    from pipedrive_sandbox.store import Row

#: The share of the rows that were edited, and the highest number of edits of a row.
_EDITED: Final = 0.3
_MOST_EDITS: Final = 4


def _user(account: AccountData, rng: RandomSource) -> int:
    return account.user(rng)


#: What is edited, and how a former value is drawn.
_FORMER: Final[dict[str, Callable[[AccountData, RandomSource], Any]]] = {
    "owner_id": _user,
    "name": lambda account, rng: rng.pick(account.words.companies),
    "title": lambda account, rng: rng.pick(account.words.phrases),
    "job_title": lambda account, rng: rng.pick((None, *account.words.jobs)),
    "industry": lambda _account, rng: rng.pick((None, rng.up_to(19))),
    "health_status": lambda _account, rng: rng.pick((None, 10, 20)),
}


class PastEditor:
    """Draws edits in the life of a row whose last values are those of the row."""

    def __init__(self, account: AccountData, rng: RandomSource, stamp: Stamp = Stamp.V2) -> None:
        """Draw for rows whose times have the format `stamp`."""
        self._account = account
        self._rng = rng
        self._stamp = stamp

    def edits(self, row: Row) -> list[Edit]:
        """Return the edits of a row, oldest first: none of most rows."""
        rng = self._rng
        if row["update_time"] is None or not rng.chance(_EDITED):
            return []
        first, last = (self._stamp.epoch(row[name]) for name in ("add_time", "update_time"))
        times = sorted(
            first + int((last - first) * rng.random()) for _ in range(rng.up_to(_MOST_EDITS))
        )
        names = [name for name in _FORMER if name in row]
        current = {name: row[name] for name in names}
        edits = []
        for time in reversed(times):
            name = rng.pick(names)
            old = _FORMER[name](self._account, rng)
            if old != current[name]:
                edits.append(Edit(time, name, old, current[name], self._account.user(rng)))
                current[name] = old
        return edits[::-1]

    def last_edit(self, row: Row, name: str, old: object) -> Edit:
        """Return the edit that was the last one of a row."""
        time = self._stamp.epoch(row["update_time"])
        return Edit(time, name, old, row[name], self._account.user(self._rng))
