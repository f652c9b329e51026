import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from source_pipedrive.inbox import payloads

KEY = "9c2f6e0b4d1a83f7559e0c7b2a64d18e3f90b6c5"

# Each kind of object as in the examples of
# https://pipedrive.readme.io/docs/webhooks-v2-migration-guide, and the same row in the API.
ROWS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "activity": (
        {
            "id": 2,
            "subject": "Site visit",
            "type": "meeting",
            "active_flag": True,
            "busy_flag": None,
            "done": False,
            "due_date": "2026-05-04",
            "due_time": {"timezone_id": None, "value": ""},
            "duration": {"timezone_id": 42, "value": "01:30"},
            "deal_id": 10,
            "location": None,
            "custom_fields": {},
            "add_time": "2026-05-01T09:00:00Z",
            "update_time": "2026-05-01T10:00:00Z",
            "update_user_id": None,
        },
        {
            "id": 2,
            "subject": "Site visit",
            "type": "meeting",
            "is_deleted": False,
            "busy": None,
            "done": False,
            "due_date": "2026-05-04",
            "due_time": None,
            "duration": "01:30",
            "deal_id": 10,
            "location": None,
            "add_time": "2026-05-01T09:00:00Z",
            "update_time": "2026-05-01T10:00:00Z",
        },
    ),
    "deal": (
        {
            "id": 8,
            "title": "Pump",
            "value": 1200.5,
            "currency": "EUR",
            "label_ids": [24, 25],
            "visible_to": "3",
            "update_time": None,
            "custom_fields": {KEY: {"type": "double", "value": 3}},
        },
        {
            "id": 8,
            "title": "Pump",
            "value": 1200.5,
            "currency": "EUR",
            "label_ids": [24, 25],
            "visible_to": 3,
            "update_time": None,
            "custom_fields": {KEY: 3},
        },
    ),
    "lead": (
        {
            "id": "5c7e3f52-0a53-4b6d-8f6e-1d9d0a6f2c11",
            "title": "Wants a pump",
            "label_ids": ["8d0c8b3a-4f67-4f0c-9a15-6b1d5f0e7a22"],
            "value": {"amount": 300, "currency": "EUR"},
            "custom_fields": {KEY: {"type": "monetary", "value": 5, "currency": "SEK"}},
            "update_time": "2026-05-01T10:00:00.386Z",
        },
        {
            "id": "5c7e3f52-0a53-4b6d-8f6e-1d9d0a6f2c11",
            "title": "Wants a pump",
            "label_ids": ["8d0c8b3a-4f67-4f0c-9a15-6b1d5f0e7a22"],
            "value": {"amount": 300, "currency": "EUR"},
            KEY: 5,
            f"{KEY}_currency": "SEK",
            "update_time": "2026-05-01T10:00:00.386Z",
        },
    ),
    "note": (
        {
            "id": 1,
            "user_id": 23,
            "content": "Called back",
            "active_flag": True,
            "pinned_to_deal_flag": False,
            "add_time": "2026-05-01T09:00:00Z",
            "update_time": "2026-05-01T10:00:00Z",
        },
        {
            "id": 1,
            "user_id": 23,
            "content": "Called back",
            "active_flag": True,
            "pinned_to_deal_flag": False,
            "add_time": "2026-05-01 09:00:00",
            "update_time": "2026-05-01 10:00:00",
        },
    ),
    "organization": (
        {
            "id": 1,
            "name": "Ōsaka Pumps",
            "address": None,
            "country_code": None,
            "picture_id": None,
            "label": 7,
            "visible_to": "5",
            "custom_fields": {},
        },
        {
            "id": 1,
            "name": "Ōsaka Pumps",
            "address": None,
            "label_ids": [7],
            "visible_to": 5,
            "custom_fields": {},
        },
    ),
    "person": (
        {
            "id": 8,
            "name": "Ada Berg",
            "emails": [],
            "label": None,
            "visible_to": "3",
            "custom_fields": {},
        },
        {
            "id": 8,
            "name": "Ada Berg",
            "emails": [],
            "label_ids": [],
            "visible_to": 3,
            "custom_fields": {},
        },
    ),
    "pipeline": (
        {
            "id": 9,
            "name": "Service",
            "url_title": "Service",
            "order_nr": 4,
            "active_flag": False,
            "deal_probability": True,
            "update_time": "2026-05-01T10:00:00Z",
        },
        {
            "id": 9,
            "name": "Service",
            "order_nr": 4,
            "is_deleted": True,
            "is_deal_probability_enabled": True,
            "update_time": "2026-05-01T10:00:00Z",
        },
    ),
    "product": (
        {
            "id": 1,
            "name": "Pump P3",
            "category": 18,
            "selectable": True,
            "tax": 2,
            "visible_to": "3",
            "prices": [{"product_id": 1, "price": 234, "currency": "EUR"}],
            "custom_fields": {},
        },
        {
            "id": 1,
            "name": "Pump P3",
            "category": "18",
            "is_linkable": True,
            "tax": 2,
            "visible_to": 3,
            "prices": [{"product_id": 1, "price": 234, "currency": "EUR"}],
            "custom_fields": {},
        },
    ),
    "stage": (
        {
            "id": 48,
            "name": "Offer",
            "active_flag": True,
            "rotten_flag": True,
            "rotten_days": 30,
            "deal_probability": 60,
            "pipeline_id": 1,
        },
        {
            "id": 48,
            "name": "Offer",
            "is_deleted": False,
            "is_deal_rot_enabled": True,
            "days_to_rotten": 30,
            "deal_probability": 60,
            "pipeline_id": 1,
        },
    ),
    "user": (
        {
            "id": "23",
            "name": "Kai Tamm",
            "lang": "en-GB",
            "active_flag": False,
            "created": "2026-05-01 09:00:00",
            "modified": "2026-05-01 10:00:00",
            "access": None,
        },
        {
            "id": 23,
            "name": "Kai Tamm",
            "active_flag": False,
            "created": "2026-05-01 09:00:00",
            "modified": "2026-05-01 10:00:00",
            "access": None,
        },
    ),
}

# The wrapper, the value in API v2, and the flat keys that leads have (`""` is the key itself).
CUSTOM_VALUES: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "varchar": ({"value": "By post"}, "By post", {"": "By post"}),
    "varchar_auto": ({"value": "Berg"}, "Berg", {"": "Berg"}),
    "text": ({"value": "Long\ntext"}, "Long\ntext", {"": "Long\ntext"}),
    "double": ({"value": 12.5}, 12.5, {"": 12.5}),
    "phone": ({"value": "0123-45"}, "0123-45", {"": "0123-45"}),
    "date": ({"value": "2026-05-04"}, "2026-05-04", {"": "2026-05-04"}),
    "monetary": (
        {"value": 200, "currency": "EUR"},
        {"value": 200, "currency": "EUR"},
        {"": 200, "_currency": "EUR"},
    ),
    "daterange": (
        {"from": "2026-05-04", "until": "2026-05-08"},
        {"value": "2026-05-04", "until": "2026-05-08"},
        {"": "2026-05-04", "_until": "2026-05-08"},
    ),
    "time": (
        {"value": "08:45:00", "timezone_id": 310},
        {"value": "08:45:00", "timezone_id": 310},
        {"": "08:45:00", "_timezone_id": 310},
    ),
    "timerange": (
        {"from": "08:00:00", "until": "09:15:00", "timezone_id": 310},
        {"value": "08:00:00", "until": "09:15:00", "timezone_id": 310},
        {"": "08:00:00", "_until": "09:15:00", "_timezone_id": 310},
    ),
    "address": (
        {"value": "Kai 3, Turku", "locality": "Turku", "formatted_address": "Kai 3, 20100 Turku"},
        {"value": "Kai 3, Turku", "locality": "Turku", "formatted_address": "Kai 3, 20100 Turku"},
        {"": "Kai 3, Turku", "_locality": "Turku", "_formatted_address": "Kai 3, 20100 Turku"},
    ),
    "enum": ({"id": 17}, 17, {"": "17"}),
    "set": ({"values": [{"id": 13}, {"id": 14}]}, [13, 14], {"": "13,14"}),
    "people": ({"id": 178}, 178, {"": 178}),
    "org": ({"id": 1}, 1, {"": 1}),
    "user": ({"id": 23}, 23, {"": 23}),
}


def violations(kind: str, row: dict[str, Any]) -> list[str]:
    folder = files("source_pipedrive") / "schemas"
    shared = [
        (path.name, Resource.from_contents(json.loads(path.read_text()), DRAFT7))
        for path in (folder / "shared").iterdir()
    ]
    schema = json.loads((folder / f"{payloads.STREAMS[kind]}.json").read_text())
    validator = Draft7Validator(schema, registry=Registry().with_resources(shared))
    return [error.message for error in validator.iter_errors(row)]


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_is_converted_to_the_format_of_the_api(kind: str) -> None:
    delivered, expected = ROWS[kind]

    row = payloads.to_api(kind, delivered)

    assert row == expected
    assert violations(kind, row) == []


@pytest.mark.parametrize("kind", sorted(payloads.STREAMS.keys() - ROWS.keys()))
def test_a_row_without_a_published_example_is_converted_to_the_types_of_its_schema(
    kind: str,
) -> None:
    row = payloads.to_api(kind, {"id": "31", "add_time": "2026-05-01 10:00:00"})

    assert row["id"] == 31
    assert row["add_time"] in {"2026-05-01T10:00:00Z", "2026-05-01 10:00:00"}
    assert violations(kind, row) == []


@pytest.mark.parametrize("field_type", CUSTOM_VALUES)
def test_a_custom_value_is_converted_to_the_format_of_api_v2(field_type: str) -> None:
    wrapped, expected, _ = CUSTOM_VALUES[field_type]

    row = payloads.to_api("deal", {"custom_fields": {KEY: {"type": field_type, **wrapped}}})

    assert row == {"custom_fields": {KEY: expected}}


@pytest.mark.parametrize("field_type", CUSTOM_VALUES)
def test_a_custom_value_of_a_lead_is_converted_to_flat_keys(field_type: str) -> None:
    wrapped, _, parts = CUSTOM_VALUES[field_type]

    row = payloads.to_api("lead", {"custom_fields": {KEY: {"type": field_type, **wrapped}}})

    assert row == {f"{KEY}{suffix}": value for suffix, value in parts.items()}


@pytest.mark.parametrize("kind", ["deal", "lead"])
def test_an_unset_custom_value_stays_null(kind: str) -> None:
    row = payloads.to_api(kind, {"custom_fields": {KEY: None}})

    assert row.get("custom_fields", row)[KEY] is None


def test_a_custom_value_of_an_unknown_type_is_kept() -> None:
    wrapper = {"type": "hologram", "value": 1, "angle": 30}

    row = payloads.to_api("deal", {"custom_fields": {KEY: wrapper}})

    assert row["custom_fields"][KEY] == {"value": 1, "angle": 30}


def test_an_unknown_field_is_kept() -> None:
    assert payloads.to_api("deal", {"mood": "good"}) == {"mood": "good"}


def test_a_row_in_the_format_of_the_api_stays_unchanged() -> None:
    for kind, (_, row) in ROWS.items():
        assert payloads.to_api(kind, row) == row


class TestTombstone:
    def test_is_the_last_row_marked_as_deleted_at_the_time_of_the_event(self) -> None:
        delivered, expected = ROWS["deal"]

        row = payloads.tombstone("deal", "8", delivered, 1777629600123, None)

        assert row == expected | {
            "is_deleted": True,
            "update_time": "2026-05-01T10:00:00Z",
            "merged_into_id": None,
        }
        assert violations("deal", row) == []

    @pytest.mark.parametrize(
        ("kind", "written"),
        [
            ("deal", "2026-05-01T10:00:00Z"),
            ("note", "2026-05-01 10:00:00"),
            ("lead", "2026-05-01T10:00:00.123Z"),
        ],
    )
    def test_writes_its_time_in_the_form_of_the_object(self, kind: str, written: str) -> None:
        last = {"update_time": "2026-04-30T10:00:00.000Z" if kind == "lead" else None}

        row = payloads.tombstone(kind, "8", last, 1777629600123, None)

        assert row["update_time"] == written

    def test_is_never_older_than_the_row_it_replaces(self) -> None:
        last = {"id": 8, "update_time": "2026-05-01T10:00:07Z"}

        row = payloads.tombstone("deal", "8", last, 1777629600123, None)

        assert row["update_time"] == "2026-05-01T10:00:07Z"

    def test_names_the_row_it_was_merged_into(self) -> None:
        row = payloads.tombstone("person", "8", {"id": 8}, 1777629600123, "12")

        assert (row["id"], row["merged_into_id"]) == (8, 12)

    def test_clears_the_active_flag_of_api_v1_too(self) -> None:
        row = payloads.tombstone("note", "1", ROWS["note"][0], 1777629600123, None)

        assert (row["is_deleted"], row["active_flag"]) == (True, False)

    def test_has_no_time_where_the_object_has_none(self) -> None:
        row = payloads.tombstone("deal_installment", "5", {"id": 5}, 1777629600123, None)

        assert "update_time" not in row

    def test_needs_nothing_but_the_id(self) -> None:
        row = payloads.tombstone("lead", "5c7e3f52", {}, 1777629600123, None)

        assert (row["id"], row["is_deleted"]) == ("5c7e3f52", True)


class TestChanges:
    def test_of_an_edit_are_the_changed_fields(self) -> None:
        data = {"id": 8, "title": "Pump", "visible_to": "3", "value": 5}
        previous = {"title": "Valve", "visible_to": "5"}

        assert payloads.changes("deal", data, previous) == {
            "title": {"old": "Valve", "new": "Pump"},
            "visible_to": {"old": 5, "new": 3},
        }

    def test_of_custom_fields_appear_under_their_keys(self) -> None:
        data = {"id": 8, "custom_fields": {KEY: {"type": "enum", "id": 17}}}
        previous = {"custom_fields": {KEY: None}}

        assert payloads.changes("deal", data, previous) == {KEY: {"old": None, "new": 17}}

    def test_of_a_creation_are_all_values(self) -> None:
        data = {"id": 8, "title": "Pump", "value": None}

        assert payloads.changes("deal", data, None) == {
            "id": {"old": None, "new": 8},
            "title": {"old": None, "new": "Pump"},
        }

    def test_of_a_deletion_are_all_values(self) -> None:
        assert payloads.changes("deal", None, {"id": 8, "value": 0}) == {
            "id": {"old": 8, "new": None},
            "value": {"old": 0, "new": None},
        }

    def test_of_an_edit_without_changed_fields_are_empty(self) -> None:
        assert payloads.changes("deal", {"id": 8}, {}) == {}
