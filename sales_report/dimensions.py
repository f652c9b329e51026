"""The dimensions of the sums: their values, in the order in which the page shows them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sales_report.queries import Row, month_number

#: Owners with fewer deals than so many others are one owner in the report, to keep the file small.
MOST_OWNERS = 50
#: Older months are not in the report.
MOST_MONTHS = 60
#: Deals that are expected to close later than so many months from now are one bar.
MONTHS_AHEAD = 12

_NO_DEAL = -1
_OTHERS = object()


class Values:
    """The values of one dimension."""

    def __init__(self, named: Mapping[Any, str]) -> None:
        self.labels = list(distinct(named).values())
        self._positions = {key: position for position, key in enumerate(named)}

    def position(self, key: Any) -> int:
        """Return the position of a value; what is not listed is one of the others, the last."""
        return self._positions.get(key, len(self._positions) - 1)


class Dimensions:
    """All dimensions, made of the rows of the queries."""

    def __init__(self, queries: Mapping[str, Sequence[Row]]) -> None:
        self._queries = queries
        self.built_at: datetime = queries["streams"][0]["built_at"]
        self.now = month_number(self.built_at.year, self.built_at.month)
        self.first_month = self._first_month()
        self.pipelines = Values(self._pipeline_names())
        self.owners = Values(self._owner_names())
        self.units = Values({unit: unit for unit in self._ordered_units()})
        sources = {row["source"] for row in queries["leads"]}
        self.sources = Values({one: one for one in sorted(sources, key=lambda one: (not one, one))})
        self._stage_keys = self._ordered_stages()
        self._stage_positions = {key: position for position, key in enumerate(self._stage_keys)}

    @property
    def stages(self) -> list[dict[str, Any]]:
        """The names of the stages, and the positions of their pipelines."""
        known = {row["stage_id"]: row["name"] for row in self._queries["stages"]}
        names: dict[Any, dict[Any, str]] = defaultdict(dict)
        for pipeline, stage in self._stage_keys:
            names[pipeline][stage] = _name(known.get(stage), stage, "stage")
        return [
            {"pipeline": self.pipelines.position(pipeline), "name": name}
            for pipeline, of_pipeline in names.items()
            for name in distinct(of_pipeline).values()
        ]

    @property
    def months(self) -> list[str]:
        """The months up to now."""
        return [label_of(month) for month in range(self.first_month, self.now + 1)]

    @property
    def due(self) -> list[str]:
        """When open deals are expected to close."""
        ahead = [label_of(self.now + number) for number in range(MONTHS_AHEAD)]
        return ["Overdue", *ahead, "Later", "No date"]

    @property
    def earlier_months_are_missing(self) -> bool:
        """Whether there are months that are too old for the report."""
        return any(month < self.first_month for month in self._all_months())

    def position(self, row: Row, dimension: str) -> int | None:
        """Return the position of the value that a row has; None if it is not in the report."""
        find: Mapping[str, Callable[[], int | None]] = {
            "pipeline": lambda: self._pipeline_position(row["pipeline_id"]),
            "owner": lambda: self.owners.position(row["owner_id"]),
            "stage": lambda: self._stage_positions[row["pipeline_id"], row["stage_id"]],
            "unit": lambda: self.units.position(row["unit"]),
            "source": lambda: self.sources.position(row["source"]),
            "month": lambda: self._month_position(row["month"]),
            "due": lambda: self._due_position(row["month"]),
        }
        return find[dimension]()

    def _pipeline_position(self, pipeline: int | None) -> int:
        # an activity without a deal belongs to no pipeline
        return _NO_DEAL if pipeline == _NO_DEAL else self.pipelines.position(pipeline)

    def _month_position(self, month: int | None) -> int | None:
        if month is None or month < self.first_month:
            return None
        # a clock that is wrong must not lose a deal
        return min(month, self.now) - self.first_month

    def _due_position(self, month: int | None) -> int:
        if month is None:
            return MONTHS_AHEAD + 2
        return max(0, min(month - self.now + 1, MONTHS_AHEAD + 1))

    def _all_months(self) -> Iterable[int]:
        for name in ("closed", "funnel", "activities", "leads"):
            yield from (row["month"] for row in self._queries[name] if row["month"])

    def _first_month(self) -> int:
        first = min(self._all_months(), default=self.now)
        return max(min(first, self.now), self.now - MOST_MONTHS + 1)

    def _pipeline_names(self) -> dict[Any, str]:
        known = {row["pipeline_id"]: row for row in self._queries["pipelines"]}
        of_deals = {
            row["pipeline_id"]
            for name in ("open_stages", "closed", "funnel", "activities")
            for row in self._queries[name]
        }
        of_stages = {row["pipeline_id"] for row in self._queries["stages"] if not row["is_deleted"]}
        return {
            key: _name(known.get(key, {}).get("name"), key, "pipeline")
            for key in sorted(
                of_deals - {_NO_DEAL} | of_stages,
                key=lambda key: (
                    _last_if_none(known.get(key, {}).get("order_nr")),
                    _last_if_none(key),
                ),
            )
        }

    def _owner_names(self) -> dict[Any, str]:
        known = {row["owner_id"]: row["name"] for row in self._queries["owners"]}
        sizes = self._deals_by("owner_id")
        for name in ("activities", "leads"):
            sizes.update({row["owner_id"]: 0 for row in self._queries[name]})
        kept = [key for key, _ in sizes.most_common(MOST_OWNERS)]
        names = {key: _name(known.get(key), key, "owner") for key in kept}
        ordered = dict(sorted(names.items(), key=lambda one: (one[0] is None, one[1].casefold())))
        others = len(sizes) - len(kept)
        return ordered | ({_OTHERS: f"{others} other owners"} if others else {})

    def _ordered_stages(self) -> list[tuple[Any, Any]]:
        known = {row["stage_id"]: row for row in self._queries["stages"]}
        used = [*self._queries["open_stages"], *self._queries["funnel"], *self._queries["rotten"]]
        existing = [row for row in known.values() if not row["is_deleted"]]
        return sorted(
            {(row["pipeline_id"], row["stage_id"]) for row in [*used, *existing]},
            key=lambda key: (
                self.pipelines.position(key[0]),
                _last_if_none(known.get(key[1], {}).get("order_nr")),
                _last_if_none(key[1]),
            ),
        )

    def _ordered_units(self) -> list[str]:
        """Return the currencies of the sums: the reporting one, then those with the most deals."""
        sizes = self._deals_by("unit")
        reporting = self._queries["streams"][0]["reporting_currency"]
        return sorted(sizes, key=lambda unit: (unit != reporting, -sizes[unit], unit))

    def _deals_by(self, column: str) -> Counter[Any]:
        sizes: Counter[Any] = Counter()
        for row in self._queries["open_stages"]:
            sizes[row[column]] += row["deals"]
        for row in self._queries["closed"]:
            sizes[row[column]] += row["won"] + row["lost"]
        return sizes


def distinct(named: Mapping[Any, str]) -> Mapping[Any, str]:
    """Return names that differ: two users may have the same name, so they get their ids as well."""
    counts = Counter(named.values())
    return {key: f"{name} ({key})" if counts[name] > 1 else name for key, name in named.items()}


def label_of(month: int) -> str:
    """Return the name of a month, which is a number."""
    return f"{date(month // 12, month % 12 + 1, 1):%b %Y}"


def _name(name: str | None, key: Any, kind: str) -> str:
    if key is None:
        return f"No {kind}"
    return name or f"{kind.capitalize()} {key}"


def _last_if_none(number: float | None) -> float:
    return float("inf") if number is None else number
