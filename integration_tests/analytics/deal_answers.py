"""The marts about deals and their histories."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from integration_tests.analytics.answers import Answers, at, days, grouped, latest, share

Row = dict[str, Any]
FAR = "9999"


def deal_stages(answers: Answers) -> list[Row]:
    rows = []
    for key, stays in answers.stays.items():
        before: Row = {}
        for stay in stays:
            stage = answers.stages.get(stay["stage_id"], {})
            pipeline = stage.get("pipeline_id")
            is_last = stay is stays[-1]
            status = answers.deals_by_id[key]["status"]
            rows.append(
                stay
                | {
                    "stage_name": stage.get("name"),
                    "pipeline_id": pipeline,
                    "pipeline_name": answers.pipelines.get(pipeline, {}).get("name"),
                    "days": days(stay["entered_at"], stay["left_at"] or answers.now),
                    "outcome": "moved" if not is_last else {"open": "current"}.get(status, status),
                    "is_last": is_last,
                    "is_step_back": bool(before)
                    and before["pipeline_id"] == pipeline
                    and before["order_nr"] > stage["order_nr"],
                }
            )
            before = stage
    return rows


def deal_history(answers: Answers) -> list[Row]:
    rows = []
    for key, fields in answers.edits.items():
        deal = answers.deals_by_id[key]
        for name, edits in fields.items():
            if not edits:
                continue
            values = [edits[0]["old"], *(edit["new"] for edit in edits)]
            starts = [at(deal["add_time"]), *(edit["time"] for edit in edits)]
            users = [deal["creator_user_id"], *(edit["user"] for edit in edits)]
            ends = [*starts[1:], None]
            rows += [
                {"deal_id": key, "field": name, "position": number, "value": value}
                | {"valid_from": start, "valid_to": end, "user_id": user}
                | {"is_current": end is None, "user_name": answers.users.get(user)}
                for number, (value, start, end, user) in enumerate(
                    zip(values, starts, ends, users, strict=True)
                )
            ]
    return rows


def deals(answers: Answers) -> list[Row]:
    activities = grouped(answers.activities(), "deal_id")
    lines = defaultdict(list)
    for line in answers.live("deal_products"):
        if line["is_enabled"]:
            lines[line["deal_id"]].append(line)
    return [
        _deal(answers, deal, activities.get(key, []), lines.get(key, []))
        for key, deal in answers.deals_by_id.items()
    ]


def _deal(answers: Answers, deal: Row, activities: list[Row], lines: list[Row]) -> Row:
    now = answers.now
    is_open = deal["status"] == "open"
    stage = answers.stages[deal["stage_id"]]
    done = [each for each in activities if each["done"]]
    undone = [each for each in activities if not each["done"]]
    last = max(done, key=lambda each: (each["done_at"], each["id"]), default={})
    following = min(undone, key=lambda each: (str(each["due_at"] or FAR), each["id"]), default={})
    stays = answers.stays[deal["id"]]
    entered = stays[-1]["entered_at"]
    touched = latest(at(deal["update_time"]), at(deal["add_time"]), last.get("done_at"), entered)
    probability = answers.probability(deal)
    idle = days(touched, now) or 0
    edits = answers.edits.get(deal["id"], {}).get("status", [])
    return {
        "deal_id": deal["id"],
        "title": deal["title"],
        "status": deal["status"],
        "owner_name": answers.users.get(deal["owner_id"]),
        "pipeline_name": answers.pipelines[deal["pipeline_id"]]["name"],
        "stage_name": stage["name"],
        "person_id": deal["person_id"],
        "person_name": answers.persons.get(deal["person_id"]),
        "organization_id": deal["org_id"],
        "organization_name": answers.organizations.get(deal["org_id"]),
        "value": deal["value"],
        "currency": deal["currency"],
        "value_converted": answers.converted(deal["value"], deal["currency"]),
        "probability": probability,
        "weighted_value": deal["value"] * probability / 100,
        "won_time": at(deal["won_time"]),
        "first_won_time": at(deal["first_won_time"]),
        "lost_reason": deal["lost_reason"],
        "is_archived": deal["is_archived"],
        "age_days": days(at(deal["add_time"]), now if is_open else at(deal["close_time"])),
        "days_to_win": days(at(deal["add_time"]), at(deal["won_time"])),
        "stage_entered_at": entered,
        "stage_moves": len(stays) - 1,
        "times_reopened": sum(edit["new"] == "open" for edit in edits),
        "days_in_stage": days(entered, now) if is_open else None,
        "days_idle": idle if is_open else None,
        "is_rotten": is_open
        and not deal["is_archived"]
        and stage["is_deal_rot_enabled"]
        and idle > stage["days_to_rotten"],
        "activities": len(activities),
        "activities_done": len(done),
        "last_activity_id": last.get("id"),
        "last_activity_at": last.get("done_at"),
        "next_activity_id": following.get("id"),
        "next_activity_at": following.get("due_at"),
        "product_lines": len(lines),
        "product_names": ", ".join(sorted({line["name"] for line in lines if line["name"]}))
        or None,
    }


def funnel(answers: Answers) -> list[Row]:
    cohorts = defaultdict(list)
    for key, stays in answers.stays.items():
        deal = answers.deals_by_id[key]
        for stage in {stay["stage_id"] for stay in stays}:
            order, pipeline = (
                answers.stages[stage]["order_nr"],
                answers.stages[stage]["pipeline_id"],
            )
            entered = min(stay["entered_at"] for stay in stays if stay["stage_id"] == stage)
            later = [
                stay["entered_at"]
                for stay in stays
                if answers.stages[stay["stage_id"]]["pipeline_id"] == pipeline
                and answers.stages[stay["stage_id"]]["order_nr"] > order
                and stay["entered_at"] >= entered
            ]
            won = at(deal["won_time"])
            advanced = min(later) if later else won
            cohorts[stage, entered.date().replace(day=1)].append(
                (deal["status"], days(entered, advanced))
            )
    rows = []
    for (stage, month), outcomes in cohorts.items():
        advanced = [time for _, time in outcomes if time is not None]
        stayed = [status for status, time in outcomes if time is None]
        won = sum(status == "won" for status, _ in outcomes)
        rows.append(
            {
                "stage_id": stage,
                "entry_month": month,
                "pipeline_id": answers.stages[stage]["pipeline_id"],
                "deals_entered": len(outcomes),
                "deals_advanced": len(advanced),
                "deals_lost": stayed.count("lost"),
                "deals_open": stayed.count("open"),
                "deals_won": won,
                "conversion_rate": len(advanced) / len(outcomes),
                "win_rate": won / len(outcomes),
                "avg_days_to_advance": share(sum(advanced), len(advanced)),
            }
        )
    return rows


def forecast(answers: Answers) -> list[Row]:
    closed = defaultdict(list)
    for key, stays in answers.stays.items():
        status = answers.deals_by_id[key]["status"]
        if status != "open":
            for stage in {stay["stage_id"] for stay in stays}:
                closed[stage].append(status == "won")
    cells = defaultdict(list)
    for deal in answers.deals_by_id.values():
        if deal["status"] == "open" and not deal["is_archived"]:
            expected = at(deal["expected_close_date"])
            month = expected and expected.date().replace(day=1)
            rate = share(sum(closed[deal["stage_id"]]), len(closed[deal["stage_id"]])) or 0
            weights = {
                "weighted": deal["value"] * answers.probability(deal) / 100,
                "historic": deal["value"] * rate,
            }
            cells[month, deal["pipeline_id"], deal["currency"]].append(deal | weights)
    return [
        {
            "expected_close_month": month,
            "pipeline_id": pipeline,
            "currency": currency,
            "is_overdue": month is not None and month < answers.now.date().replace(day=1),
            "deals": len(ones),
            "value": sum(deal["value"] for deal in ones),
            "weighted_value": sum(deal["weighted"] for deal in ones),
            "historic_value": sum(deal["historic"] for deal in ones),
            "value_converted": answers.sum_converted(ones, "value"),
            "weighted_value_converted": answers.sum_converted(ones, "weighted"),
            "historic_value_converted": answers.sum_converted(ones, "historic"),
        }
        for (month, pipeline, currency), ones in cells.items()
    ]
