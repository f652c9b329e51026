"""Change logs tell true histories: they lead to the current rows, in a possible order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from pipedrive_sandbox.clock import ZERO_TIME
from unit_tests.sandbox.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unit_tests.sandbox.client import Client

Row = dict[str, Any]
#: The rows, their change logs, and the name of the row's id there.
LOGS = {
    "deals": ("deal_changelog", "deal_id"),
    "persons": ("person_changelog", "person_id"),
    "organizations": ("organization_changelog", "organization_id"),
    "projects": ("project_changelog", "project_id"),
}
STATUSES = {"deals": {"open", "won", "lost"}, "projects": {"open", "completed", "canceled"}}
CLOSING = {"close_time", "won_time", "lost_time"}


def moment(text: str) -> str:
    """Return a time of any API version in a form that can be compared."""
    return text[:19].replace(" ", "T")


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def edits_by_row(client: Client, table: str) -> dict[int, list[Row]]:
    """Return the edits per row in the order of the log, one per field."""
    stream, parent = LOGS[table]
    edits = defaultdict(list)
    for entry in client.rows(stream):
        fields = (
            [(entry["field_key"], entry["old_value"], entry["new_value"])]
            if "field_key" in entry
            else [
                (name, as_text(entry["old_values"][name]), as_text(new))
                for name, new in entry["new_values"].items()
            ]
        )
        for name, old, new in fields:
            edit = {"name": name, "old": old, "new": new, "time": moment(entry["time"])}
            edits[entry[parent]].append(edit | {"actor": entry["actor_user_id"]})
    return edits


def change_everything(client: Client) -> None:
    """Make every kind of change as a sales team does."""
    client.control("clock", "POST", advance=3_600)
    client.mutate("deals", "edit", ids=[2, 3, 4, 5], set={"status": "won"})
    client.mutate("deals", "edit", ids=[3, 4], set={"status": "open"})
    client.mutate("deals", "edit", ids=[4, 6], set={"status": "lost", "lost_reason": "Price"})
    client.mutate("deals", "edit", ids=[7, 8], set={"stage_id": 9})
    client.mutate("deals", "edit", ids=[9, 10], set={"pipeline_id": 3})
    client.mutate("deals", "create", count=3, set={"status": "won"})
    client.mutate("projects", "create", count=3)
    for table in LOGS:
        client.mutate(table, "edit", count=5, set={"owner_id": 2})
        client.mutate(table, "delete", count=3, seed=2)
    for table in ("deals", "persons", "organizations"):
        client.mutate(table, "merge", count=5, seed=1)
    client.mutate("deals", "archive", count=5)
    client.control("clock", "POST", settle=True)


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An account whose rows were changed at run time."""
    path = tmp_path_factory.mktemp("sandbox") / "changed.db"
    with serving(path, "--deals", "200") as client:
        change_everything(client)
        yield client


@pytest.fixture(params=["as generated", "after changes"])
def account(request: pytest.FixtureRequest, whole: Client, changed: Client) -> Client:
    """An account with every kind of row, or a changed one."""
    return whole if request.param == "as generated" else changed


@pytest.mark.parametrize("table", LOGS)
def test_the_last_edit_of_each_field_gave_it_its_current_value(account: Client, table: str) -> None:
    edits = edits_by_row(account, table)
    rows = {row["id"]: row for row in account.rows(table)}

    assert edits
    for key, ones in edits.items():
        last = {edit["name"]: edit["new"] for edit in ones}
        columns = rows[key] | (rows[key]["custom_fields"] or {})
        assert last == {name: as_text(columns[name]) for name in last}, (key, ones)


@pytest.mark.parametrize("table", LOGS)
def test_each_edit_replaces_the_value_that_the_edit_before_it_gave(
    account: Client, table: str
) -> None:
    for ones in edits_by_row(account, table).values():
        current: dict[str, str | None] = {}
        for edit in ones:
            assert edit["old"] != edit["new"]
            assert current.get(edit["name"], edit["old"]) == edit["old"]
            current[edit["name"]] = edit["new"]


@pytest.mark.parametrize("table", LOGS)
def test_edits_are_made_in_order_between_creation_and_last_update(
    account: Client, table: str
) -> None:
    rows = {row["id"]: row for row in account.rows(table)}
    now = moment(account.control("clock")["now"])

    for key, ones in edits_by_row(account, table).items():
        times = [edit["time"] for edit in ones]
        assert times == sorted(times)
        assert moment(rows[key]["add_time"]) <= times[0]
        assert times[-1] <= moment(rows[key]["update_time"]) <= now


@pytest.mark.parametrize("table", LOGS)
def test_edits_were_made_by_users_of_the_account(account: Client, table: str) -> None:
    created = {user["id"]: moment(user["created"]) for user in account.rows("users")}

    for ones in edits_by_row(account, table).values():
        for edit in ones:
            assert created[edit["actor"]] < edit["time"]
            if edit["name"] == "owner_id":
                assert {int(edit["old"]), int(edit["new"])} <= created.keys()


@pytest.mark.parametrize("table", STATUSES)
def test_a_status_is_one_of_those_that_exist(account: Client, table: str) -> None:
    legal = STATUSES[table] | ({"deleted"} if table == "projects" else set())

    for ones in edits_by_row(account, table).values():
        for edit in ones:
            if edit["name"] == "status":
                assert {edit["old"], edit["new"]} <= legal


def test_a_deal_moves_between_stages_that_exist_and_changes_its_pipeline_with_them(
    account: Client,
) -> None:
    pipeline_of = {stage["id"]: stage["pipeline_id"] for stage in account.rows("stages")}

    for key, ones in edits_by_row(account, "deals").items():
        moves = [edit for edit in ones if edit["name"] == "stage_id"]
        changes = {edit["time"] for edit in ones if edit["name"] == "pipeline_id"}
        for move in moves:
            old, new = pipeline_of[int(move["old"])], pipeline_of[int(move["new"])]
            assert (old != new) <= (move["time"] in changes), key
    for deal in account.rows("deals"):
        assert pipeline_of[deal["stage_id"]] == deal["pipeline_id"]


def test_the_times_of_a_deal_are_those_of_its_edits(account: Client) -> None:
    edits = edits_by_row(account, "deals")
    created = {deal["id"]: moment(deal["add_time"]) for deal in account.rows("deals")}

    for deal in account.rows("deals"):
        times = defaultdict(list)
        for edit in edits.get(deal["id"], ()):
            times[edit["name"]].append(edit["time"])
            if edit["name"] == "status":
                times[edit["new"]].append(edit["time"])
        closed = times["status"][-1:] or [created[deal["id"]]]
        assert deal["status"] in {"open", "won", "lost"}
        assert {name for name in CLOSING if deal[name]} == (
            set() if deal["status"] == "open" else {"close_time", f"{deal['status']}_time"}
        )
        assert {moment(deal[name]) for name in CLOSING if deal[name]} <= {closed[-1]}
        assert (deal["lost_reason"] is None) or deal["status"] == "lost"
        assert [moment(deal["stage_change_time"] or "")] == (times["stage_id"][-1:] or [""])
        assert bool(deal["archive_time"]) == deal["is_archived"]
        if deal["is_archived"]:
            assert moment(deal["archive_time"]) == times["is_archived"][-1]
        if deal["first_won_time"] != ZERO_TIME:
            won = times["won"] or (closed if deal["status"] == "won" else [])
            assert [moment(deal["first_won_time"] or "")] == (won[:1] or [""])


def test_deals_have_had_every_kind_of_life(whole: Client) -> None:
    edits = edits_by_row(whole, "deals")
    kinds = {(edit["name"], edit["new"]) for ones in edits.values() for edit in ones}
    names = {name for name, _ in kinds}
    deals = whole.rows("deals")

    assert names >= {"title", "value", "owner_id", "expected_close_date", "pipeline_id"}
    assert {("status", "won"), ("status", "lost"), ("status", "open")} <= kinds
    assert {("is_archived", "true"), ("is_archived", "false")} <= kinds
    assert any(deal["is_deleted"] for deal in deals)
    assert any(deal["id"] not in edits for deal in deals)
    assert any(
        int(edit["new"]) < int(edit["old"])
        for ones in edits.values()
        for edit in ones
        if edit["name"] == "stage_id"
    )


def test_activities_of_a_deal_begin_with_it_and_make_up_its_counters(whole: Client) -> None:
    deals = {deal["id"]: deal for deal in whole.rows("deals")}
    of_deal = defaultdict(list)
    for activity in whole.rows("activities"):
        if activity["deal_id"] is not None:
            of_deal[activity["deal_id"]].append(activity)

    assert of_deal
    for key, deal in deals.items():
        done = {one["id"] for one in of_deal[key] if one["done"]}
        undone = {one["id"] for one in of_deal[key]} - done
        counts = [deal[f"{name}activities_count"] for name in ("", "done_", "undone_")]
        assert counts == [len(of_deal[key]), len(done), len(undone)]
        assert (deal["last_activity_id"] in done) == bool(done)
        assert (deal["next_activity_id"] in undone) == bool(undone)
        for one in of_deal[key]:
            assert one["person_id"] == deal["person_id"]
            assert deal["add_time"] <= one["add_time"] <= (one["update_time"] or one["add_time"])
            assert bool(one["marked_as_done_time"]) == one["done"]
            assert (one["marked_as_done_time"] or "") <= (one["update_time"] or "")


def test_the_same_seed_gives_the_same_histories(start: Callable[..., Client]) -> None:
    logs = [start("--seed", "3", anew=True).rows("deal_changelog") for _ in range(2)]

    assert logs[0] == logs[1]


def test_each_currency_has_a_code_of_its_own(whole: Client) -> None:
    codes = [currency["code"] for currency in whole.rows("currencies")]

    assert len(codes) == len(set(codes))
    assert any(currency["is_custom_flag"] for currency in whole.rows("currencies"))
