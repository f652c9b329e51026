"""Queries: what is refused, what is filtered, how lists are paged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit_tests.sandbox.client import Client

SINCE, UNTIL = "2025-02-01T00:00:00Z", "2025-11-01T00:00:00Z"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v2/deals", {"limit": 501}),
        ("/api/v2/deals", {"limit": 0}),
        ("/api/v2/deals", {"limit": "many"}),
        ("/api/v2/deals", {"start": 0}),
        ("/api/v2/deals", {"colour": "red"}),
        ("/api/v2/deals/1", {"colour": "red"}),
        ("/api/v2/deals", {"sort_by": "title"}),
        ("/api/v2/deals", {"sort_direction": "ASC"}),
        ("/api/v2/deals", {"updated_since": "2025-02-01T00:00:00.000Z"}),
        ("/api/v2/deals", {"updated_since": "2025-02-01 00:00:00"}),
        ("/api/v2/deals", {"updated_since": "2025-02-30T00:00:00Z"}),
        ("/api/v2/deals", {"updated_until": "2025-02-01"}),
        ("/api/v2/deals", {"status": "open,gone"}),
        ("/api/v2/deals", {"include_fields": "notes_count,title"}),
        ("/api/v2/deals", {"ids": ",".join(map(str, range(1, 102)))}),
        ("/api/v2/deals", {"cursor": "not-a-cursor"}),
        ("/api/v2/deals/products", {}),
        ("/api/v2/products", {"updated_until": UNTIL}),
        ("/api/v2/pipelines", {"updated_since": SINCE}),
        ("/api/v2/stages", {"updated_since": SINCE}),
        ("/api/v2/phases", {}),
        ("/api/v2/projects", {"updated_since": SINCE}),
        ("/v1/mailbox/mailThreads", {}),
        ("/v1/leads", {"updated_since": "yesterday"}),
        ("/v1/leads", {"sort": "colour ASC"}),
        ("/v1/organizationRelationships", {}),
    ],
)
def test_a_bad_query_is_refused_in_the_real_envelope(
    whole: Client,
    path: str,
    query: dict[str, Any],
) -> None:
    answer = whole.get(path, **query)

    assert answer.status_code == 400
    body = answer.json()
    assert body["success"] is False
    assert body["error"]
    assert set(body) == {"success", "error", "error_info", "data", "additional_data"}


@pytest.mark.parametrize(
    ("path", "query", "limit"),
    [
        ("/v1/notes", {"limit": 9_999, "colour": "red"}, 500),
        ("/v1/files", {"limit": 500}, 100),
        ("/v1/callLogs", {}, 50),
        ("/v1/callLogs", {"limit": 500}, 50),
        ("/v1/leads", {"limit": "many"}, 100),
    ],
)
def test_v1_limits_the_page_and_ignores_unknown_parameters(
    whole: Client,
    path: str,
    query: dict[str, Any],
    limit: int,
) -> None:
    body = whole.body(path, **query)

    assert body["additional_data"]["pagination"]["limit"] == limit
    assert len(body["data"]) == limit


@pytest.mark.parametrize(
    "path",
    [
        "/v1/deals",
        "/v1/persons",
        "/v1/activities",
        "/v1/organizations",
        "/v1/products",
        "/v1/pipelines",
        "/v1/stages",
        "/v1/nothing",
        "/v2/deals",
        "/api/v1/leads",
        "/api/v1/leadLabels",
        "/api/v1/leadSources",
        "/api/v1/goals/find",
        "/api/v1/mailbox/mailThreads",
        "/api/v2/deals/999999",
        "/api/v2/dealFields/nothing",
    ],
)
def test_what_does_not_exist_is_404(whole: Client, path: str) -> None:
    answer = whole.get(path)

    assert answer.status_code == 404
    assert answer.json()["success"] is False


def test_a_wrong_method_is_405(whole: Client) -> None:
    assert whole.request("PUT", "/api/v2/deals").status_code == 405


def test_v1_paths_exist_under_api_v1_too(whole: Client) -> None:
    assert whole.body("/api/v1/users") == whole.body("/v1/users")
    assert whole.body("/api/v1/leadFields") == whole.body("/v1/leadFields")


def test_a_company_host_answers_every_v1_path_under_api_v1(own: Client) -> None:
    own.control("settings", "POST", company_host=True)

    assert own.body("/api/v1/leads") == own.body("/v1/leads")


@pytest.mark.parametrize("stream", ["persons", "organizations", "activities", "products"])
@pytest.mark.parametrize("sort_by", ["id", "update_time", "add_time"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_tile_in_every_order(
    whole: Client,
    stream: str,
    sort_by: str,
    direction: str,
) -> None:
    query = {"sort_by": sort_by, "sort_direction": direction, "limit": 137}
    rows = whole.read(f"/api/v2/{stream}", **query)

    expected = sorted(
        whole.rows(stream),
        key=lambda row: (row[sort_by] or "" if sort_by != "id" else row["id"], row["id"]),
        reverse=direction == "desc",
    )
    assert [row["id"] for row in rows] == [row["id"] for row in expected]


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/api/v2/persons", "persons"),
        ("/api/v2/organizations", "organizations"),
        ("/api/v2/activities", "activities"),
        ("/api/v2/deals", "deals"),
        ("/api/v2/deals/archived", "deals"),
    ],
)
def test_a_window_begins_inclusively_and_ends_exclusively(
    whole: Client,
    path: str,
    stream: str,
) -> None:
    mine = [
        row
        for row in whole.rows(stream)
        if stream != "deals"
        or (row["is_archived"] == path.endswith("archived") and not row["is_deleted"])
    ]
    times = sorted(row["update_time"] for row in mine if row["update_time"])
    since, until = times[len(times) // 4], times[len(times) // 2]

    rows = whole.read(path, updated_since=since, updated_until=until, limit=100)

    expected = [row["id"] for row in mine if since <= (row["update_time"] or "") < until]
    assert [row["id"] for row in rows] == expected
    assert since in {row["update_time"] for row in rows}


def test_a_large_window_has_the_rows_of_a_small_one(
    whole: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    query = {"updated_since": SINCE, "updated_until": UNTIL, "limit": 100}
    small = whole.read("/api/v2/persons", **query)
    monkeypatch.setattr("pipedrive_sandbox.endpoints.pages.SMALL_WINDOW", 10)

    assert whole.read("/api/v2/persons", **query) == small


def test_rows_that_were_never_changed_come_without_a_window_only(whole: Client) -> None:
    untouched = {row["id"] for row in whole.rows("activities") if row["update_time"] is None}
    everything = {row["id"] for row in whole.read("/api/v2/activities", limit=500)}
    since_ever = {
        row["id"]
        for row in whole.read("/api/v2/activities", limit=500, updated_since="2000-01-01T00:00:00Z")
    }

    assert untouched
    assert everything - since_ever == untouched


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/notes"])
def test_updated_since_is_inclusive_in_v1(whole: Client, path: str) -> None:
    rows = whole.read(path, limit=500)
    stamp = sorted(row["update_time"] for row in rows)[len(rows) // 2]
    since = stamp[:19].replace(" ", "T") + "Z"

    found = whole.read(path, limit=500, updated_since=since, sort="update_time ASC")

    expected = sorted(row["update_time"] for row in rows if row["update_time"] >= stamp)
    assert [row["update_time"] for row in found] == expected


def test_status_selects_deals_and_includes_deleted_ones_only_on_request(whole: Client) -> None:
    def found(**query: Any) -> set[int]:
        return {row["id"] for row in whole.read("/api/v2/deals", limit=500, **query)}

    expected = [row for row in whole.rows("deals") if not row["is_archived"]]
    present = [row for row in expected if not row["is_deleted"]]

    assert found() == {row["id"] for row in present}
    assert found(status="won,lost") == {row["id"] for row in present if row["status"] != "open"}
    assert found(status="deleted") == {row["id"] for row in expected if row["is_deleted"]} != set()


def test_deals_deleted_thirty_days_ago_are_gone(own: Client) -> None:
    (key,) = own.mutate("deals", "delete")
    assert key in {row["id"] for row in own.read("/api/v2/deals", status="deleted")}

    own.control("clock", "POST", advance=30 * 86_400 + 1)

    assert own.read("/api/v2/deals", status="deleted") == []
    assert key not in {row["id"] for row in own.rows("deals")}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/deals",
        "/api/v2/deals/archived",
        "/api/v2/persons",
        "/api/v2/organizations",
        "/api/v2/activities",
        "/api/v2/products",
    ],
)
def test_a_list_can_be_read_by_ids_and_omits_those_that_do_not_exist(
    whole: Client, path: str
) -> None:
    first, _, third = whole.body(path, limit=3)["data"]

    rows = whole.body(path, ids=f"{third['id']},999999,{first['id']}")["data"]

    assert rows == [first, third]


def test_optional_fields_come_only_when_asked_for(whole: Client) -> None:
    plain = whole.body("/api/v2/deals", limit=1)["data"][0]
    asked = whole.body("/api/v2/deals", limit=1, include_fields="notes_count,source_lead_id")

    assert set(asked["data"][0]) - set(plain) == {"notes_count", "source_lead_id"}


def test_an_account_without_custom_fields_has_null(start: Callable[..., Client]) -> None:
    client = start("--custom-fields", "0", anew=True)

    assert {row["custom_fields"] for row in client.read("/api/v2/deals")} == {None}


@pytest.mark.parametrize(
    ("settings", "path", "expected"),
    [
        ({}, "/v1/leads", None),
        ({"empty_v1_lists_are_null": False}, "/v1/leads", []),
        ({}, "/api/v2/deals", []),
    ],
)
def test_an_empty_list_of_v1_may_be_null(
    start: Callable[..., Client],
    settings: dict[str, Any],
    path: str,
    expected: object,
) -> None:
    client = start("--only", "", anew=True)
    client.control("settings", "POST", **settings)

    assert client.body(path)["data"] == expected


def test_v1_pagination_can_be_flat(own: Client) -> None:
    nested = own.body("/v1/leads", limit=3)["additional_data"]
    own.control("settings", "POST", flat_v1_pagination=True)
    flat = own.body("/v1/leads", limit=3)["additional_data"]

    page = {"start": 0, "limit": 3, "more_items_in_collection": True}
    assert nested == {"pagination": {**page, "next_start": 3}}
    assert flat == page


def test_the_same_seed_and_clock_give_the_same_data(start: Callable[..., Client]) -> None:
    first, second = start(anew=True), start(anew=True)

    for stream in ("deals", "leads", "project_changelog", "mail_threads"):
        assert first.rows(stream) == second.rows(stream)
