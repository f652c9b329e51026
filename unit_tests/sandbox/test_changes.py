"""Changes: what they change, when rows are stamped, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from unit_tests.sandbox.client import Client

#: The values of a new row, and the list from which the API returns it.
NEW: dict[str, tuple[dict[str, Any], str]] = {
    "deals": ({"title": "New"}, "/api/v2/deals"),
    "persons": ({"name": "Ada Lovelace"}, "/api/v2/persons"),
    "organizations": ({"name": "New"}, "/api/v2/organizations"),
    "activities": ({"subject": "New"}, "/api/v2/activities"),
    "products": ({"name": "New"}, "/api/v2/products"),
    "notes": ({"content": "New", "deal_id": 1}, "/v1/notes"),
    "leads": ({"title": "New", "person_id": 1}, "/v1/leads"),
    "projects": ({"title": "New", "deal_ids": [1]}, "/api/v2/projects"),
    "tasks": ({"title": "New", "project_id": 1, "is_done": False}, "/api/v2/tasks"),
}
STAMPED_LATER = ["deals", "persons", "organizations", "activities", "products", "notes", "leads"]


def row_of(client: Client, stream: str, key: object) -> dict[str, Any] | None:
    return next((row for row in client.rows(stream) if row["id"] == key), None)


@pytest.mark.parametrize("table", STAMPED_LATER)
def test_a_new_row_gets_its_update_time_a_moment_later(own: Client, table: str) -> None:
    given, path = NEW[table]
    own.control("clock", "POST", freeze=True)
    (key,) = own.mutate(table, "create", set=given)

    made = own.body(f"{path}/{key}")["data"]
    own.control("clock", "POST", advance=1)
    early = own.body(f"{path}/{key}")["data"]
    own.control("clock", "POST", advance=1)
    late = own.body(f"{path}/{key}")["data"]

    assert (made["update_time"], early["update_time"]) == (None, None)
    assert late["update_time"] == made["add_time"]
    assert early | {"update_time": None} == late | {"update_time": None}


def test_the_id_of_a_deleted_row_is_not_used_again(own: Client) -> None:
    (first,) = own.mutate("persons", "create")
    own.mutate("persons", "delete", ids=[first])

    assert own.mutate("persons", "create") == [first + 1]


@pytest.mark.parametrize("table", NEW)
def test_an_edit_sets_update_time_and_a_deletion_removes_the_row(own: Client, table: str) -> None:
    given, path = NEW[table]
    (key,) = own.mutate(table, "create", set=given)
    own.control("clock", "POST", freeze=True, advance=60)
    name = next(iter(given))

    own.mutate(table, "edit", ids=[key], set={name: "Edited"})

    edited = own.body(f"{path}/{key}")["data"]
    assert edited[name] == "Edited"
    assert edited["update_time"][:19].replace(" ", "T") == own.control("clock")["now"][:19]
    held = row_of(own, table, key)
    assert held is not None
    assert {name: held[name] for name in edited} == edited

    own.mutate(table, "delete", ids=[key])

    gone = row_of(own, table, key)
    if table in {"deals", "projects"}:
        assert gone is not None
        assert gone.get("is_deleted", gone.get("status")) in {True, "deleted"}
    else:
        assert gone is None
        assert own.get(f"{path}/{key}").status_code == 404
    assert key not in {row["id"] for row in own.read(path)}


@pytest.mark.parametrize(
    "body",
    [
        {"table": "moons", "action": "edit"},
        {"table": "deals", "action": "fly"},
        {"table": "deals", "action": "create", "set": {"stage_id": 999}},
        {"table": "deal_products", "action": "create", "set": {"product_id": 999_999}},
        {"table": "fields", "action": "create", "set": {"entity": "moon"}},
        {"table": "fields", "action": "archive", "ids": ["x"]},
        {"table": "fields", "action": "edit", "ids": ["x"], "set": {"field_name": "y"}},
        {"table": "fields", "action": "delete", "ids": ["title"]},
    ],
)
def test_a_change_that_cannot_be_made_is_refused(whole: Client, body: dict[str, Any]) -> None:
    answer = whole.request("POST", "/__sandbox/mutate", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "table"),
    [("/api/v2/deals", "deals"), ("/v1/leads", "leads")],
)
def test_archiving_moves_a_row_between_the_lists(own: Client, path: str, table: str) -> None:
    def lists() -> tuple[bool, bool]:
        active, archived = own.read(path), own.read(f"{path}/archived")
        return key in [row["id"] for row in active], key in [row["id"] for row in archived]

    key = own.body(path, limit=1)["data"][0]["id"]
    own.mutate(table, "archive", ids=[key])
    moved = row_of(own, table, key)
    assert moved is not None
    assert moved["is_archived"] is True
    assert moved["archive_time"] == moved["update_time"]
    assert lists() == (False, True)

    own.mutate(table, "unarchive", ids=[key])
    back = row_of(own, table, key)
    assert back is not None
    assert back["archive_time"] is None
    assert lists() == (True, False)


@pytest.mark.parametrize("table", ["deals", "persons", "organizations"])
def test_a_merge_removes_the_loser_and_changes_the_winner(own: Client, table: str) -> None:
    loser, winner = (row["id"] for row in own.body(f"/api/v2/{table}", limit=2)["data"])
    before = own.body(f"/api/v2/{table}/{winner}")["data"]

    assert own.mutate(table, "merge", ids=[loser, winner]) == [[loser, winner]]

    assert loser not in [row["id"] for row in own.read(f"/api/v2/{table}")]
    merged = own.body(f"/api/v2/{table}/{winner}")["data"]
    assert merged["update_time"] > before["update_time"]
    if table == "persons":
        assert loser not in {row["person_id"] for row in own.rows("deals")}


def test_winning_a_deal_closes_it(own: Client) -> None:
    (key,) = own.mutate("deals", "create", set={"stage_id": 8})
    assert own.body(f"/api/v2/deals/{key}")["data"]["pipeline_id"] == 2

    own.mutate("deals", "edit", ids=[key], set={"status": "won"})

    won = own.body(f"/api/v2/deals/{key}")["data"]
    assert won["won_time"] == won["close_time"] == won["update_time"]
    assert won["lost_time"] is None


def test_a_deleted_deal_can_be_restored(own: Client) -> None:
    own.mutate("deals", "delete", ids=[1])
    assert 1 in {row["id"] for row in own.read("/api/v2/deals", status="deleted")}

    own.mutate("deals", "edit", ids=[1], set={"is_deleted": False})

    assert 1 not in {row["id"] for row in own.read("/api/v2/deals", status="deleted")}
    assert own.body("/api/v2/deals/1")["data"]["is_deleted"] is False


def test_the_name_of_a_person_is_split(own: Client) -> None:
    (key,) = own.mutate("persons", "create", set={"name": "Ada Lovelace"})
    own.mutate("persons", "edit", ids=[key], set={"name": "Grace Brewster Hopper"})

    person = own.body(f"/api/v2/persons/{key}")["data"]
    assert (person["first_name"], person["last_name"]) == ("Grace", "Brewster Hopper")


def test_a_done_activity_has_the_time_at_which_it_was_done(own: Client) -> None:
    (key,) = own.mutate("activities", "create")
    own.mutate("activities", "edit", ids=[key], set={"done": True})

    done = own.body(f"/api/v2/activities/{key}")["data"]
    assert done["marked_as_done_time"] == done["update_time"]


def test_a_note_shows_its_author(own: Client) -> None:
    (key,) = own.mutate("notes", "create", set={"deal_id": 1, "user_id": 2})

    author = own.body("/v1/users/2")["data"]
    assert own.body(f"/v1/notes/{key}")["data"]["user"]["name"] == author["name"]


def test_changes_are_logged_newest_first(own: Client) -> None:
    own.mutate("deals", "edit", ids=[1], set={"title": "first"})
    own.mutate("deals", "edit", ids=[1], set={"title": "second"})

    newest = own.body("/v1/deals/1/changelog", limit=1)["data"][0]

    assert (newest["field_key"], newest["old_value"], newest["new_value"]) == (
        "title",
        "first",
        "second",
    )


def test_the_sum_of_a_product_line_follows_price_and_quantity(own: Client) -> None:
    line = {"deal_id": 2, "product_id": 1, "item_price": 10.5, "quantity": 3}
    (key,) = own.mutate("deal_products", "create", set=line)

    made = row_of(own, "deal_products", key)
    assert made is not None
    assert (made["deal_id"], made["sum"]) == (2, 31.5)
    assert made["name"] == own.body("/api/v2/products/1")["data"]["name"]
    own.mutate("deal_products", "edit", ids=[key], set={"quantity": 2})
    changed = row_of(own, "deal_products", key)
    assert changed is not None
    assert changed["sum"] == 21
    own.mutate("deal_products", "delete", ids=[key])
    assert row_of(own, "deal_products", key) is None


def test_deleting_a_project_deletes_its_tasks(own: Client) -> None:
    (project,) = own.mutate("projects", "create")
    (task,) = own.mutate("tasks", "create", set={"project_id": project})

    own.mutate("projects", "delete", ids=[project])

    assert row_of(own, "tasks", task) is None


def test_a_new_row_has_all_custom_fields_unset(own: Client) -> None:
    fields = {row["field_name"]: row["field_code"] for row in own.rows("deal_fields")}
    (key,) = own.mutate("deals", "create", set={"custom_fields": {fields["Score"]: 5}})

    custom = own.body(f"/api/v2/deals/{key}")["data"]["custom_fields"]
    codes = {row["field_code"] for row in own.rows("deal_fields") if row["is_custom_field"]}
    assert set(custom) == codes
    assert {code for code, value in custom.items() if value is not None} == {fields["Score"]}


def test_a_custom_field_is_created_renamed_and_deleted(own: Client) -> None:
    given = {"field_name": "Mood", "field_type": "enum", "options": [{"label": "good"}]}
    (code,) = own.mutate("fields", "create", set={"entity": "deal", **given})
    path = f"/api/v2/dealFields/{code}"

    assert {row["custom_fields"][code] for row in own.read("/api/v2/deals")} == {None}
    good = own.body(path)["data"]["options"][0]
    own.mutate("fields", "edit", ids=[code], set={"options": [good, {"label": "bad"}]})
    options = own.body(path)["data"]["options"]
    assert [option["label"] for option in options] == ["good", "bad"]
    bad = options[1]["id"]
    assert bad == good["id"] + 1
    own.mutate("deals", "edit", ids=[1], set={"custom_fields": {code: bad}})
    own.mutate("fields", "edit", ids=[code], set={"field_name": "Temper"})
    assert own.body(path)["data"]["field_name"] == "Temper"
    names = [row["name"] for row in own.read("/v1/leadFields") if row["key"] == code]
    assert names == ["Temper"]

    own.mutate("fields", "edit", ids=[code], set={"options": [good]})
    assert own.body("/api/v2/deals/1")["data"]["custom_fields"][code] == bad
    own.mutate("fields", "delete", ids=[code])
    assert own.get(path).status_code == 404
    assert code not in own.body("/api/v2/deals/1")["data"]["custom_fields"]


@pytest.mark.parametrize("action", ["edit", "archive", "delete", "create", "merge"])
def test_one_call_changes_many_rows(own: Client, action: str) -> None:
    before = {row["id"]: row for row in own.rows("deals")}

    keys = own.mutate("deals", action, count=4, seed=3)

    after = {row["id"]: row for row in own.rows("deals")}
    touched = {key for key, row in after.items() if before.get(key) != row}
    flat = {key for each in keys for key in (each if isinstance(each, list) else [each])}
    assert flat <= touched
    assert len(flat) == (8 if action == "merge" else 4)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/deals"),
        ("PATCH", "/api/v2/deals/1"),
        ("DELETE", "/api/v2/deals/1"),
        ("PUT", "/v1/notes/1"),
        ("POST", "/api/v2/dealFields"),
    ],
)
def test_the_api_serves_no_writes_of_rows(whole: Client, method: str, path: str) -> None:
    answer = whole.request(method, path, json={})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


def test_a_control_request_that_fails_raises(whole: Client) -> None:
    with pytest.raises(requests.HTTPError):
        whole.mutate("moons", "edit")
