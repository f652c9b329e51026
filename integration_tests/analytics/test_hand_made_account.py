"""Twenty deals with oddities, and what the marts say: in PostgreSQL if it is installed."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from integration_tests.analytics.hand_made_account import NOW, TABLES
from integration_tests.analytics.package import dbt
from integration_tests.analytics.tables import read_rows, write_postgres, write_tables
from unit_tests.inbox.postgres import is_installed, running_postgres

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]
VARIABLES = {"pipedrive_now": NOW, "pipedrive_rates": {"USD": 0.5}}
MARTS = ["deals", "deal_stages", "deal_history", "forecast", "owner_performance", "owner_amounts"]
MARTS += ["funnel", "leads", "organizations", "persons", "products_sold", "recurring_revenue"]
MARTS += ["goals", "activities"]


@pytest.fixture(scope="session")
def marts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """The rows of the marts, built and tested by dbt."""
    folder = tmp_path_factory.mktemp("hand_made")
    return in_postgres(folder) if is_installed() else in_duckdb(folder)


def in_duckdb(folder: Path) -> dict[str, list[Row]]:
    database = folder / "pipedrive.duckdb"
    write_tables(database, TABLES)
    dbt("build", folder, {"PIPEDRIVE_DUCKDB": str(database)}, VARIABLES)
    return {mart: read_rows(database, f"pipedrive__{mart}") for mart in MARTS}


def in_postgres(folder: Path) -> dict[str, list[Row]]:
    with running_postgres() as server:
        url = server.new_database()
        write_postgres(url, TABLES)
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
        place["PGDATABASE"] = url.rpartition("/")[2]
        dbt("build --target postgres", folder, place, VARIABLES)
        with psycopg.connect(url, row_factory=dict_row) as connection:
            return {
                mart: connection.execute(
                    f"SELECT * FROM analytics.pipedrive__{mart}".encode()
                ).fetchall()
                for mart in MARTS
            }


def cells(rows: list[Row], *columns: str) -> set[tuple[Any, ...]]:
    """Return columns of rows, numbers rounded to five digits."""
    return {tuple(rounded(row[column]) for column in columns) for row in rows}


def rounded(value: Any) -> Any:
    if isinstance(value, bool | str | date | datetime) or value is None:
        return value
    return int(value) if math.isclose(value, int(value)) else round(float(value), 5)


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day} 10:00:00")


def test_deals(marts: dict[str, list[Row]]) -> None:
    columns = [
        "deal_id",
        "owner_name",
        "stage_name",
        "value_converted",
        "probability",
        "weighted_value",
    ]

    assert cells(marts["deals"], *columns) == {
        (1, "Ada", "Offer", 1000, 40, 400),
        (2, "Ada", "Closing", 250, 100, 500),
        (3, None, "Qualified", 200, 20, 40),
        (4, "Ada", None, 100, 100, 100),
        (5, "Ada", "Qualified", 300, 100, 300),
        (6, "Ada", "Qualified", 50, 100, 50),
        (7, "Ada", "Qualified", -40, 100, -40),
        (8, "Grace", "Qualified", 10, 20, 2),
        (11, "Ada", "Qualified", 5000, 20, 1000),
        (12, "Ada", "Qualified", None, 20, None),
        (13, None, "Qualified", 100, 0, 0),
        (14, "Ada", "Closing", 100, 60, 60),
        (15, "Ada", "Offer", 100, 40, 40),
        (16, "Ada", "Closing", 100, 60, 60),
        (17, "Ada", "Closing", 100, 60, 60),
        (18, "Ada", "Offer", 100, 40, 40),
        (19, "Ada", "Due", 100, 100, 100),
        (20, "Ada", "Qualified", None, 20, 20),
    }


def test_lives_of_deals(marts: dict[str, list[Row]]) -> None:
    by_id = {row["deal_id"]: row for row in marts["deals"]}

    assert {row["reporting_currency"] for row in marts["deals"]} == {"EUR", None}
    assert by_id[20]["title"] == "New"
    assert by_id[8]["organization_name"] == "Acme"
    assert [key for key, row in by_id.items() if row["is_rotten"]] == [18]
    assert [key for key, row in by_id.items() if row["times_reopened"]] == [5]
    assert rounded(by_id[18]["days_in_stage"]) == 98.08333
    assert [by_id[key]["days_to_win"] for key in (2, 5, 6, 7)] == [19, 19, 0, 1]
    first = by_id[1]
    assert (first["activities"], first["activities_done"], first["last_activity_id"]) == (3, 1, 1)
    assert (first["next_activity_id"], rounded(first["days_idle"])) == (3, 7.125)


def test_custom_columns_are_passed_through(marts: dict[str, list[Row]]) -> None:
    values = {row["deal_id"]: row["custom_region"] for row in marts["deals"]}

    assert {key for key, value in values.items() if value is not None} == {1}
    assert values[1] == "EMEA"


def test_stages_of_deals(marts: dict[str, list[Row]]) -> None:
    columns = ["deal_id", "position", "stage_id", "left_at", "outcome", "source"]
    of_moved = [row for row in marts["deal_stages"] if row["deal_id"] in {1, 2, 14, 17}]
    alone = [row for row in marts["deal_stages"] if row["deal_id"] in {4, 5, 6, 13}]

    assert cells(of_moved, *columns) == {
        (1, 1, 1, at("2026-01-11"), "moved", "changelog"),
        (1, 2, 2, None, "current", "changelog"),
        (2, 1, 1, at("2026-01-05"), "moved", "changelog"),
        (2, 2, 2, at("2026-01-10"), "moved", "changelog"),
        (2, 3, 3, at("2026-01-20"), "won", "changelog"),
        (14, 1, 1, at("2026-01-05"), "moved", "changelog"),
        (14, 2, 2, at("2026-01-08"), "moved", "changelog"),
        (14, 3, 3, None, "current", "deals"),
        (17, 1, 1, at("2026-03-02"), "moved", "changelog"),
        (17, 2, 3, None, "current", "changelog"),
    }
    assert cells(alone, *columns, "days") == {
        (4, 1, 99, None, "current", "deals", 37.08333),
        (5, 1, 1, at("2026-02-20"), "won", "deals", 19),
        (6, 1, 1, at("2026-02-15"), "won", "deals", 0),
        (13, 1, 1, at("2026-02-03"), "lost", "deals", 2),
    }


def test_an_edit_that_two_sources_report_counts_once(marts: dict[str, list[Row]]) -> None:
    stages = [row for row in marts["deal_stages"] if row["deal_id"] in {15, 16}]

    assert cells(stages, "deal_id", "position", "stage_id", "source") == {
        (15, 1, 1, "events"),
        (15, 2, 2, "events"),
        (16, 1, 1, "changelog"),
        (16, 2, 2, "changelog"),
        (16, 3, 3, "events"),
    }


def test_history_of_a_reopened_deal(marts: dict[str, list[Row]]) -> None:
    history = [row for row in marts["deal_history"] if row["deal_id"] == 5]

    assert cells(history, "field", "value", "valid_from", "valid_to", "is_current") == {
        ("owner_id", "2", at("2026-02-01"), at("2026-02-07"), False),
        ("owner_id", "1", at("2026-02-07"), None, True),
        ("status", "open", at("2026-02-01"), at("2026-02-05"), False),
        ("status", "lost", at("2026-02-05"), at("2026-02-10"), False),
        ("status", "open", at("2026-02-10"), at("2026-02-20"), False),
        ("status", "won", at("2026-02-20"), None, True),
    }
    assert all(row["deal_id"] != 9 for row in marts["deal_history"])


def test_forecast_has_open_deals_that_are_not_archived(marts: dict[str, list[Row]]) -> None:
    columns = "expected_close_month pipeline_id currency deals value weighted_value historic_value"

    assert cells(marts["forecast"], *columns.split(), "value_converted") == {
        (date(2026, 2, 1), 1, "EUR", 1, 100, 100, 0, 100),
        (date(2026, 3, 1), 1, "EUR", 1, 200, 40, 160, 200),
        (date(2026, 4, 1), 1, "EUR", 1, 1000, 400, 1000, 1000),
        (None, 1, "EUR", 6, 510, 262, 508, 510),
        (None, 1, "GBP", 1, 100, 20, 80, None),
        (None, 1, None, 1, None, None, None, 0),
        (None, 2, "EUR", 1, 100, 100, 0, 100),
    }


def test_owners_in_total(marts: dict[str, list[Row]]) -> None:
    rows = [row for row in marts["owner_performance"] if row["period"] == "total"]
    columns = "owner_name deals_won deals_lost deals_open win_rate avg_days_to_win activities_done"
    converted = "won_value_converted open_value_converted forecast_value_converted"

    assert cells(rows, "owner_id", *columns.split(), *converted.split()) == {
        # the pound has no rate
        (1, "Ada", 4, 0, 10, 1, 9.75, 1, 560, None, None),
        (2, "Grace", 0, 0, 1, None, None, 0, 0, 10, 2),
        (77, None, 0, 1, 0, 0, None, 0, 0, 0, 0),
        (None, None, 0, 0, 1, None, None, 0, 0, 200, 40),
    }


def test_amounts_of_owners_stay_in_their_currencies(marts: dict[str, list[Row]]) -> None:
    rows = [row for row in marts["owner_amounts"] if row["period"] == "total"]

    assert cells(rows, "owner_id", "currency", "won_value", "open_value", "forecast_value") == {
        (1, "EUR", 310, 1700, 860),
        (1, "USD", 500, 0, 0),
        (1, "GBP", 0, 100, 20),
        (2, "EUR", 0, 10, 2),
        (77, "EUR", 0, 0, 0),
        (None, "EUR", 0, 200, 40),
    }


def test_funnel_of_the_first_stage(marts: dict[str, list[Row]]) -> None:
    rows = [row for row in marts["funnel"] if row["stage_id"] == 1]
    columns = "entry_month deals_entered deals_advanced deals_lost deals_open conversion_rate"

    assert cells(rows, *columns.split(), "avg_days_to_advance") == {
        (date(2025, 12, 1), 1, 1, 0, 0, 1, 1),
        (date(2026, 1, 1), 3, 3, 0, 0, 1, 6),
        (date(2026, 2, 1), 4, 3, 1, 0, 0.75, 6.66667),
        (date(2026, 3, 1), 8, 3, 0, 5, 0.375, 2.00001),
    }


def test_leads_contacts_products_and_revenue(marts: dict[str, list[Row]]) -> None:
    assert cells(marts["leads"], "lead_id", "status", "value", "currency", "deal_id") == {
        ("lead-1", "open", 5, "EUR", None),
        ("lead-2", "archived", None, None, None),
        ("lead-9", "converted", None, None, 19),
    }
    assert cells(marts["organizations"], "organization_id", "name", "persons", "deals") == {
        (10, "Acme", 1, 1)
    }
    assert cells(marts["persons"], "person_id", "organization_name", "email") == {
        (30, "Acme", "m@acme.example")
    }
    assert cells(
        marts["products_sold"], "product_name", "currency", "quantity_won", "value_won"
    ) == {
        ("Desk", "USD", 2, 300),
        ("Lamp", "EUR", 1, 50),
    }
    assert cells(marts["recurring_revenue"], "month", "currency", "deals_won", "installments") == {
        (date(2026, 1, 1), "USD", 1, 0),
        (date(2026, 2, 1), "USD", 0, 250),
        (date(2026, 2, 1), "EUR", 3, 0),
    }


def test_goals(marts: dict[str, list[Row]]) -> None:
    assert cells(marts["goals"], "goal_id", "period_start", "target", "result") == {
        ("won", date(2026, 2, 1), 4, 3),
        ("won", date(2026, 3, 1), 4, 0),
        ("grace", date(2026, 2, 1), 1, 0),
        ("grace", date(2026, 3, 1), 1, 1),
        ("team", date(2026, 2, 1), 1, None),
        ("team", date(2026, 3, 1), 1, None),
        ("revenue", date(2026, 2, 1), 1000, 310),
        ("revenue", date(2026, 3, 1), 1000, 0),
    }


def test_activities_are_due_at_the_end_of_the_day_unless_a_time_is_set(
    marts: dict[str, list[Row]],
) -> None:
    columns = ["activity_id", "deal_id", "type_name", "is_done", "is_overdue"]

    assert cells(marts["activities"], *columns) == {
        (1, 1, "Call", True, False),
        (2, 1, "Call", False, False),
        (3, 1, "Call", False, True),
    }
