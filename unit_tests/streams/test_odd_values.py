"""What Pipedrive sends and its reference does not show: the warehouse gets values of one type."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from integration_tests.platform import Output
from unit_tests import catalog
from unit_tests.conformance.test_conformer import JSON, paths, put, sample_of
from unit_tests.conftest import Read
from unit_tests.custom_fields.sample_fields import FIELD_CODE, a_field
from unit_tests.pipedrive import Answer, Api, envelope, page, rows, v1_page, v2_page
from unit_tests.schemas.reading import schema_of
from unit_tests.streams.incremental import BOOKMARK

ZERO = "0000-00-00 00:00:00"


def changes(output: Output, stream: str) -> list[list[str]]:
    """The columns that became null in each row, in the terms of the protocol."""
    found = []
    for record in output.of_type("RECORD"):
        if record["stream"] == stream:
            listed = record.get("meta", {}).get("changes", [])
            reasons = {(one["change"], one["reason"]) for one in listed}
            assert reasons <= {("NULLED", "SOURCE_SERIALIZATION_ERROR")}
            found.append(sorted(one["field"] for one in listed))
    return found


@pytest.mark.parametrize(
    ("stream", "column", "sent", "expected"),
    [
        ("users", "last_login", ZERO, None),
        ("users", "is_admin", 1, True),
        ("users", "created", "2024-05-01 10:00:00", "2024-05-01T10:00:00Z"),
        ("deals", "first_won_time", ZERO, None),
        ("deals", "owner_id", {"id": 7, "name": "Gone"}, 7),
        ("deals", "title", "Pump\0s", "Pumps"),
        ("deals", "title", "half \ud83d", "half \ufffd"),
        ("deals", "value", "12.50", 12.5),
        ("lead_fields", "add_time", ZERO, None),
        ("lead_fields", "mandatory_flag", {"status": "=won"}, '{"status":"=won"}'),
        ("lead_fields", "mandatory_flag", True, "true"),
        ("leads", "visible_to", "3", 3),
        ("organizations", "custom_fields", [], {}),
        ("activities", "due_time", "09:30", "09:30:00"),
        ("call_logs", "duration", "60", 60),
        ("roles", "assignment_count", "12", 12),
        ("persons", "doi_status", 2, "2"),
        ("webhooks", "is_active", 0, False),
    ],
)
def test_a_value_in_another_form_arrives_in_the_declared_one(  # noqa: PLR0913, PLR0917 - a table
    stream: str, column: str, sent: Any, expected: Any, api: Api, read: Read
) -> None:
    api.answer(catalog.path(stream), page(stream, rows(stream, [1], **{column: sent})))

    output = read(stream, include_archived=False)

    assert [row[column] for row in output.records(stream)] == [expected]
    assert changes(output, stream) == [[]]
    assert output.logs("WARN") == []


def test_a_value_that_fits_no_warehouse_is_null_and_reported(api: Api, read: Read) -> None:
    odd = {"value": 1e29, "person_id": "somebody", "label_ids": [1, "hot"]}
    found = [*rows("deals", [1, 2], **odd), *rows("deals", [3], value=5)]
    api.answer("api/v2/deals", v2_page(found))

    output = read("deals", include_archived=False)

    first, second, third = output.records("deals")
    assert first["value"] is first["person_id"] is second["value"] is None
    assert first["label_ids"] == [1, None]
    assert third["value"] == 5
    assert changes(output, "deals") == [["label_ids[1]", "person_id", "value"]] * 2 + [[]]
    # once for each column, and never with a value
    warnings = output.logs("WARN")
    assert ["`label_ids[]`" in text for text in warnings] == [True, False, False]
    assert ["(text)" in text for text in warnings] == [True, True, False]
    assert not any("somebody" in text or "hot" in text for text in warnings)


def test_a_custom_value_that_does_not_fit_is_null_and_reported(api: Api, read: Read) -> None:
    api.answer("api/v2/persons", v2_page(rows("persons", [1], custom_fields={FIELD_CODE: "big"})))
    api.answer("api/v2/personFields", v2_page([a_field("Size", "double")]))

    output = read("persons", custom_fields="columns")

    (row,) = output.records("persons")
    assert row["custom_size"] is None
    assert row["custom_fields"] == {FIELD_CODE: "big"}
    assert changes(output, "persons") == [["custom_size"]]


def test_numbers_that_no_json_library_takes_lose_no_row(api: Api, read: Read) -> None:
    row = b'{"id": 1, "value": 1e999, "weight": 123456789012345678901}'
    api.answer("api/v2/deals", Answer(b'{"success": true, "data": [%b]}' % row))

    output = read("deals", include_archived=False)

    assert output.records("deals") == [{"id": 1, "value": None, "weight": 1.2345678901234568e20}]
    assert changes(output, "deals") == [["value"]]


def test_a_value_of_three_hundred_levels_loses_no_row(api: Api, read: Read) -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    api.answer("api/v2/deals", v2_page([{"id": 1, "new": deep}, {"id": 2, "title": "€"}]))

    output = read("deals", include_archived=False)

    assert output.records("deals") == [{"id": 1, "new": deep}, {"id": 2, "title": "€"}]


@pytest.mark.parametrize("mode", ["raw", "columns"])
def test_raw_custom_values_of_leads_are_in_a_declared_column(
    mode: str, api: Api, read: Read
) -> None:
    new = "f" * 40
    values = {FIELD_CODE: "12.5", f"{FIELD_CODE}_currency": "EUR", new: "of a new field"}
    api.answer("v1/leads", v1_page(rows("leads", [1], **values)))
    if mode == "columns":
        api.answer("api/v2/dealFields", v2_page([a_field("Budget", "monetary")]))
        api.answer("v1/leadLabels", envelope([]))

    output = read("leads", custom_fields=mode, include_archived=False)

    (row,) = output.records("leads")
    assert row["custom_fields"] == values
    assert not any(len(key) >= 40 for key in row)
    assert row.get("custom_budget") == (12.5 if mode == "columns" else None)
    assert schema_of("leads")["properties"]["custom_fields"]["type"] == ["null", "object"]


def test_ids_of_options_are_text_whatever_pipedrive_sends(api: Api, read: Read) -> None:
    options = [{"id": False, "label": "Active"}, {"id": True, "label": "Archived"}]
    field = {"field_code": "is_archived", "field_name": "Archived", "options": options}
    for path in catalog.SPECS["field_options"].entities.values():
        is_v2 = catalog.is_v2(path)
        api.answer(catalog.path(path), v2_page([field]) if is_v2 else v1_page([{"key": "a"}]))

    output = read("field_options")

    found = {row["option_id"]: row["label"] for row in output.records("field_options")}
    assert found == {"false": "Active", "true": "Archived"}


def test_a_zero_time_of_change_counts_as_none(api: Api, read: Read) -> None:
    found = rows("notes", [1], update_time=ZERO, add_time="2024-05-01 10:00:00")
    old = rows("notes", [2], update_time=ZERO, add_time="2024-04-01 10:00:00")
    api.answer("v1/notes", v1_page(found + old))

    output = read("notes", start_date="2024-05-01")

    (row,) = output.records("notes")
    assert row == {"id": 1, "update_time": None, "add_time": BOOKMARK}
    assert output.states("notes")[-1] == {"update_time": BOOKMARK}
    assert output.logs("WARN") == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_json_in_any_place_loses_no_row(data: Any, api: Api, read: Read) -> None:
    stream = data.draw(st.sampled_from(["deals", "persons", "leads", "notes", "files", "users"]))
    row = sample_of(stream) | rows(stream, [1])[0]
    places = [one for one in paths(row) if one[0] != "id"]
    put(row, data.draw(st.sampled_from(places)), data.draw(JSON))
    api.serve_all(lambda _: page(stream, [row]))

    output = read(stream, include_archived=False)

    assert output.exit_code == 0
    (emitted,) = output.records(stream)
    Draft7Validator(schema_of(stream), format_checker=FormatChecker()).validate(emitted)


@pytest.mark.parametrize("key", ["x", {}, [1], True, 2**63, {"id": None}], ids=repr)
def test_a_row_whose_key_cannot_be_read_is_no_answer(key: Any, api: Api, read: Read) -> None:
    api.answer("api/v2/deals", *[v2_page([{"id": 1}, {"id": key}])] * 6)

    output = read("deals", include_archived=False)

    assert output.records("deals") == []
    assert "rows without a readable `id`" in output.errors[0]["message"]
    assert output.status("deals") == "INCOMPLETE"


@pytest.mark.parametrize(
    "more",
    [
        {"additional_data": "none"},
        {"additional_data": {"next_cursor": {"a": 1}}},
        {"additional_data": {"pagination": [1]}},
        {"additional_data": {"pagination": {"more_items_in_collection": True, "next_start": []}}},
    ],
    ids=json.dumps,
)
def test_an_unreadable_position_of_the_next_page_is_no_answer(
    more: Any, api: Api, read: Read
) -> None:
    api.answer("api/v2/deals", *[envelope([{"id": 1}], **more)] * 5, v2_page([{"id": 1}]))

    output = read("deals", include_archived=False)

    assert output.records("deals") == [{"id": 1}]
    assert output.status("deals") == "COMPLETE"
