"""What is found about a row depends on its two versions, and on when the last sync was."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from source_pipedrive.verify.comparison import Comparison, Finding
from source_pipedrive.verify.values import Reader, differs
from unit_tests import catalog

Row = dict[str, Any]
SYNC, BEFORE, AFTER = "2024-05-10T12:00:00Z", "2024-05-01T08:00:00Z", "2024-05-10T12:30:00Z"
JUST_BEFORE = "2024-05-10T11:57:00Z"  # within the lookback window


def deal(**columns: object) -> Row:
    return {"id": 7, "title": "Deal", "update_time": BEFORE, "add_time": BEFORE} | columns


def comparison(stream: str = "deals", start: str | None = None) -> Comparison:
    properties = catalog.schema(stream)["properties"]
    return Comparison(catalog.SPECS[stream], properties, list(properties), {"live": SYNC}, start)


@pytest.mark.parametrize(
    ("account", "warehouse", "finding"),
    [
        (deal(), deal(), Finding.EQUAL),
        (deal(title="New", update_time=AFTER), deal(), Finding.SET_ASIDE),
        (deal(title="New", update_time=JUST_BEFORE), deal(), Finding.SET_ASIDE),
        (deal(title="New", update_time="2024-05-02T08:00:00Z"), deal(), Finding.STALE),
        (deal(title="New"), deal(), Finding.DIFFERENT),
        (deal(), deal(update_time=AFTER, title="Edited"), Finding.DIFFERENT),
        (deal(), None, Finding.MISSING),
        (deal(update_time=AFTER), None, Finding.SET_ASIDE),
        (deal(update_time=None, add_time=AFTER), None, Finding.SET_ASIDE),
        (deal(update_time=None), None, Finding.MISSING),
        (None, deal(), Finding.GONE),
        (None, deal(is_deleted=True), Finding.EQUAL),
        (None, deal(status="deleted"), Finding.EQUAL),
        (deal(is_deleted=True, status="deleted"), deal(is_deleted=True), Finding.EQUAL),
        (deal(is_deleted=True), deal(is_deleted=False), Finding.DIFFERENT),
        # a new row gets its update_time moments after the sync has read it
        (
            deal(update_time=JUST_BEFORE, add_time=JUST_BEFORE),
            deal(update_time=None, add_time=JUST_BEFORE),
            Finding.SET_ASIDE,
        ),
        # archiving may leave update_time as it is
        (deal(is_archived=True, archive_time=AFTER), deal(), Finding.SET_ASIDE),
        (deal(is_archived=True, archive_time=BEFORE), deal(), Finding.DIFFERENT),
        # counters change without their row
        (deal(activities_count=3), deal(activities_count=2), Finding.EQUAL),
    ],
)
def test_a_row_is_judged_by_its_versions(
    account: Row | None, warehouse: Row | None, finding: Finding
) -> None:
    judgement = comparison().judge(7, account, warehouse)

    assert judgement is not None
    assert judgement.finding is finding


@pytest.mark.parametrize(
    ("is_archived", "reads_archived", "finding"),
    [
        (True, False, Finding.EQUAL),
        (True, True, Finding.GONE),
        (False, False, Finding.GONE),
    ],
)
def test_an_archived_row_is_not_gone_where_archived_rows_are_not_read(
    *, is_archived: bool, reads_archived: bool, finding: Finding
) -> None:
    properties = catalog.schema("deals")["properties"]
    spec = catalog.SPECS["deals"]
    compared = Comparison(
        spec, properties, list(properties), {}, None, reads_archived=reads_archived
    )

    judgement = compared.judge(7, None, deal(is_archived=is_archived))

    assert judgement is not None
    assert judgement.finding is finding


def test_nothing_is_set_aside_when_everything_is_synced() -> None:
    properties = catalog.schema("deals")["properties"]
    strict = Comparison(catalog.SPECS["deals"], properties, list(properties), {}, None)

    found = strict.judge(7, deal(title="New", update_time=AFTER), deal())

    assert found is not None
    assert found.finding is Finding.STALE


@pytest.mark.parametrize(
    "account",
    [deal(update_time="2024-04-01T00:00:00Z"), deal(update_time=None), None],
)
def test_rows_before_the_start_date_are_not_expected(account: Row | None) -> None:
    assert comparison(start="2024-05-01T00:00:00Z").judge(7, account, None) is None


def test_a_deleted_row_of_a_list_without_deletions_is_as_good_as_absent() -> None:
    person = {"id": 7, "name": "A", "update_time": BEFORE, "is_deleted": True}

    assert comparison("persons").judge(7, person, None) is None
    found = comparison("persons").judge(7, person, {**person, "is_deleted": False})
    assert found is not None
    assert found.finding is Finding.GONE


def test_the_columns_that_differ_are_named() -> None:
    found = comparison().judge(7, deal(title="New", value=2), deal(value=1))

    assert found is not None
    assert found.columns == ["title", "value"]


@pytest.mark.parametrize(
    ("kind", "stored", "emitted"),
    [
        ({"type": ["null", "integer"]}, 7, 7),
        ({"type": ["null", "integer"]}, "7", 7),  # a column that became text
        ({"type": ["null", "number"]}, Decimal("12.500000000"), 12.5),
        ({"type": ["null", "boolean"]}, "true", True),
        (
            {"type": ["null", "string"], "format": "date-time"},
            datetime(2024, 5, 1, 10, 0, 0),  # noqa: DTZ001 - as a database has it
            "2024-05-01T10:00:00Z",
        ),
        (
            {"type": ["null", "string"], "format": "date-time"},
            datetime(2024, 5, 1, 10, 0, 0, 250000, tzinfo=UTC),
            "2024-05-01T10:00:00.250Z",
        ),
        ({"type": ["null", "string"], "format": "date"}, date(2024, 5, 1), "2024-05-01"),
        ({"type": ["null", "string"], "format": "time"}, time(9, 30), "09:30:00"),
        ({"type": ["null", "object"]}, '{"a": 1.0, "b": null}', {"a": 1}),
        ({"type": ["null", "array"]}, [1, 2], [1, 2]),
        ({"type": ["null", "object"]}, "{}", None),
        ({"type": ["null", "string"]}, "text", "text"),
    ],
)
def test_a_stored_value_means_the_same_as_the_emitted_one(
    kind: Row, stored: object, emitted: object
) -> None:
    (value,) = Reader({"column": kind}, {"column": "column"}).row({"column": stored}).values()

    assert not differs(kind)(emitted, value)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ({"type": ["null", "number"]}, 1_000_000_000.0, 1_000_000_000.01),
        ({"type": ["null", "number"]}, 0, None),
        ({"type": ["null", "object"]}, {"a": 1}, {"a": 2}),
        (
            {"type": ["null", "string"], "format": "date-time"},
            "2024-05-01T10:00:00Z",
            "2024-05-01T10:00:01Z",
        ),
        ({"type": ["null", "string"]}, "", None),
    ],
)
def test_other_values_differ(kind: Row, one: object, other: object) -> None:
    assert differs(kind)(one, other)
