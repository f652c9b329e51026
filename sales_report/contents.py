"""What the page contains: names, and sums that the browser filters and adds up."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sales_report.dimensions import Dimensions
from sales_report.queries import ROTTEN_DEALS, Row


class _Sums(NamedTuple):
    """A query that sums up: its dimensions, its numbers, and its amounts of money."""

    dimensions: tuple[str, ...]
    counts: tuple[str, ...]
    amounts: tuple[str, ...] = ()


_SUMS = {
    "open_stages": _Sums(
        ("pipeline", "stage", "owner", "unit"),
        ("deals", "rotten"),
        ("value", "weighted", "rotten_value"),
    ),
    "open_months": _Sums(
        ("pipeline", "owner", "unit", "due"), ("deals",), ("value", "weighted", "historic")
    ),
    "closed": _Sums(
        ("pipeline", "owner", "unit", "month"), ("won", "lost"), ("won_value", "lost_value")
    ),
    "funnel": _Sums(
        ("pipeline", "stage", "owner", "month"),
        ("entered", "advanced", "lost", "still_open", "won", "advances", "advance_days"),
    ),
    "activities": _Sums(("pipeline", "owner", "month"), ("activities",)),
    "leads": _Sums(("owner", "month", "source"), ("still_open", "archived", "converted")),
}


class Contents:
    """The contents of one report, made of the rows of the queries."""

    def __init__(self, queries: Mapping[str, Sequence[Row]]) -> None:
        self._queries = queries
        self.streams = queries["streams"]
        self.dimensions = Dimensions(queries)
        self.has_deals = bool(queries["open_stages"] or queries["closed"])
        self.has_leads = bool(queries["leads"])

    def for_page(self) -> dict[str, Any]:
        """Return what the page gets as JSON."""
        dimensions = self.dimensions
        return {
            "pipelines": dimensions.pipelines.labels,
            "owners": dimensions.owners.labels,
            "stages": dimensions.stages,
            "units": dimensions.units.labels,
            "sources": dimensions.sources.labels,
            "months": dimensions.months,
            "due": dimensions.due,
            "periods": self._periods(),
            "today": str(dimensions.built_at.date()),
            "sums": {name: self._summed(name, sums) for name, sums in _SUMS.items()},
            "cycles": self._cycles(),
            "rotten": self._rotten(),
            "rotten_shown": ROTTEN_DEALS,
        }

    def _positions(self, row: Row, names: Sequence[str]) -> tuple[int, ...] | None:
        """Return the positions of a row in dimensions; None if it is not in the report."""
        found = [self.dimensions.position(row, name) for name in names]
        positions = tuple(one for one in found if one is not None)
        return positions if len(positions) == len(found) else None

    def _summed(self, name: str, sums: _Sums) -> dict[str, Any]:
        """Return the rows of a query as short lists of numbers: positions, then sums."""
        numbers = (*sums.counts, *sums.amounts)
        totals: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [0.0] * len(numbers))
        for row in self._queries[name]:
            # several owners may be one in the report
            if positions := self._positions(row, sums.dimensions):
                before = totals[positions]
                totals[positions] = [
                    total + float(row[number])
                    for total, number in zip(before, numbers, strict=True)
                ]
        return {
            "columns": [*sums.dimensions, *numbers],
            "numbers": list(numbers),
            "amounts": list(sums.amounts),
            "rows": [[*key, *map(_short, values)] for key, values in totals.items()],
        }

    def _cycles(self) -> list[list[Any]]:
        """Return the days that won deals took: a list per pipeline, owner, and month."""
        days: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for row in self._queries["cycles"]:
            if positions := self._positions(row, ("pipeline", "owner", "month")):
                days[positions].append(row["days"])
        return [[*positions, sorted(values)] for positions, values in days.items()]

    def _rotten(self) -> dict[str, Any]:
        """Return the rotten deals as lists of values: deals have many, whose names repeat."""
        positions = ("pipeline", "owner", "stage")
        texts = ("title", "organization", "currency", "next_activity", "next_activity_day")
        numbers = ("value", "value_converted", "days_in_stage", "days_idle")
        return {
            "columns": [*positions, *texts, *numbers],
            "rows": [
                [
                    *(self.dimensions.position(row, name) for name in positions),
                    *(row[name] for name in texts),
                    *(_short(row[name]) for name in numbers),
                ]
                for row in self._queries["rotten"]
            ],
        }

    def _periods(self) -> list[dict[str, Any]]:
        """Return the periods to choose from; the first one is the default."""
        now, first = self.dimensions.now, self.dimensions.first_month
        quarter, year = now - now % 3, now - now % 12
        periods = [
            ("Last 12 months", now - 11, now),
            ("This month", now, now),
            ("Last month", now - 1, now - 1),
            ("This quarter", quarter, now),
            ("Last quarter", quarter - 3, quarter - 1),
            ("This year", year, now),
            *((str(begin // 12), begin, begin + 11) for begin in range(year - 12, first - 12, -12)),
            ("All months", first, now),
        ]
        return [
            {"label": label, "first": max(begin, first) - first, "last": end - first}
            for label, begin, end in periods
            if end >= first
        ]


def _short(number: Any) -> float | int | None:
    """Return a number as JSON writes it with the fewest characters."""
    if number is None:
        return None
    rounded = round(float(number), 2)
    return int(rounded) if rounded.is_integer() else rounded
