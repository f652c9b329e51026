import json
from typing import Any

import pytest

from source_pipedrive.inbox.event import UnreadableEventError, milliseconds, read_event
from unit_tests.inbox.deliveries import a_delivery, an_event


def test_the_whole_delivery_is_kept() -> None:
    delivery = a_delivery("change", entity="person", entity_id=12, attempt=2)

    event = read_event(json.dumps(delivery).encode())

    assert (event.object, event.object_id, event.action) == ("person", "12", "change")
    assert (event.id, event.attempt) == (delivery["meta"]["id"], 2)
    assert json.loads(event.payload) == delivery


def test_half_a_character_in_a_text_is_replaced() -> None:
    delivery = a_delivery("change")
    delivery["data"]["title"] = "A good deal \ud83d"

    event = read_event(json.dumps(delivery).encode())

    assert json.loads(event.payload)["data"]["title"] == "A good deal \ufffd"


def test_a_retry_is_the_same_event() -> None:
    first = an_event(id="6ab1e2c4", attempt=1)
    retry = an_event(id="6ab1e2c4", attempt=2)

    assert first.id == retry.id


def test_two_events_about_a_user_differ_although_both_have_the_id_of_the_user() -> None:
    first = an_event(entity="user", entity_id=23, id="23", at=1777629600)
    second = an_event(entity="user", entity_id=23, id="23", at=1777629661)

    assert first.id != second.id


@pytest.mark.parametrize(
    "timestamp",
    ["2026-05-01T10:00:00.000Z", "2026-05-01T10:00:00Z", "2026-05-01 10:00:00", 1777629600],
)
def test_both_forms_of_a_timestamp_are_read_as_utc(timestamp: object) -> None:
    assert milliseconds(timestamp) == 1777629600000


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        (b"", "not JSON"),
        (b'{"meta": {', "not JSON"),
        (b"[]", "no `meta`"),
        (b'{"current": {}}', "no `meta`"),
        (b'{"meta": "create"}', "no `meta`"),
        (
            b'{"v":1,"event":"added.deal","current":{"id":8},"meta":{"action":"added"}}',
            "webhooks v1",
        ),
    ],
)
def test_a_body_that_is_not_a_delivery_is_rejected(body: bytes, phrase: str) -> None:
    with pytest.raises(UnreadableEventError, match=phrase):
        read_event(body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("action", "added"),
        ("action", None),
        ("id", None),
        ("id", ""),
        ("entity", {"deal": 1}),
        ("entity_id", "1" * 201),
        ("timestamp", "yesterday"),
        ("timestamp", 12),
        ("timestamp", None),
    ],
)
def test_an_event_that_the_inbox_could_not_store_is_rejected(name: str, value: Any) -> None:
    delivery = a_delivery()
    delivery["meta"][name] = value

    with pytest.raises(UnreadableEventError, match=f"meta.{name}"):
        read_event(json.dumps(delivery).encode())


def test_an_event_loses_the_character_that_no_warehouse_takes() -> None:
    delivery = a_delivery()
    delivery["meta"]["id"] = "a\x00b"
    delivery["data"]["title"] = "Pump\x00s"

    event = read_event(json.dumps(delivery).encode())

    assert event.id == "ab"
    assert json.loads(event.payload)["data"]["title"] == "Pumps"


@pytest.mark.parametrize("block", ["data", "previous"])
def test_a_row_that_is_not_an_object_is_rejected(block: str) -> None:
    delivery = a_delivery() | {block: ["won"]}

    with pytest.raises(UnreadableEventError, match=block):
        read_event(json.dumps(delivery).encode())
