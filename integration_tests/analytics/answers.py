"""What the marts must contain, computed from the rows of the account without SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integration_tests.analytics.account import Account

Row = dict[str, Any]
SECONDS_PER_DAY = 86_400


def at(text: str | None) -> datetime | None:
    """Return a time of the API as a naive moment in UTC; a zero date was never set."""
    if not text or text.startswith("0000"):
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0) if moment.tzinfo else moment


def day_of(text: str | None) -> date:
    """Return the day of a time that is set."""
    moment = at(text)
    assert moment is not None
    return moment.date()


def days(first: datetime | None, last: datetime | None) -> float | None:
    if first is None or last is None:
        return None
    return (last - first).total_seconds() / SECONDS_PER_DAY


def latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def grouped(rows: Iterable[Row], *keys: str) -> dict[Any, list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        key = tuple(row[name] for name in keys)
        groups[key if len(keys) > 1 else key[0]].append(row)
    return groups


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


class Answers:
    """The marts of an account; `rates` are those of the seed, for the reporting currency."""

    def __init__(self, account: Account, reporting: str, rates: dict[str, float]) -> None:
        self.now = account.now
        self.rates = rates | {reporting: 1.0}
        self.reporting = reporting
        self._merges = account.merges
        self._rows = account.rows
        self.users = self._names("users")
        self.persons = self._names("persons")
        self.organizations = self._names("organizations")
        self.pipelines = {row["id"]: row for row in account.rows["pipelines"]}
        self.stages = {row["id"]: row for row in account.rows["stages"]}
        self.deals_by_id = {row["id"]: row for row in self.live("deals")}
        self.edits = self._edits()
        self.stays = self._stays()

    def live(self, stream: str) -> list[Row]:
        """Return the rows that are not deleted, with references to the survivors of merges."""
        references = {"deal_id": "deals", "person_id": "persons"}
        references |= {"org_id": "organizations", "organization_id": "organizations"}
        return [
            row
            | {
                name: self._survivor(of, row[name])
                for name, of in references.items()
                if name in row and stream != "deal_changelog"
            }
            for row in self._rows[stream]
            if not row.get("is_deleted")
        ]

    def converted(self, amount: float | None, currency: str | None) -> float | None:
        rate = self.rates.get(currency or "")
        return None if amount is None or rate is None else amount * rate

    def sum_converted(self, deals: Iterable[Row], column: str) -> float | None:
        """Return the sum in the reporting currency, None if a currency has no rate."""
        sums = [self.converted(deal[column], deal["currency"]) for deal in deals]
        return None if None in sums else sum(each for each in sums if each is not None)

    def _survivor(self, stream: str, key: Any) -> Any:
        while (stream, key) in self._merges:
            key = self._merges[stream, key]
        return key

    def _names(self, stream: str) -> dict[int, str]:
        rows = self._rows[stream]
        return {
            row["id"]: row["name"] for row in rows if stream == "users" or not row.get("is_deleted")
        }

    def _edits(self) -> dict[int, dict[str, list[Row]]]:
        """Return the edits per deal and field; those of one second are one edit."""
        edits: dict[int, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for entry in self._rows["deal_changelog"]:
            if entry["deal_id"] not in self.deals_by_id:
                continue
            of_field = edits[entry["deal_id"]][entry["field_key"]]
            time = at(entry["time"])
            if of_field and of_field[-1]["time"] == time:
                of_field[-1]["new"] = entry["new_value"]
                of_field[-1]["user"] = max(of_field[-1]["user"], entry["actor_user_id"])
            else:
                of_field.append(
                    {
                        "time": time,
                        "old": entry["old_value"],
                        "new": entry["new_value"],
                        "user": entry["actor_user_id"],
                    }
                )
        for of_deal in edits.values():
            for name, of_field in of_deal.items():
                of_deal[name] = [
                    edit for edit in of_field if (edit["old"] or "") != (edit["new"] or "")
                ]
        return edits

    def _stays(self) -> dict[int, list[Row]]:
        """Return the stages that each deal was in, in order."""
        stays = {}
        for key, deal in self.deals_by_id.items():
            moves = self.edits.get(key, {}).get("stage_id", [])
            created = at(deal["add_time"])
            if moves:
                entries = [(int(moves[0]["old"]), created)]
                entries += [(int(move["new"]), move["time"]) for move in moves]
            else:
                entries = [(deal["stage_id"], at(deal["stage_change_time"]) or created)]
            ends = [entered for _, entered in entries[1:]]
            closed = deal["status"] != "open"
            last = latest(at(deal["close_time"]), entries[-1][1]) if closed else None
            stays[key] = [
                {"deal_id": key, "position": number, "stage_id": stage, "entered_at": entered}
                | {"left_at": left}
                for number, ((stage, entered), left) in enumerate(
                    zip(entries, [*ends, last], strict=True), start=1
                )
            ]
        return stays

    def activities(self) -> list[Row]:
        """Return the activities with the moments at which they are due and were done."""
        rows = []
        for row in self.live("activities"):
            due = row["due_date"] and at(f"{row['due_date']} {row['due_time'] or '23:59:59'}")
            done = at(row["marked_as_done_time"]) or at(row["update_time"]) or at(row["add_time"])
            rows.append(row | {"due_at": due or None, "done_at": done if row["done"] else None})
        return rows

    def probability(self, deal: Row) -> float:
        if deal["status"] != "open":
            return 100 if deal["status"] == "won" else 0
        if deal["probability"] is not None:
            return float(deal["probability"])
        pipeline = self.pipelines.get(deal["pipeline_id"], {})
        stage = self.stages.get(deal["stage_id"], {})
        if pipeline.get("is_deal_probability_enabled"):
            found = stage.get("deal_probability")
            return 100 if found is None else found
        return 100
