"""Faults in the rows of an answer: wrong shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from unit_tests.sandbox.client import Client

DEALS, USERS, NOTE_FIELDS = "/api/v2/deals", "/v1/users", "/v1/noteFields"
DISCOUNTS = "/api/v2/deals/{}/discounts"


def script(own: Client, path: str, action: dict[str, Any], **match: Any) -> None:
    own.control("faults", "POST", match={"path": path, **match}, action=action)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("object instead of rows", {"message": "Service is being migrated"}),
        ("text instead of rows", "Service is being migrated"),
    ],
)
@pytest.mark.parametrize("path", [DEALS, USERS])
def test_an_answer_may_have_no_rows_but_a_notice(
    own: Client, path: str, body: str, expected: object
) -> None:
    script(own, path, {"body": body})

    assert own.body(path) == {"success": True, "data": expected, "additional_data": None}
    assert isinstance(own.body(path)["data"], list)


@pytest.mark.parametrize(
    ("body", "item"),
    [("null among rows", None), ("text among rows", "Service is being migrated")],
)
@pytest.mark.parametrize("path", [DEALS, USERS])
def test_something_else_may_stand_among_the_rows(
    own: Client, path: str, body: str, item: object
) -> None:
    rows = own.body(path)["data"]
    script(own, path, {"body": body})

    broken = own.body(path)["data"]

    middle = len(rows) // 2
    assert broken == [*rows[:middle], item, *rows[middle:]]


def test_goals_have_their_rows_deeper(own: Client) -> None:
    path = "/v1/goals/find"
    script(own, path, {"body": "null among rows"})

    assert None in own.body(path)["data"]["goals"]


@pytest.mark.parametrize(
    ("path", "key"),
    [(DEALS, "id"), (USERS, "id"), ("/api/v2/dealFields", "field_code"), (NOTE_FIELDS, "key")],
)
def test_the_last_row_may_have_no_id(own: Client, path: str, key: str) -> None:
    script(own, path, {"body": "row without id"})

    *rows, last = own.body(path)["data"]

    assert all(row[key] is not None for row in rows)
    assert rows
    assert key not in last
    assert last


def test_a_list_without_rows_has_none_without_id(own: Client) -> None:
    path = DISCOUNTS.format(1)
    rows = own.body(path)
    script(own, path, {"body": "row without id"})

    assert rows["data"] == []
    assert own.body(path)["data"] == []
