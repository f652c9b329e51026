import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from source_pipedrive.inbox import payloads
from unit_tests.inbox.payload_samples import CUSTOM_VALUES, KEY, ROWS


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
    row = payloads.to_api(kind, {"id": "31", "is_deleted": 0, "order_nr": "7"})

    assert row["id"] == 31
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

    assert row == {"custom_fields": {f"{KEY}{suffix}": value for suffix, value in parts.items()}}


@pytest.mark.parametrize("kind", ["deal", "lead"])
def test_an_unset_custom_value_stays_null(kind: str) -> None:
    row = payloads.to_api(kind, {"custom_fields": {KEY: None}})

    assert row["custom_fields"][KEY] is None


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
        ("last_change", "written"),
        [
            (None, "2026-05-01T10:00:00Z"),
            ("2026-04-30T10:00:00.000Z", "2026-05-01T10:00:00Z"),
            ("2026-05-01T10:00:00.020Z", "2026-05-01T10:00:00.123Z"),
        ],
    )
    def test_writes_its_time_as_precisely_as_the_row_had_it(
        self, last_change: str | None, written: str
    ) -> None:
        row = payloads.tombstone("lead", "8", {"update_time": last_change}, 1777629600123, None)

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

    def test_of_a_field_that_the_api_has_in_another_form_are_those_of_the_webhook(self) -> None:
        data, previous = {"id": "23", "lang": "et-EE"}, {"lang": "en-GB"}

        assert payloads.changes("user", data, previous) == {
            "lang": {"old": "en-GB", "new": "et-EE"}
        }
