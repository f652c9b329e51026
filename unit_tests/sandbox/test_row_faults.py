"""Faults in the rows of an answer: wrong shapes, pages that nobody documents, any JSON value."""

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


@pytest.mark.parametrize("by", ["start", "flat", "cursor"])
@pytest.mark.parametrize("path", [USERS, NOTE_FIELDS, "/v1/currencies"])
def test_a_list_without_pages_may_be_paged(own: Client, path: str, by: str) -> None:
    whole = own.body(path)["data"]
    script(own, path, {"pages": {"size": 2, "by": by}}, times=None)

    read = [own.body(path)]
    while position := next_page(read[-1]["additional_data"], by):
        read.append(own.body(path, **position))

    assert [row for page in read for row in page["data"]] == whole
    assert len(read) == -(-len(whole) // 2) > 1
    assert {len(page["data"]) for page in read[:-1]} == {2}


def next_page(additional: dict[str, Any], by: str) -> dict[str, Any]:
    """Return the query of the next page, or nothing at the end."""
    if by == "cursor":
        cursor = additional["next_cursor"]
        return {"cursor": cursor} if cursor else {}
    page = additional["pagination"] if by == "start" else additional
    assert ("next_start" in page) == (by == "start" and page["more_items_in_collection"])
    return {"start": page["start"] + page["limit"]} if page["more_items_in_collection"] else {}


def test_pages_nobody_documents_exist_in_v2_too(own: Client) -> None:
    deal = own.rows("deal_discounts")[0]["deal_id"]
    path = DISCOUNTS.format(deal)
    whole = own.body(path)["data"]
    script(own, path, {"pages": {"size": 1, "by": "cursor"}}, times=None)

    assert own.read(path, limit=500) == whole
    assert own.body(path)["data"] == whole[:1]
    assert own.get(path, cursor="?").status_code == 400
    assert own.get(path, colour="red").status_code == 400


def test_a_page_beyond_the_end_is_empty(own: Client) -> None:
    script(own, USERS, {"pages": {"size": 5}})

    answer = own.body(USERS, start=1_000)

    assert answer["data"] == []
    assert answer["additional_data"]["pagination"]["more_items_in_collection"] is False


def differing(before: Any, after: Any) -> int:
    """Count the values that were replaced."""
    if type(before) is type(after) is dict and before.keys() == after.keys():
        return sum(differing(before[name], after[name]) for name in before)
    if type(before) is type(after) is list and len(before) == len(after):
        return sum(map(differing, before, after))
    return int(repr(before) != repr(after))


@pytest.mark.parametrize("path", [DEALS, "/v1/leads", "/v1/users", "/api/v2/dealFields"])
def test_values_of_rows_are_replaced_at_any_depth(own: Client, path: str) -> None:
    before = own.body(path, limit=20)
    script(own, path, {"mutate_values": {"seed": 3, "share": 0.1}})

    after = own.body(path, limit=20)

    replaced = differing(before["data"], after["data"])
    assert replaced > len(before["data"])
    assert [row.get("id") for row in after["data"]] == [row.get("id") for row in before["data"]]
    assert [set(row) for row in after["data"]] == [set(row) for row in before["data"]]
    assert after.get("additional_data") == before.get("additional_data")


def test_nested_values_are_replaced_while_their_column_stays(own: Client) -> None:
    before = own.body(DEALS)["data"]
    script(own, DEALS, {"mutate_values": {"seed": 1, "share": 0.05}})

    after = own.body(DEALS)["data"]

    inner = [
        differing(old["custom_fields"], new["custom_fields"])
        for old, new in zip(before, after, strict=True)
        if isinstance(new["custom_fields"], dict) and new["custom_fields"]
    ]
    assert sum(inner) > 0


def test_the_rule_names_the_columns_that_stay(own: Client) -> None:
    spare = ["field_code", "options"]
    path = "/api/v2/dealFields"
    before = own.body(path)["data"]
    script(own, path, {"mutate_values": {"share": 1, "spare": spare}})

    after = own.body(path)["data"]

    assert [[row[name] for name in spare] for row in after] == [
        [row[name] for name in spare] for row in before
    ]
    assert {str(row["field_name"]) for row in after} != {row["field_name"] for row in before}


def test_the_same_seed_and_target_give_the_same_values(own: Client) -> None:
    script(own, DEALS, {"mutate_values": {"seed": 5, "share": 0.2}}, times=3)
    script(own, DEALS, {"mutate_values": {"seed": 6, "share": 0.2}}, **{"from": 4})

    first, again, other_target, other_seed = (
        own.get(DEALS, limit=limit).content for limit in (10, 10, 11, 10)
    )

    assert first == again
    assert other_seed != first
    assert other_target[: len(first) // 2] != first[: len(first) // 2]


def test_values_that_break_readers_are_among_them(own: Client) -> None:
    script(own, DEALS, {"mutate_values": {"seed": 1, "share": 1, "spare": []}})

    answer = own.get(DEALS, limit=40)
    values = [value for row in answer.json()["data"] for value in row.values()]

    assert {1e29, 2**63, "\u0000", "\ud83d"} <= {value for value in values if is_plain(value)}
    assert [] in values
    assert {"id": 7} in values
    assert max(len(value) for value in values if isinstance(value, str)) > 65_535
    assert b"\\ud83d" in answer.content


def is_plain(value: object) -> bool:
    return isinstance(value, int | float | str)


@pytest.mark.parametrize(
    "action",
    [{"body": "null among rows"}, {"mutate_values": {"share": 1}}, {"pages": {"size": 1}}],
)
def test_an_error_has_no_rows_that_could_be_wrong(own: Client, action: dict[str, Any]) -> None:
    path = "/api/v2/deals/999999"
    expected = own.get(path).json()
    script(own, path, action)

    answer = own.get(path)

    assert answer.status_code == 404
    assert answer.json() == expected


def test_a_single_row_can_be_wrong_too(own: Client) -> None:
    path = f"{DEALS}/1"
    before = own.body(path)["data"]
    script(own, path, {"body": "row without id"})
    script(own, path, {"mutate_values": {"share": 1}}, **{"from": 2})

    assert "id" not in own.body(path)["data"]
    after = own.body(path)["data"]
    assert after["id"] == before["id"]
    assert differing(before, after) > 10


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ({"pages": {"size": 0}}, "size"),
        ({"pages": {"size": 2, "by": "luck"}}, "by"),
        ({"pages": {"rows": 2}}, "rows"),
        ({"mutate_values": {"chance": 1}}, "chance"),
    ],
)
def test_an_invalid_rule_is_rejected(own: Client, action: dict[str, Any], text: str) -> None:
    answer = own.request("POST", "/__sandbox/faults", json={"action": action})

    assert answer.status_code == 400
    assert text in answer.json()["error"]
