"""The columns of an entity: its schema, its rows, and field definitions that are missing."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipedrive_sandbox.data.account_data import AccountData
from pipedrive_sandbox.data.custom_fields import v1_values
from pipedrive_sandbox.data.deals import deals
from pipedrive_sandbox.data.field_definitions import field_definitions
from pipedrive_sandbox.data.leads import leads
from pipedrive_sandbox.data.reference_data import lead_labels
from pipedrive_sandbox.data.sizes import Sizes
from source_pipedrive.custom_fields.columns import columns_of
from unit_tests.custom_fields.generated_fields import FIELD_LISTS, property_test
from unit_tests.custom_fields.sample_fields import (
    ADDRESS,
    FIELD_CODE,
    LABEL_FIELD,
    SUBFIELDS,
    UUID,
    a_field,
    a_field_code,
    added_columns,
    column_names,
)


@pytest.mark.parametrize("row", [{}, {"custom_fields": None}, {"custom_fields": {}}], ids=repr)
def test_a_row_without_custom_values_stays_unchanged(row: dict[str, Any]) -> None:
    assert added_columns(columns_of([a_field(), LABEL_FIELD], "v2"), row) == {}


@pytest.mark.parametrize("values", [[], ["a"], [{FIELD_CODE: "a"}], "a", 5, True], ids=repr)
def test_custom_fields_that_are_not_an_object_add_no_columns(values: Any) -> None:
    assert added_columns(columns_of([a_field()], "v2"), {"custom_fields": values}) == {}


@pytest.mark.parametrize("code", [None, ""])
def test_a_field_definition_without_a_field_code_is_ignored(code: str | None) -> None:
    assert column_names([a_field("X"), a_field("Y", field_code=code)]) == ["custom_x"]


def test_the_last_of_two_field_definitions_with_one_field_code_counts() -> None:
    assert column_names([a_field("X"), a_field("Y")]) == ["custom_y"]


def test_the_schema_describes_each_column() -> None:
    field = a_field("Budget", "monetary", description="What the customer can spend")

    schema = columns_of([field], "v2").schema

    assert schema["custom_budget"]["title"] == "Budget"
    assert schema["custom_budget"]["description"] == (
        "What the customer can spend. Amount in units of `custom_budget_currency`. "
        f"Custom field `{FIELD_CODE}` of type `monetary`."
    )
    assert schema["custom_budget_currency"]["title"] == "currency of Budget"
    assert "joins `currencies.code`" in schema["custom_budget_currency"]["description"]


def test_built_in_fields_get_no_custom_column() -> None:
    assert column_names([a_field("Title", code="title", is_custom_field=False)]) == []


def test_leads_have_the_columns_of_deals_except_names_of_time_zones() -> None:
    fields = [
        a_field(kind, kind, a_field_code(number))
        for number, kind in enumerate([*SUBFIELDS, "enum"])
    ]
    # its name needs a part of the key in both, since that of the time zone is the same
    fields.append(a_field("Time timezone", "varchar", a_field_code(20)))

    of_deals = columns_of(fields, "v2").schema
    names = {column for column in of_deals if column.endswith("timezone")}
    assert len(names) == 2
    assert columns_of(fields, "v1").schema == {
        column: schema for column, schema in of_deals.items() if column not in names
    }


def test_a_value_without_a_field_definition_is_reported_and_stays_in_the_raw_values() -> None:
    columns = columns_of([a_field()], "v2")

    assert added_columns(
        columns, {"custom_fields": {FIELD_CODE: "a", a_field_code(1): "b", a_field_code(2): None}}
    ) == {"custom_x": "a"}
    assert columns.unknown == {a_field_code(1)}


def test_a_lead_reports_only_values_without_a_field_definition() -> None:
    columns = columns_of([a_field("X", "address", subfields=None)], "v1")
    custom = {
        FIELD_CODE: "a",
        f"{FIELD_CODE}_route": "b",
        f"{a_field_code(1)}_currency": "EUR",
        a_field_code(2): 5,
    }

    assert added_columns(columns, {"custom_fields": custom}) == {"custom_x": "a"}
    assert columns.unknown == {a_field_code(1), a_field_code(2)}


@pytest.mark.parametrize(
    ("label_ids", "labels"),
    [([2, 1], ["Cold", "Hot"]), ([], []), ([9], [None]), ([{"id": 1}], [None])],
)
def test_labels_take_their_names_from_the_field_definition(label_ids: Any, labels: Any) -> None:
    columns = columns_of([LABEL_FIELD], "v2")

    assert added_columns(columns, {"label_ids": label_ids}) == {"labels": labels}
    assert list(columns.schema) == ["labels"]


def test_labels_of_leads_take_their_names_from_lead_labels_and_not_from_deals() -> None:
    row = {"label_ids": [UUID, "gone"]}

    assert added_columns(columns_of([LABEL_FIELD], "v1", {UUID: "Warm"}), row) == {
        "labels": ["Warm", None]
    }
    assert added_columns(columns_of([LABEL_FIELD], "v1"), row) == {}


@pytest.mark.parametrize("label_ids", [None, 1, "1", {"id": 1}])
def test_label_ids_that_are_not_a_list_add_no_column(label_ids: Any) -> None:
    assert added_columns(columns_of([LABEL_FIELD], "v2"), {"label_ids": label_ids}) == {}


@pytest.fixture(scope="module")
def account_data() -> AccountData:
    return AccountData(Sizes.scaled(400, {"leads": 400}, {"deals", "leads"}), 7, 1_770_000_000)


def of_entity(account_data: AccountData, entity: str) -> list[dict[str, Any]]:
    return [one for one in field_definitions(account_data) if one["entity"] == entity]


def test_the_rows_of_a_whole_account_match_its_schema(account_data: AccountData) -> None:
    labels = {str(one["id"]): one["name"] for one in lead_labels(account_data)}
    fields = of_entity(account_data, "deal")
    for columns, rows in (
        (columns_of(fields, "v2"), deals(account_data)),
        (columns_of(fields, "v1", labels), leads(account_data)),
    ):
        seen: set[str] = set()
        for row in map(orjson.loads, map(orjson.dumps, rows)):
            # those of leads are at their root
            values = row.get("custom_fields") or {key: row[key] for key in row if len(key) >= 40}
            seen |= added_columns(columns, {**row, "custom_fields": values}).keys()

        assert columns.schema.keys() - seen == {"custom_site_address_admin_area_level_2"}
        assert columns.unknown == set()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["37", "36,37", "1.5", "2024-02-29", "NaN", "1_000"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "until", "currency", "id", "label", "timezone_id", "route"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@property_test
@given(fields=FIELD_LISTS, data=st.data())
def test_any_json_value_is_accepted_and_the_raw_values_stay(
    fields: list[dict[str, Any]], data: st.DataObject
) -> None:
    values = {field["field_code"]: data.draw(JSON) for field in fields}
    fields.append(LABEL_FIELD)
    row = {"label_ids": data.draw(JSON), "custom_fields": values}
    suffix = st.sampled_from(["", "_currency", "_until", "_timezone_id", "_formatted_address"])
    lead = {code + data.draw(suffix): value for code, value in values.items()}

    added_columns(columns_of(fields, "v2"), row)
    added_columns(
        columns_of(fields, "v1", {UUID: "Warm"}),
        {"label_ids": row["label_ids"], "custom_fields": lead},
    )


TIMES = st.times().map(lambda time: time.strftime("%H:%M:%S"))

DATES = st.dates().map(str)

AMOUNTS = st.integers(-(10**12), 10**12) | st.floats(-1e12, 1e12)

OPTION_IDS = st.sampled_from([36, 37, 99])

ZONES = {"timezone_id": st.just(83), "timezone_name": st.none()}

DOCUMENTED_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "varchar": st.text(),
    "text": st.text(),
    "double": AMOUNTS,
    "user": st.integers(1, 2**63 - 1),
    "enum": OPTION_IDS,
    "set": st.lists(OPTION_IDS, min_size=1, unique=True),
    "date": DATES,
    "monetary": st.fixed_dictionaries(
        {"value": AMOUNTS, "currency": st.sampled_from(["EUR", "USD"])}
    ),
    "daterange": st.fixed_dictionaries({"value": DATES, "until": st.none() | DATES}),
    "time": st.fixed_dictionaries({"value": TIMES, **ZONES}),
    "timerange": st.fixed_dictionaries({"value": TIMES, "until": TIMES, **ZONES}),
    "address": st.fixed_dictionaries({part: st.none() | st.text() for part in ADDRESS}),
}


@property_test
@given(data=st.data())
def test_values_of_v1_and_v2_give_the_same_columns(data: st.DataObject) -> None:
    kinds = dict(
        zip(map(a_field_code, range(len(DOCUMENTED_VALUES))), DOCUMENTED_VALUES, strict=True)
    )
    values = {code: data.draw(st.none() | DOCUMENTED_VALUES[kind]) for code, kind in kinds.items()}
    fields = [a_field(kind, kind, code) for code, kind in kinds.items()]

    nested = added_columns(columns_of(fields, "v2"), {"custom_fields": values})
    flat = added_columns(columns_of(fields, "v1"), {"custom_fields": v1_values(values, kinds)})

    assert nested == flat
    assert None not in (value for name, value in nested.items() if name != "custom_enum")
    assert bool(nested) == any(value is not None for value in values.values())
