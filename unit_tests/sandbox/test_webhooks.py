"""Webhooks: registering, payloads, retries, bans, removal."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from pipedrive_sandbox.webhooks.payloads import DOCUMENTED
from unit_tests.sandbox.receiver import HOOK, Receiver, settled

if TYPE_CHECKING:
    from unit_tests.sandbox.client import Client


def test_a_webhook_is_registered_listed_and_deleted(own: Client) -> None:
    body = {
        **HOOK,
        "subscription_url": "https://hooks.example.com/pipedrive",
        "http_auth_user": "u",
    }
    made = own.write("POST", "/v1/webhooks", body)

    assert (made["status"], made["success"]) == ("ok", True)
    assert own.body("/v1/webhooks")["data"] == own.rows("webhooks") == [made["data"]]
    assert made["data"]["is_active"] == 1
    assert own.write("DELETE", f"/v1/webhooks/{made['data']['id']}") == {
        "status": "ok",
        "success": True,
    }
    assert own.body("/v1/webhooks")["data"] == []
    assert own.request("DELETE", "/v1/webhooks/1").json()["errors"] == {"id": ["not found"]}


@pytest.mark.parametrize(
    ("changes", "culprit"),
    [
        ({"subscription_url": "nowhere"}, "subscription_url"),
        ({"subscription_url": "https://api.pipedrive.com/v1/deals"}, "subscription_url"),
        ({"event_action": "added"}, "event_action"),
        ({"event_object": "moon"}, "event_object"),
        ({"name": ""}, "name"),
        ({"version": "1.0"}, "version"),
    ],
)
def test_a_bad_webhook_is_refused(whole: Client, changes: dict[str, Any], culprit: str) -> None:
    body = {**HOOK, "subscription_url": "https://hooks.example.com", **changes}
    answer = whole.request("POST", "/v1/webhooks", json=body)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {culprit}


def test_forty_webhooks_are_enough(own: Client) -> None:
    body = {**HOOK, "subscription_url": "https://hooks.example.com"}
    for _ in range(40):
        own.write("POST", "/v1/webhooks", body)

    assert own.request("POST", "/v1/webhooks", json=body).status_code == 422


def test_only_administrators_see_webhooks(whole: Client) -> None:
    assert whole.as_profile("regular").get("/v1/webhooks").status_code == 403


def test_creation_change_and_deletion_are_reported(hooked: Client, receiver: Receiver) -> None:
    (deal,) = hooked.mutate("deals", "create", set={"title": "New"})
    hooked.mutate("deals", "edit", ids=[deal], set={"title": "Newer"})
    hooked.mutate("deals", "delete", ids=[deal])

    received = {each["meta"]["action"]: each for each in receiver.wait(3)}

    created, changed, deleted = received["create"], received["change"], received["delete"]
    assert created["previous"] is None
    assert (created["data"]["title"], created["data"]["update_time"]) == ("New", None)
    assert created["data"]["visible_to"] == "3"
    assert changed["previous"] == {"title": "New"}
    assert changed["data"]["title"] == "Newer"
    assert deleted["data"] is None
    assert deleted["previous"]["title"] == "Newer"
    meta = created["meta"]
    assert meta["entity"] == "deal"
    assert meta["entity_id"] == str(deal)
    assert (meta["version"], meta["attempt"], meta["is_bulk_edit"]) == ("2.0", 1, False)
    assert meta["timestamp"].endswith("Z")
    assert "1" in meta["permitted_user_ids"]
    assert len({each["meta"]["id"] for each in received.values()}) == 3


def test_custom_values_come_in_typed_wrappers(hooked: Client, receiver: Receiver) -> None:
    fields = {row["field_name"]: row["field_code"] for row in hooked.rows("deal_fields")}
    given = {
        "Contract type": (101, {"id": 101, "type": "enum"}),
        "Regions": ([101, 102], {"values": [{"id": 101}, {"id": 102}], "type": "set"}),
        "Budget": (
            {"value": 5, "currency": "EUR"},
            {"value": 5, "currency": "EUR", "type": "monetary"},
        ),
        "Contract period": (
            {"value": "2026-01-01", "until": "2026-02-01"},
            {"from": "2026-01-01", "until": "2026-02-01", "type": "daterange"},
        ),
        "Call time": (
            {"value": "10:00:00", "timezone_id": 83, "timezone_name": "Europe/Tallinn"},
            {"value": "10:00:00", "timezone_id": 83, "type": "time"},
        ),
        "Account manager": (2, {"id": 2, "type": "user"}),
        "Hotline": ("123", {"type": "phone", "value": "123"}),
        "Score": (1.5, {"type": "double", "value": 1.5}),
    }
    custom = {fields[name]: value for name, (value, _) in given.items()}
    hooked.mutate("deals", "create", set={"custom_fields": custom})

    (created,) = receiver.wait(1)

    wrapped = created["data"]["custom_fields"]
    assert {name: wrapped[fields[name]] for name in given} == {
        name: wrapper for name, (_, wrapper) in given.items()
    }
    assert wrapped[fields["Briefing"]] is None


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("activities", "activity"),
        ("leads", "lead"),
        ("notes", "note"),
        ("organizations", "organization"),
        ("persons", "person"),
        ("pipelines", "pipeline"),
        ("products", "product"),
        ("stages", "stage"),
        ("users", "user"),
        ("projects", "project"),
        ("tasks", "task"),
        ("deal_products", "deal_product"),
        ("installments", "deal_installment"),
    ],
)
def test_every_object_is_reported(
    hooked: Client,
    receiver: Receiver,
    table: str,
    kind: str,
) -> None:
    hooked.mutate(table, "edit")

    (changed,) = receiver.wait(1)

    assert changed["meta"]["entity"] == kind
    assert changed["meta"]["action"] == "change"
    assert changed["previous"]
    old = {name: changed["data"][name] for name in changed["previous"]}
    assert all(old[name] != value for name, value in changed["previous"].items())
    hidden = {"deleted_at", "deal_links", "assignees"}
    assert not hidden & set(changed["data"])
    if kind in DOCUMENTED - {"deal", "lead", "user", "activity", "note", "organization", "person"}:
        assert "is_deleted" not in changed["data"]


def test_a_user_is_never_deleted_but_deactivated(hooked: Client, receiver: Receiver) -> None:
    hooked.mutate("users", "delete", ids=[2])

    (received,) = receiver.wait(1)

    assert (received["meta"]["action"], received["data"]["active_flag"]) == ("change", False)
    assert received["data"]["id"] == received["meta"]["id"] == "2"
    assert isinstance(received["meta"]["timestamp"], int)
    assert "permitted_user_ids" not in received["meta"]


def test_a_merge_is_a_deletion_and_a_change(hooked: Client, receiver: Receiver) -> None:
    keys = [row["id"] for row in hooked.body("/api/v2/organizations", limit=2)["data"]]
    hooked.mutate("organizations", "merge", ids=keys)
    settled(hooked)

    metas = [each["meta"] for each in receiver.taken if each["meta"]["entity"] == "organization"]
    found = {meta["action"]: meta for meta in metas}

    assert (found["delete"]["entity_id"], found["delete"]["merged_to_id"]) == tuple(map(str, keys))
    assert found["change"]["merged_from_id"] == str(keys[0])


def test_basic_auth_is_sent(own: Client, receiver: Receiver) -> None:
    secret = {"http_auth_user": "pipedrive", "http_auth_password": "pässword"}
    own.write("POST", "/v1/webhooks", {**HOOK, **secret, "subscription_url": receiver.url})
    own.mutate("persons", "create")
    receiver.wait(1)

    headers = {name.lower(): value for name, value in receiver.headers[0].items()}
    expected = base64.b64encode("pipedrive:pässword".encode()).decode()
    assert headers["authorization"] == f"Basic {expected}"
    assert headers["content-type"] == "application/json"


def test_only_subscribed_events_are_reported(own: Client, receiver: Receiver) -> None:
    body = {**HOOK, "event_action": "delete", "event_object": "deal"}
    own.write("POST", "/v1/webhooks", {**body, "subscription_url": receiver.url})
    own.mutate("deals", "edit", ids=[1], set={"title": "x"})
    own.mutate("persons", "delete", ids=[1])
    own.mutate("deals", "delete", ids=[1])

    (received,) = receiver.wait(1)

    assert (received["meta"]["entity"], received["meta"]["action"]) == ("deal", "delete")
    assert settled(own)["attempts"] == 1
