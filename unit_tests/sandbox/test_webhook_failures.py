"""Webhooks whose deliveries fail: retries, bans, removal, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unit_tests.sandbox.receiver import FAST, HOOK, Receiver, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit_tests.sandbox.client import Client


def test_a_failure_is_repeated_three_times_with_the_same_id(
    hooked: Client,
    receiver: Receiver,
) -> None:
    receiver.statuses = [500, 302, 404]
    hooked.mutate("persons", "create")

    received = receiver.wait(4)

    assert [each["meta"]["attempt"] for each in received] == [1, 2, 3, 4]
    assert len({each["meta"]["id"] for each in received}) == 1
    assert settled(hooked) | {"banned_seconds": 0} == {
        "attempts": 4,
        "delivered": 1,
        "given_up": 0,
        "lost": 0,
        "pending": 0,
        "first_failures": 1,
        "banned_seconds": 0,
    }
    assert hooked.body("/v1/webhooks")["data"][0]["last_http_status"] == 200


def test_ten_failed_first_attempts_bring_a_ban_during_which_events_are_lost(
    hooked: Client,
    receiver: Receiver,
) -> None:
    hooked.control("clock", "POST", freeze=True)
    receiver.statuses = [500] * 40
    hooked.mutate("persons", "edit", count=10)
    settled(hooked)

    hooked.mutate("persons", "edit", count=2)
    banned = settled(hooked)
    hooked.control("clock", "POST", advance=1800 / FAST["webhook_time_factor"] + 1)
    hooked.mutate("persons", "edit", count=1)
    after = settled(hooked)

    assert (banned["given_up"], banned["lost"]) == (10, 2)
    assert banned["banned_seconds"] > 0
    assert (after["lost"], after["delivered"], after["first_failures"]) == (2, 1, 0)


def test_three_days_without_success_end_a_webhook(hooked: Client, receiver: Receiver) -> None:
    receiver.statuses = [500] * 4
    hooked.mutate("persons", "edit", count=1)
    settled(hooked)
    hooked.control("clock", "POST", advance=3 * 86_400)

    (hook,) = hooked.body("/v1/webhooks")["data"]
    hooked.mutate("persons", "edit", count=1)

    assert (hook["is_active"], hook["last_http_status"]) == (0, 500)
    assert hook["remove_time"]
    assert "3 days" in hook["remove_reason"]
    assert settled(hooked)["attempts"] == 4


def test_an_unreachable_receiver_is_a_failure(
    start: Callable[..., Client],
    receiver: Receiver,
) -> None:
    client = start()
    client.control("settings", "POST", **FAST)
    url = "http://127.0.0.1:9/closed"
    client.write("POST", "/v1/webhooks", {**HOOK, "subscription_url": url})
    client.mutate("persons", "create")

    assert settled(client)["given_up"] == 1
    assert receiver.taken == []


def test_duplicates_and_disorder_come_on_demand(hooked: Client, receiver: Receiver) -> None:
    chaos = {"webhook_duplicates": 1.0, "webhook_disorder": 0.1}
    hooked.control("settings", "POST", **chaos)
    edit = {"table": "persons", "action": "edit", "count": 20}
    edited = hooked.control("mutate", "POST", **edit)["ids"]

    received = receiver.wait(40)

    assert len({each["meta"]["id"] for each in received}) == 20
    order = list(dict.fromkeys(int(each["meta"]["entity_id"]) for each in received))
    assert set(order) == set(edited)
    assert order != edited
