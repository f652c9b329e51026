"""Faults by rule: which requests they apply to, and what they do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from unit_tests.sandbox.client import Client

DEALS = {"path": "^/api/v2/deals"}


def script(own: Client, action: dict[str, Any], **match: Any) -> None:
    own.control("faults", "POST", match={**DEALS, **match}, action=action)


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 410, 415, 422, 500, 502, 503, 504, 524]
)
def test_a_status_is_answered_once_and_then_no_more(own: Client, status: int) -> None:
    script(own, {"status": status})

    answer = own.get("/api/v2/deals")

    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert own.get("/api/v2/deals").status_code == 200


def test_a_rule_applies_to_the_nth_requests_that_match(own: Client) -> None:
    script(own, {"status": 500}, **{"method": "GET", "from": 2, "times": 2})
    paths = ("deals", "persons", "deals", "deals", "deals")
    statuses = [own.get(f"/api/v2/{path}").status_code for path in paths]

    assert statuses == [200, 200, 500, 500, 200]
    (rule,) = own.control("faults")
    assert (rule["seen"], rule["hit"]) == (4, 2)
    assert own.control("faults", "DELETE") == []


def test_a_rule_can_apply_to_one_profile_and_without_end(own: Client) -> None:
    script(own, {"status": 403}, profile="regular", times=None)
    regular = own.as_profile("regular")

    assert [regular.get("/api/v2/deals").status_code for _ in range(3)] == [403] * 3
    assert own.get("/api/v2/deals").status_code == 200


@pytest.mark.parametrize(
    ("body", "text", "media_type"),
    [
        ("empty", "", "application/json"),
        ("null", "null", "application/json"),
        ("html", "<!DOCTYPE html>", "text/html"),
        ("unsuccessful", '{"success":false', "application/json"),
        ("truncated", '{"success":true,"data":[{"id":1', "application/json"),
        ("half character", '{"success":true,"data":[{"id":1,"title":"\\ud83d', "application/json"),
        ("marked", '\ufeff{"success":true', "application/json"),
        ({"odd": 1}, '{"odd":1}', "application/json"),
        ("{", "{", "application/json"),
    ],
)
def test_a_200_may_have_any_body(own: Client, body: object, text: str, media_type: str) -> None:
    script(own, {"body": body})

    answer = own.get("/api/v2/deals")

    assert answer.status_code == 200
    assert answer.text.startswith(text)
    assert answer.headers["content-type"].startswith(media_type)


def test_a_429_may_have_no_headers_or_other_headers(own: Client) -> None:
    own.control("settings", "POST", burst=20)
    script(own, {"status": 429, "bare": True})
    headers = {"retry-after": 7, "date": None}
    script(own, {"status": 429, "headers": headers}, **{"from": 2})

    bare, other = own.get("/api/v2/deals"), own.get("/api/v2/deals")

    assert (bare.status_code, other.status_code) == (429, 429)
    assert not [name for name in bare.headers if "ratelimit" in name]
    assert other.headers["retry-after"] == "7"
    assert "date" not in other.headers
    assert other.headers["x-ratelimit-limit"] == "20"


def test_a_reset_connection_is_an_error_and_the_next_one_works(own: Client) -> None:
    script(own, {"reset": True})

    with pytest.raises(requests.ConnectionError):
        own.get("/api/v2/deals")

    assert own.get("/api/v2/deals").status_code == 200


def test_a_connection_can_be_cut_in_the_middle_of_a_body(own: Client) -> None:
    script(own, {"cut": True})

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        own.get("/api/v2/deals")

    assert own.get("/api/v2/deals").status_code == 200


@pytest.mark.parametrize("action", [{"delay": 0.2}, {"drip": 0.2}])
def test_an_answer_can_be_slow(own: Client, action: dict[str, float]) -> None:
    expected = own.body("/api/v2/deals")
    script(own, action)
    began = time.perf_counter()

    assert own.body("/api/v2/deals") == expected
    assert time.perf_counter() - began >= 0.2


def test_rows_change_while_pages_are_read(own: Client) -> None:
    edit = {"table": "deals", "action": "edit", "ids": [1], "set": {"title": "meanwhile"}}
    script(own, {"mutate": edit})

    first = own.body("/api/v2/deals", limit=1)["data"][0]

    assert first["title"] != "meanwhile"
    assert own.body("/api/v2/deals/1")["data"]["title"] == "meanwhile"


def test_rows_may_change_before_the_answer_is_made(own: Client) -> None:
    edit = {"table": "deals", "action": "edit", "ids": [1], "set": {"title": "before"}}
    script(own, {"mutate": edit, "when": "before"})

    assert own.body("/api/v2/deals", limit=1)["data"][0]["title"] == "before"


def test_budget_plan_token_and_clock_change_in_the_middle(own: Client) -> None:
    path = "/api/v2/deals/installments?deal_ids=1"
    script(own, {"settings": {"plan": "lite"}, "clock": {"advance": -600}})
    now = own.control("clock")["epoch"]
    assert own.get(path).status_code == 200
    assert own.get(path).status_code == 403
    assert own.control("clock")["epoch"] <= now - 590

    script(own, {"settings": {"daily_budget": 1}})
    own.get("/api/v2/deals")
    assert own.get("/api/v2/deals").status_code == 429

    own.control("settings", "POST", daily_budget=0)
    script(own, {"token": {"token": own.token, "profile": "api-disabled"}})
    own.get("/api/v2/deals")
    assert own.get("/api/v2/deals").status_code == 401


def test_a_field_can_be_deleted_in_the_middle(own: Client) -> None:
    code = own.rows("deal_fields")[-1]["field_code"]
    script(own, {"mutate": {"table": "fields", "action": "delete", "ids": [code]}})

    first, second = (own.body("/api/v2/deals", limit=1)["data"][0] for _ in range(2))

    assert set(first["custom_fields"]) - set(second["custom_fields"]) == {code}


@pytest.mark.parametrize(
    "rule",
    [
        {"action": {}},
        {"action": {"explode": True}},
        {"match": {"planet": "Mars"}, "action": {"status": 500}},
    ],
)
def test_an_invalid_rule_is_rejected(own: Client, rule: dict[str, Any]) -> None:
    answer = own.request("POST", "/__sandbox/faults", json=rule)

    assert answer.status_code == 400
    assert "actions" in answer.json()["error"]
