"""Field definitions: read once a sync, for streams that need them, and no trouble for others."""

from collections.abc import Mapping
from typing import Any

import pytest

from integration_tests.platform import Output, configured
from unit_tests import catalog
from unit_tests.conftest import Connector, Read
from unit_tests.pipedrive import TOKEN, Answer, Api, Row, envelope, error, rows, v1_page, v2_page

KEY = "dcf558aac1ae4e8c4f849ba5e668430d8df9be12"
OTHER_KEY = "5e62144c5e6f2d0a3c6b8f7e1d4a9b0c2e3f4a5b"
LABEL_UUID = "adf21080-0e10-11eb-879b-05d71fb426ec"
OPTIONS = [{"id": 36, "label": "New"}, {"id": 37, "label": "Renewal", "color": "green"}]
CONFIG = {"api_key": TOKEN, "custom_fields": "columns"}

DEFINITION_PATHS = {
    "deals": "api/v2/dealFields",
    "persons": "api/v2/personFields",
    "organizations": "api/v2/organizationFields",
    "products": "api/v2/productFields",
    "projects": "api/v2/projectFields",
}
LABEL_FIELD = {
    "field_code": "label_ids",
    "field_name": "Labels",
    "field_type": "set",
    "options": [{"id": 1, "label": "Hot", "color": "red"}, {"id": 2, "label": "Cold"}],
    "is_custom_field": False,
}


def a_field(name: str = "Contract type", kind: str = "enum", code: str = KEY) -> Row:
    return {
        "field_code": code,
        "field_name": name,
        "field_type": kind,
        "options": OPTIONS if kind in {"enum", "set"} else None,
        "subfields": None,
        "is_custom_field": True,
    }


def a_row(stream: str, **columns: Any) -> Row:
    (row,) = rows(stream, [1], custom_fields={KEY: 37}, **columns)
    return row


def discovered(stream: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A stream as a catalog has it that was discovered with these columns."""
    one = configured(stream)
    return one | {"stream": one["stream"] | {"json_schema": {"properties": properties}}}


def read_persons(connector: Connector, properties: Mapping[str, Any]) -> Output:
    files = {"streams": [discovered("persons", properties)]}
    output = connector("read", config=CONFIG, catalog=files, state=[])
    assert output.exit_code == 0
    return output


def test_field_definitions_are_read_once_for_all_lists_and_streams(api: Api, read: Read) -> None:
    first = v2_page([a_field()], next_cursor="next")
    api.answer(DEFINITION_PATHS["deals"], first, v2_page([LABEL_FIELD]))
    api.answer("v1/leadLabels", envelope([{"id": LABEL_UUID, "name": "Warm"}]))
    pages = [v2_page([a_row("deals")], next_cursor="next"), v2_page([a_row("deals") | {"id": 2}])]
    api.answer(catalog.path("deals"), *pages)
    api.answer(catalog.path("deals", archived=True), v2_page([a_row("deals") | {"id": 3}]))
    for archived in (False, True):
        lead = {"id": f"lead-{archived}", "label_ids": [LABEL_UUID], KEY: "37"}
        api.answer(catalog.path("leads", archived=archived), v1_page([lead]))

    output = read("deals", "leads", "deal_fields", custom_fields="columns")

    assert output.exit_code == 0
    assert [row["custom_contract_type"] for row in output.records("deals")] == ["Renewal"] * 3
    assert [row["custom_contract_type"] for row in output.records("leads")] == ["Renewal"] * 2
    assert [row["labels"] for row in output.records("leads")] == [["Warm"]] * 2
    codes = [field["field_code"] for field in output.records("deal_fields")]
    assert codes == [a_field()["field_code"], LABEL_FIELD["field_code"]]


def test_field_definitions_are_read_for_selected_streams_only(api: Api, read: Read) -> None:
    api.answer(DEFINITION_PATHS["persons"], v2_page([a_field()]))
    api.answer(catalog.path("persons"), v2_page([a_row("persons")]))

    (person,) = read("persons", custom_fields="columns").records("persons")

    assert person["custom_contract_type"] == "Renewal"


@pytest.mark.parametrize("stream", DEFINITION_PATHS)
def test_raw_custom_fields_need_no_field_definitions(stream: str, api: Api, read: Read) -> None:
    api.answer(catalog.path(stream), v2_page([a_row(stream)]))

    (row,) = read(stream, custom_fields="raw", include_archived=False).records(stream)

    assert row["custom_fields"] == {KEY: 37}
    assert not [name for name in row if name.startswith("custom_") and name != "custom_fields"]


@pytest.mark.parametrize("stream", ["deals", "persons", "organizations", "projects"])
def test_labels_are_added_to_label_ids(stream: str, api: Api, read: Read) -> None:
    api.answer(DEFINITION_PATHS[stream], v2_page([LABEL_FIELD]))
    api.answer(catalog.path(stream), v2_page([a_row(stream, label_ids=[2, 1, 9])]))

    output = read(stream, custom_fields="columns", include_archived=False)

    assert [row["labels"] for row in output.records(stream)] == [["Cold", "Hot", None]]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(error(403, "Scope and URL mismatch"), id="no permission"),
        pytest.param(envelope(None, success=False), id="broken"),
    ],
)
def test_field_definitions_that_cannot_be_read_end_their_stream_only(
    failure: Answer, api: Api, read: Read
) -> None:
    api.serve(DEFINITION_PATHS["deals"], lambda _: failure)
    api.serve(catalog.path("deals"), lambda _: v2_page([a_row("deals")]))
    api.answer(DEFINITION_PATHS["persons"], v2_page([a_field()]))
    api.answer(catalog.path("persons"), v2_page([a_row("persons")]))

    output = read("deals", "persons", custom_fields="columns", include_archived=False)

    assert output.exit_code == 1
    assert (output.status("deals"), output.status("persons")) == ("INCOMPLETE", "COMPLETE")
    # a row without its custom columns would set them to NULL in the warehouse
    assert output.records("deals") == []
    assert [row["custom_contract_type"] for row in output.records("persons")] == ["Renewal"]


def test_an_error_about_field_definitions_names_the_setting_that_avoids_them(
    api: Api, read: Read
) -> None:
    api.answer(DEFINITION_PATHS["deals"], error(403, "Forbidden"))
    api.answer(catalog.path("deals"), v2_page([a_row("deals")]))

    output = read("deals", custom_fields="columns", include_archived=False)

    assert "may not read deal_fields" in output.errors[0]["message"]
    assert "set `custom_fields` to `raw`" in output.errors[0]["message"]


def test_a_wrong_key_is_not_reported_as_a_problem_of_custom_fields(
    api: Api, connector: Connector
) -> None:
    api.serve_all(lambda _: error(401, "regenerated"))

    output = connector("discover", config={"api_key": TOKEN})

    (warning,) = output.logs("WARN")
    assert "rejected the API key" in warning
    assert "raw" not in warning


def test_field_options_hold_every_option_of_every_entity(api: Api, read: Read) -> None:
    entities = {"deal": "deals", "person": "persons", "organization": "organizations"}
    entities |= {"product": "products", "project": "projects"}
    for stream in entities.values():
        api.answer(
            DEFINITION_PATHS[stream], v2_page([a_field(), a_field("Plain", "varchar", OTHER_KEY)])
        )
    api.answer("api/v2/activityFields", v2_page([LABEL_FIELD]))
    v1_field = {"key": "label_ids", "name": "Label", "options": [{"id": 3, "label": "Warm"}]}
    api.answer("v1/leadFields", v1_page([v1_field]))
    api.answer("v1/noteFields", envelope([{"key": "content", "name": "Content", "options": None}]))

    found = read("field_options", custom_fields="columns").records("field_options")

    keys = ("entity", "field_code", "field_name", "option_id", "label", "color")
    expected = [
        (entity, KEY, "Contract type", option, label, color)
        for entity in entities
        for option, label, color in [("36", "New", None), ("37", "Renewal", "green")]
    ]
    expected += [("activity", "label_ids", "Labels", "1", "Hot", "red")]
    expected += [("activity", "label_ids", "Labels", "2", "Cold", None)]
    expected += [("lead", "label_ids", "Label", "3", "Warm", None)]
    assert {tuple(row.get(key) for key in keys) for row in found} == {*expected}
    assert len(found) == len(expected)


def test_field_definitions_in_any_order_make_the_same_catalog(
    api: Api, connector: Connector
) -> None:
    fields = [a_field(), a_field("Größe", "double", OTHER_KEY), a_field("Grosse", code="a" * 40)]
    served: list[Row] = []
    api.serve("v1/leadLabels", lambda _: envelope([]))
    for path in DEFINITION_PATHS.values():
        api.serve(path, lambda _: v2_page(served))
    catalogs = []
    for definitions in (fields, fields, fields[::-1]):
        served[:] = [*definitions, LABEL_FIELD]
        (line,) = [
            line
            for line in connector("discover", config=CONFIG).text.splitlines()
            if '"CATALOG"' in line
        ]
        catalogs.append(line)

    assert catalogs[0] == catalogs[1] == catalogs[2]
    assert '"custom_grosse_aaaaaaaa"' in catalogs[0]


def test_discover_retries_before_it_drops_custom_columns(api: Api, connector: Connector) -> None:
    trouble = iter([error(503, "Service unavailable"), error(500, "Internal error")])
    api.serve("v1/leadLabels", lambda _: envelope([]))
    for path in DEFINITION_PATHS.values():
        api.serve(path, lambda _: next(trouble, v2_page([a_field("Size", "double")])))

    output = connector("discover", config=CONFIG)

    assert output.text.count('"custom_size"') == len(DEFINITION_PATHS) + 1


TEXT = {"type": ["null", "string"]}
TYPE = {"custom_contract_type": TEXT, "custom_contract_type_id": {"type": ["null", "integer"]}}


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        pytest.param(
            {},
            [
                "Contract type (`custom_contract_type`) is new",
                "Contract type (`custom_contract_type_id`) is new",
            ],
            id="created",
        ),
        pytest.param(
            {**TYPE, "custom_size": {**TEXT, "title": "Size"}},
            ["Size (`custom_size`) is gone"],
            id="deleted",
        ),
        pytest.param(
            {"custom_kind": {**TEXT, "title": "Kind"}, **TYPE, "custom_contract_type": None},
            ["Kind (`custom_kind`) is gone", "Contract type (`custom_contract_type`) is new"],
            id="renamed",
        ),
        pytest.param(
            {**TYPE, "custom_contract_type": {"type": ["null", "number"]}},
            ["Contract type (`custom_contract_type`) has another type"],
            id="retyped",
        ),
    ],
)
def test_a_field_that_differs_from_the_catalog_is_named_in_a_warning(
    before: Mapping[str, Any], changes: list[str], api: Api, connector: Connector
) -> None:
    api.answer(DEFINITION_PATHS["persons"], v2_page([a_field()]))
    api.answer(catalog.path("persons"), v2_page([a_row("persons")]))
    known = {"id": {"type": ["null", "integer"]}}
    properties = known | {name: held for name, held in before.items() if held}

    (warning,) = read_persons(connector, properties).logs("WARN")

    assert [phrase for phrase in changes if phrase not in warning] == []
    assert "Refresh the source schema" in warning


def test_a_catalog_that_fits_is_no_warning(api: Api, connector: Connector) -> None:
    api.answer(DEFINITION_PATHS["persons"], v2_page([a_field()]))
    api.answer(catalog.path("persons"), v2_page([a_row("persons")]))

    assert read_persons(connector, TYPE).logs("WARN") == []


def test_a_field_created_during_the_read_stays_raw_and_is_a_warning(
    api: Api, connector: Connector
) -> None:
    api.answer(DEFINITION_PATHS["persons"], v2_page([a_field()]))
    newer = a_row("persons") | {"id": 2, "custom_fields": {KEY: 36, OTHER_KEY: "new"}}
    first = v2_page([a_row("persons")], next_cursor="next")
    api.answer(catalog.path("persons"), first, v2_page([newer]))

    output = read_persons(connector, TYPE)

    assert [row["custom_contract_type"] for row in output.records("persons")] == ["Renewal", "New"]
    assert output.records("persons")[1]["custom_fields"] == {KEY: 36, OTHER_KEY: "new"}
    (warning,) = output.logs("WARN")
    assert OTHER_KEY in warning
    assert "Refresh the source schema" in warning
