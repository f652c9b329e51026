"""Writes: what they change, when they are stamped, what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from unit_tests.sandbox.client import Client

NEW: dict[str, tuple[str, dict[str, Any], str]] = {
    "deals": ("/api/v2/deals", {"title": "New"}, "PATCH"),
    "persons": ("/api/v2/persons", {"name": "Ada Lovelace"}, "PATCH"),
    "organizations": ("/api/v2/organizations", {"name": "New"}, "PATCH"),
    "activities": ("/api/v2/activities", {"subject": "New"}, "PATCH"),
    "products": ("/api/v2/products", {"name": "New"}, "PATCH"),
    "notes": ("/v1/notes", {"content": "New", "deal_id": 1}, "PUT"),
    "leads": ("/v1/leads", {"title": "New", "person_id": 1}, "PATCH"),
    "projects": ("/api/v2/projects", {"title": "New", "deal_ids": [1]}, "PATCH"),
    "tasks": ("/api/v2/tasks", {"title": "New", "project_id": 1, "done": 0}, "PATCH"),
}
STAMPED_LATER = ["deals", "persons", "organizations", "activities", "products", "notes", "leads"]


def row_of(client: Client, stream: str, key: object) -> dict[str, Any] | None:
    return next((row for row in client.dump(stream) if row["id"] == key), None)


@pytest.mark.parametrize("stream", STAMPED_LATER)
def test_a_new_row_gets_its_update_time_a_moment_later(own: Client, stream: str) -> None:
    path, body, _ = NEW[stream]
    own.control("POST", "/clock", {"freeze": True})
    made = own.write("POST", path, body)["data"]

    own.control("POST", "/clock", {"advance": 1})
    early = own.body(f"{path}/{made['id']}")["data"]
    own.control("POST", "/clock", {"advance": 1})
    late = own.body(f"{path}/{made['id']}")["data"]

    assert (made["update_time"], early["update_time"]) == (None, None)
    assert late["update_time"] == made["add_time"]
    assert early | {"update_time": None} == late | {"update_time": None}


def test_the_id_of_a_deleted_row_is_not_given_again(own: Client) -> None:
    first = own.write("POST", "/api/v2/persons", {"name": "Ada Lovelace"})["data"]["id"]
    own.write("DELETE", f"/api/v2/persons/{first}")

    assert own.write("POST", "/api/v2/persons", {"name": "Grace Hopper"})["data"]["id"] == first + 1


@pytest.mark.parametrize("stream", NEW)
def test_an_edit_bumps_update_time_and_a_deletion_takes_the_row_away(
    own: Client,
    stream: str,
) -> None:
    path, body, method = NEW[stream]
    key = own.write("POST", path, body)["data"]["id"]
    own.control("POST", "/clock", {"freeze": True, "advance": 60})
    name = next(iter(body))

    edited = own.write(method, f"{path}/{key}", {name: "Edited"})["data"]

    assert edited[name] == "Edited"
    assert edited["update_time"][:19].replace(" ", "T") == own.control("GET", "/clock")["now"][:19]
    held = row_of(own, stream, key)
    assert held is not None
    assert {name: held[name] for name in edited} == edited

    own.write("DELETE", f"{path}/{key}")

    gone = row_of(own, stream, key)
    if stream in {"deals", "projects"}:
        assert gone is not None
        assert gone.get("is_deleted", gone.get("status")) in {True, "deleted"}
    else:
        assert gone is None
    assert own.request("DELETE", f"{path}/{key}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v2/deals", {}),
        ("POST", "/api/v2/deals", {"title": "x", "colour": "red"}),
        ("POST", "/api/v2/deals", {"title": 1}),
        ("POST", "/api/v2/deals", {"title": "x", "value": "much"}),
        ("POST", "/api/v2/deals", {"title": "x", "stage_id": 999}),
        ("POST", "/api/v2/deals", {"title": "x", "custom_fields": {"nothing": 1}}),
        ("POST", "/api/v2/deals", ["title"]),
        ("PATCH", "/api/v2/deals/1", {"status": "stolen"}),
        ("POST", "/v1/leads", {"title": "linked to nobody"}),
        ("POST", "/v1/notes", {"content": "linked to nothing"}),
        ("PUT", "/v1/persons/1/merge", {"merge_with_id": 1}),
        ("POST", "/api/v2/dealFields", {"field_name": "x", "field_type": "moon"}),
        ("POST", "/api/v2/dealFields", {"field_name": "x", "field_type": "enum"}),
    ],
)
def test_a_bad_body_is_refused(whole: Client, method: str, path: str, body: object) -> None:
    answer = whole.request(method, path, json=body)

    assert answer.status_code == 400
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("path", "table"),
    [("/api/v2/deals", "deals"), ("/v1/leads", "leads")],
)
def test_archiving_moves_a_row_between_the_lists(own: Client, path: str, table: str) -> None:
    def lists() -> tuple[bool, bool]:
        live, archived = own.walk(path), own.walk(f"{path}/archived")
        return key in [row["id"] for row in live], key in [row["id"] for row in archived]

    key = own.body(path, limit=1)["data"][0]["id"]
    moved = own.write("PATCH", f"{path}/{key}", {"is_archived": True})["data"]
    assert moved["archive_time"] == moved["update_time"]
    assert lists() == (False, True)
    held = row_of(own, table, key)
    assert held is not None
    assert held["is_archived"] is True
    assert own.request("PATCH", f"{path}/{key}", json={"title": "x"}).status_code == 400

    back = own.write("PATCH", f"{path}/{key}", {"is_archived": False})["data"]
    assert back["archive_time"] is None
    assert lists() == (True, False)


@pytest.mark.parametrize("table", ["deals", "persons", "organizations"])
def test_a_merge_takes_the_loser_and_changes_the_winner(own: Client, table: str) -> None:
    loser, winner = (row["id"] for row in own.body(f"/api/v2/{table}", limit=2)["data"])

    merged = own.write("PUT", f"/v1/{table}/{loser}/merge", {"merge_with_id": winner})["data"]

    assert (merged["id"], merged["merge_what_id"]) == (winner, loser)
    assert loser not in [row["id"] for row in own.walk(f"/api/v2/{table}")]
    if table == "persons":
        assert loser not in {row["person_id"] for row in own.dump("deals")}


def test_winning_a_deal_closes_it(own: Client) -> None:
    deal = own.write("POST", "/api/v2/deals", {"title": "x", "stage_id": 8})["data"]
    won = own.write("PATCH", f"/api/v2/deals/{deal['id']}", {"status": "won"})["data"]

    assert deal["pipeline_id"] == 2
    assert won["won_time"] == won["close_time"] == won["update_time"]
    assert won["lost_time"] is None


def test_a_deleted_deal_can_be_brought_back(own: Client) -> None:
    own.write("DELETE", "/api/v2/deals/1")
    assert 1 in {row["id"] for row in own.walk("/api/v2/deals", status="deleted")}

    own.write("PATCH", "/api/v2/deals/1", {"is_deleted": False})

    assert 1 not in {row["id"] for row in own.walk("/api/v2/deals", status="deleted")}
    assert own.body("/api/v2/deals/1")["data"]["is_deleted"] is False


def test_changes_are_logged_newest_first(own: Client) -> None:
    own.write("PATCH", "/api/v2/deals/1", {"title": "first"})
    own.write("PATCH", "/api/v2/deals/1", {"title": "second"})

    newest = own.body("/v1/deals/1/changelog", limit=1)["data"][0]

    assert (newest["field_key"], newest["old_value"], newest["new_value"]) == (
        "title",
        "first",
        "second",
    )


def test_a_product_line_is_added_changed_and_removed(own: Client) -> None:
    line = {"product_id": 1, "item_price": 10.5, "quantity": 3}
    made = own.write("POST", "/api/v2/deals/2/products", line)["data"]
    path = f"/api/v2/deals/2/products/{made['id']}"

    assert (made["deal_id"], made["sum"]) == (2, 31.5)
    assert own.write("PATCH", path, {"quantity": 2})["data"]["sum"] == 21
    own.write("DELETE", path)
    assert row_of(own, "deal_products", made["id"]) is None


def test_a_custom_field_comes_is_renamed_and_goes(own: Client) -> None:
    body = {"field_name": "Mood", "field_type": "enum", "options": [{"label": "good"}]}
    code = own.write("POST", "/api/v2/dealFields", body)["data"]["field_code"]
    path = f"/api/v2/dealFields/{code}"

    assert {row["custom_fields"][code] for row in own.walk("/api/v2/deals")} == {None}
    added = own.write("POST", f"{path}/options", [{"label": "bad"}])["data"]
    option = added[-1]["id"]
    own.write("PATCH", "/api/v2/deals/1", {"custom_fields": {code: option}})
    own.write("PATCH", path, {"field_name": "Temper"})
    assert own.body(path)["data"]["field_name"] == "Temper"
    names = [row["name"] for row in own.walk("/v1/leadFields") if row["key"] == code]
    assert names == ["Temper"]

    own.write("DELETE", f"{path}/options", [{"id": option}])
    assert own.body("/api/v2/deals/1")["data"]["custom_fields"][code] == option
    own.write("DELETE", path)
    assert own.get(path).status_code == 404
    assert code not in own.body("/api/v2/deals/1")["data"]["custom_fields"]


@pytest.mark.parametrize("action", ["edit", "archive", "delete", "create", "merge"])
def test_the_control_route_changes_many_rows(own: Client, action: str) -> None:
    before = {row["id"]: row for row in own.dump("deals")}
    body = {"table": "deals", "action": action, "count": 4, "seed": 3}

    keys = own.control("POST", "/mutate", body)["ids"]

    after = {row["id"]: row for row in own.dump("deals")}
    touched = {key for key, row in after.items() if before.get(key) != row}
    flat = {key for each in keys for key in (each if isinstance(each, list) else [each])}
    assert flat <= touched
    assert len(flat) == (8 if action == "merge" else 4)
