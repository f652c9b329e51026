"""The marts about owners, activities, leads, contacts, products, revenue, and goals."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from integration_tests.analytics.answers import (
    Answers,
    at,
    day_of,
    days,
    grouped,
    latest,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Row = dict[str, Any]


def owner_facts(answers: Answers) -> Iterator[tuple[int, str, date | None, Row]]:
    """Yield what counts for an owner: owner, kind, day, deal or activity."""
    for deal in answers.deals_by_id.values():
        yield deal["owner_id"], "created", day_of(deal["add_time"]), deal
        if deal["status"] == "open":
            expected = at(deal["expected_close_date"])
            if not deal["is_archived"]:
                yield deal["owner_id"], "open", expected and expected.date(), deal
        else:
            yield deal["owner_id"], deal["status"], day_of(deal["close_time"]), deal
    for activity in answers.activities():
        if activity["done"]:
            yield activity["owner_id"], "activity", activity["done_at"].date(), activity


def periods(day: date | None) -> Iterator[tuple[str, date | None]]:
    yield "total", None
    if day is not None:
        yield "month", day.replace(day=1)
        yield "quarter", day.replace(day=1, month=day.month - (day.month - 1) % 3)


def by_period(answers: Answers) -> dict[Any, dict[str, list[Row]]]:
    cells: dict[Any, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for owner, kind, day, row in owner_facts(answers):
        for period in periods(day):
            cells[owner, *period][kind].append(row)
    return cells


def weighted(answers: Answers, deals: Iterable[Row]) -> list[Row]:
    return [deal | {"value": deal["value"] * answers.probability(deal) / 100} for deal in deals]


def owner_performance(answers: Answers) -> list[Row]:
    rows = []
    for (owner, period, start), cell in by_period(answers).items():
        cycles = [days(at(deal["add_time"]), at(deal["won_time"])) for deal in cell["won"]]
        won, lost = len(cell["won"]), len(cell["lost"])
        rows.append(
            {
                "owner_id": owner,
                "period": period,
                "period_start": start,
                "owner_name": answers.users.get(owner),
                "deals_created": len(cell["created"]),
                "deals_won": won,
                "deals_lost": lost,
                "deals_open": len(cell["open"]),
                "win_rate": share(won, won + lost),
                "avg_days_to_win": share(sum(cycle or 0 for cycle in cycles), len(cycles)),
                "activities_done": len(cell["activity"]),
                "won_value_converted": answers.sum_converted(cell["won"], "value"),
                "lost_value_converted": answers.sum_converted(cell["lost"], "value"),
                "open_value_converted": answers.sum_converted(cell["open"], "value"),
                "forecast_value_converted": answers.sum_converted(
                    weighted(answers, cell["open"]), "value"
                ),
            }
        )
    return rows


def owner_amounts(answers: Answers) -> list[Row]:
    rows = []
    for (owner, period, start), cell in by_period(answers).items():
        kinds = {kind: cell[kind] for kind in ("won", "lost", "open")}
        currencies = {deal["currency"] for deals in kinds.values() for deal in deals}
        for currency in currencies:
            ones = {
                kind: [deal for deal in deals if deal["currency"] == currency]
                for kind, deals in kinds.items()
            }
            row: Row = {"owner_id": owner, "period": period, "period_start": start}
            for kind, deals in ones.items():
                row[f"deals_{kind}"] = len(deals)
                row[f"{kind}_value"] = sum(deal["value"] for deal in deals)
            forecast = sum(deal["value"] for deal in weighted(answers, ones["open"]))
            rows.append(row | {"currency": currency, "forecast_value": forecast})
    return rows


def activities(answers: Answers) -> list[Row]:
    names = {row["key_string"]: row["name"] for row in answers.live("activity_types")}
    return [
        {
            "activity_id": row["id"],
            "subject": row["subject"],
            "type_name": names[row["type"]],
            "owner_name": answers.users.get(row["owner_id"]),
            "deal_id": row["deal_id"],
            "deal_title": answers.deals_by_id.get(row["deal_id"], {}).get("title"),
            "person_id": row["person_id"],
            "organization_id": row["org_id"],
            "person_name": answers.persons.get(row["person_id"]),
            "due_at": row["due_at"],
            "is_done": row["done"],
            "done_at": row["done_at"],
            "is_overdue": not row["done"]
            and row["due_at"] is not None
            and row["due_at"] < answers.now,
            "days_late": days(row["due_at"], row["done_at"]),
        }
        for row in answers.activities()
    ]


def daily_activity(answers: Answers) -> list[Row]:
    cells: dict[Any, Counter[str]] = defaultdict(Counter)

    def count(user: int, moment: Any, what: str) -> None:
        if moment is not None:
            cells[moment.date(), user][what] += 1

    for row in answers.activities():
        count(row["owner_id"], at(row["add_time"]), "activities_added")
        count(row["owner_id"], row["done_at"], "activities_done")
        count(row["owner_id"], row["due_at"], "activities_due")
    for row in answers.live("notes"):
        count(row["user_id"], at(row["add_time"]), "notes_added")
    for row in answers.live("leads"):
        count(row["creator_id"], at(row["add_time"]), "leads_added")
    for key, deal in answers.deals_by_id.items():
        count(deal["creator_user_id"], at(deal["add_time"]), "deals_added")
        for edit in answers.edits.get(key, {}).get("stage_id", ()):
            count(edit["user"], edit["time"], "deals_moved")
        count(deal["owner_id"], at(deal["won_time"]), "deals_won")
        count(deal["owner_id"], at(deal["lost_time"]), "deals_lost")
    whats = {what for counts in cells.values() for what in counts}
    return [
        {"day": day, "user_id": user} | {what: counts[what] for what in whats}
        for (day, user), counts in cells.items()
    ]


def leads(answers: Answers) -> list[Row]:
    rows = [
        {
            "lead_id": row["id"],
            "title": row["title"],
            "status": "archived" if row["is_archived"] else "open",
            "value": (row["value"] or {}).get("amount"),
            "currency": (row["value"] or {}).get("currency"),
            "person_id": row["person_id"],
            "person_name": answers.persons.get(row["person_id"]),
            "organization_name": answers.organizations.get(row["organization_id"]),
            "deal_id": None,
        }
        for row in answers.live("leads")
    ]
    return rows + [
        {
            "lead_id": deal["source_lead_id"],
            "title": deal["title"],
            "status": "converted",
            "deal_id": deal["id"],
            "deal_status": deal["status"],
            "converted_at": at(deal["add_time"]),
        }
        for deal in answers.deals_by_id.values()
        if deal["source_lead_id"]
    ]


def _contacts(answers: Answers, stream: str, link: str) -> Iterator[tuple[Row, Row]]:
    """Yield each person or organization with the columns that both marts have."""
    deals = grouped(answers.deals_by_id.values(), link)
    worked = grouped(answers.activities(), link)
    for row in answers.live(stream):
        ones = deals.get(row["id"], [])
        done = [each["done_at"] for each in worked.get(row["id"], []) if each["done"]]
        planned = [each["due_at"] for each in worked.get(row["id"], []) if not each["done"]]
        status = grouped(ones, "status")
        won, lost = status.get("won", []), status.get("lost", [])
        yield (
            row,
            {
                "name": row["name"],
                "owner_name": answers.users.get(row["owner_id"]),
                "deals": len(ones),
                "deals_open": len(status.get("open", [])),
                "deals_won": len(won),
                "deals_lost": len(lost),
                "win_rate": share(len(won), len(won) + len(lost)),
                "won_value_converted": answers.sum_converted(won, "value"),
                "open_value_converted": answers.sum_converted(status.get("open", []), "value"),
                "last_won_at": latest(*(at(deal["won_time"]) for deal in won)),
                "activities_done": len(done),
                "activities_planned": len(planned),
                "last_activity_at": latest(*done),
                "next_activity_at": min((due for due in planned if due), default=None),
                "last_touched_at": latest(at(row["update_time"]), at(row["add_time"]), *done),
            },
        )


def organizations(answers: Answers) -> list[Row]:
    people = Counter(row["org_id"] for row in answers.live("persons"))
    return [
        {"organization_id": row["id"], "persons": people[row["id"]], **columns}
        for row, columns in _contacts(answers, "organizations", "org_id")
    ]


def persons(answers: Answers) -> list[Row]:
    return [
        {
            "person_id": row["id"],
            "organization_id": row["org_id"],
            "organization_name": answers.organizations.get(row["org_id"]),
            "email": row["emails"][0]["value"] if row["emails"] else None,
            "phone": row["phones"][0]["value"] if row["phones"] else None,
            **columns,
        }
        for row, columns in _contacts(answers, "persons", "person_id")
    ]


def products_sold(answers: Answers) -> list[Row]:
    names = {row["id"]: row["name"] for row in answers.live("products")}
    cells: dict[Any, list[tuple[Row, Row]]] = defaultdict(list)
    for line in answers.live("deal_products"):
        deal = answers.deals_by_id.get(line["deal_id"])
        if deal and line["is_enabled"]:
            name = names.get(line["product_id"]) or line["name"]
            without_id = name if line["product_id"] is None else None
            cell = cells[line["product_id"], without_id, line["currency"]]
            cell.append((line | {"name": name}, deal))
    rows = []
    for (product, _, currency), lines in cells.items():
        names_of_lines = [line["name"] for line, _ in lines if line["name"]]
        row: Row = {"product_id": product, "currency": currency}
        row["product_name"] = max(names_of_lines, default=None)
        for status in ("won", "open", "lost"):
            ones = [(line, deal) for line, deal in lines if deal["status"] == status]
            row |= {
                f"deals_{status}": len({deal["id"] for _, deal in ones}),
                f"quantity_{status}": sum(line["quantity"] for line, _ in ones),
                f"value_{status}": sum(line["sum"] for line, _ in ones),
            }
        wins = [at(deal["won_time"]) for _, deal in lines if deal["status"] == "won"]
        rows.append(row | {"last_won_at": latest(*wins)})
    return rows


def recurring_revenue(answers: Answers) -> list[Row]:
    cells: dict[Any, Counter[str]] = defaultdict(Counter)
    won = {key: deal for key, deal in answers.deals_by_id.items() if deal["status"] == "won"}
    for deal in won.values():
        month = day_of(deal["won_time"]).replace(day=1)
        cell = cells[month, deal["pipeline_id"], deal["currency"]]
        cell.update(deals_won=1, new_mrr=deal["mrr"] or 0, new_arr=deal["arr"] or 0)
    for row in answers.live("deal_installments"):
        if row["deal_id"] in won:
            deal = won[row["deal_id"]]
            month = day_of(row["billing_date"]).replace(day=1)
            cells[month, deal["pipeline_id"], deal["currency"]]["installments"] += row["amount"]
    return [
        {"month": month, "pipeline_id": pipeline, "currency": currency}
        | {name: cell[name] for name in ("deals_won", "new_mrr", "new_arr", "installments")}
        | {
            "total_mrr": sum(
                other["new_mrr"]
                for (before, *rest), other in cells.items()
                if rest == [pipeline, currency] and before <= month
            )
        }
        for (month, pipeline, currency), cell in cells.items()
    ]


def goals(answers: Answers) -> list[Row]:
    facts = list(_goal_facts(answers))
    rows = []
    for goal in answers.live("goals"):
        kind, params = goal["type"]["name"], goal["type"]["params"]
        end = at(goal["duration"]["end"])
        for number in range(1_000):
            start, following = (
                _later(day_of(goal["duration"]["start"]), goal["interval"], number + more)
                for more in (0, 1)
            )
            if start > answers.now.date() or (end and start > end.date()):
                break
            result = sum(
                start <= day < following
                and (end is None or day <= end.date())
                and (pipeline is None or pipeline in params.get("pipeline_id", [pipeline]))
                and (activity is None or activity in params.get("activity_type_id", [activity]))
                for fact, day, pipeline, activity in facts
                if fact == kind
            )
            target = goal["expected_outcome"]["target"]
            rows.append(
                {"goal_id": goal["id"], "period_start": start, "goal_type": kind}
                | {"target": target, "result": result, "share_of_target": result / target}
            )
    return rows


def _later(day: date, interval: str, number: int) -> date:
    if interval == "weekly":
        return day + timedelta(days=7 * number)
    months = day.month - 1 + number * {"monthly": 1, "quarterly": 3, "yearly": 12}[interval]
    return day.replace(year=day.year + months // 12, month=months % 12 + 1)


def _goal_facts(answers: Answers) -> Iterator[tuple[str, date, int | None, int | None]]:
    """Yield what counts for goals: kind, day, pipeline, activity type."""
    types = {row["key_string"]: row["id"] for row in answers.live("activity_types")}
    for deal in answers.deals_by_id.values():
        yield "deals_started", day_of(deal["add_time"]), deal["pipeline_id"], None
        if deal["status"] == "won":
            yield "deals_won", day_of(deal["won_time"]), deal["pipeline_id"], None
        for stay in answers.stays[deal["id"]][1:]:
            pipeline = answers.stages[stay["stage_id"]]["pipeline_id"]
            yield "deals_progressed", stay["entered_at"].date(), pipeline, None
    for row in answers.activities():
        if row["done"]:
            yield "activities_completed", row["done_at"].date(), None, types[row["type"]]
