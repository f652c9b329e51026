"""The rows that the API returns, all pages read, are the expected rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipedrive_sandbox.control.expected_rows import DERIVED, STREAMS
from pipedrive_sandbox.tables import (
    DEAL_OPTIONAL,
    FIELD_OPTIONAL,
    ORGANIZATION_OPTIONAL,
    PERSON_OPTIONAL,
)

if TYPE_CHECKING:
    from unit_tests.sandbox.client import Client

EVERY_STATUS = {"status": "open,won,lost,deleted"}
EVERY_PROJECT = {"status": "open,completed,canceled,deleted"}
#: Lists that hold a whole stream: path and query of each.
LISTS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "deals": [
        (path, {"limit": 500, "include_fields": ",".join(DEAL_OPTIONAL), **EVERY_STATUS})
        for path in ("/api/v2/deals", "/api/v2/deals/archived")
    ],
    "persons": [
        ("/api/v2/persons", {"limit": 400, "include_fields": ",".join(PERSON_OPTIONAL)}),
    ],
    "organizations": [
        ("/api/v2/organizations", {"include_fields": ",".join(ORGANIZATION_OPTIONAL)}),
    ],
    "activities": [("/api/v2/activities", {"include_fields": "attendees"})],
    "products": [("/api/v2/products", {"limit": 500})],
    "pipelines": [("/api/v2/pipelines", {})],
    "stages": [("/api/v2/stages", {"limit": 5})],
    "users": [("/v1/users", {})],
    "currencies": [("/v1/currencies", {})],
    "notes": [("/v1/notes", {"limit": 500})],
    "leads": [("/v1/leads", {"limit": 500}), ("/v1/leads/archived", {"limit": 500})],
    "files": [("/v1/files", {"limit": 500})],
    "activity_types": [("/v1/activityTypes", {})],
    "filters": [("/v1/filters", {})],
    "lead_labels": [("/v1/leadLabels", {})],
    "lead_sources": [("/v1/leadSources", {})],
    "roles": [("/v1/roles", {"limit": 2})],
    "permission_sets": [("/v1/permissionSets", {})],
    "legacy_teams": [("/v1/legacyTeams", {})],
    "projects": [("/api/v2/projects", EVERY_PROJECT), ("/api/v2/projects/archived", EVERY_PROJECT)],
    "project_boards": [("/api/v2/boards", {})],
    "project_phases": [("/api/v2/phases", {"board_id": board}) for board in (1, 2)],
    "project_templates": [("/api/v2/projectTemplates", {"limit": 2})],
    "tasks": [("/api/v2/tasks", {})],
    "call_logs": [("/v1/callLogs", {"limit": 500})],
    **{
        f"{entity}_fields": [
            (f"/api/v2/{entity}Fields", {"limit": 20, "include_fields": ",".join(include)}),
        ]
        for entity, include in {
            "deal": FIELD_OPTIONAL,
            "person": FIELD_OPTIONAL,
            "organization": FIELD_OPTIONAL,
            "product": FIELD_OPTIONAL[:1],
            "activity": FIELD_OPTIONAL[:1],
        }.items()
    },
    "project_fields": [("/api/v2/projectFields", {})],
    "lead_fields": [("/v1/leadFields", {"limit": 20})],
    "note_fields": [("/v1/noteFields", {})],
}
#: Streams read parent by parent: the parents' stream, the path, the name of the parent's id.
PER_PARENT = {
    "deal_discounts": ("deals", "/api/v2/deals/{}/discounts", None),
    "deal_participants": ("deals", "/v1/deals/{}/participants", None),
    "deal_followers": ("deals", "/api/v2/deals/{}/followers", "deal_id"),
    "person_followers": ("persons", "/api/v2/persons/{}/followers", "person_id"),
    "organization_followers": (
        "organizations",
        "/api/v2/organizations/{}/followers",
        "organization_id",
    ),
    "product_followers": ("products", "/api/v2/products/{}/followers", "product_id"),
    "deal_changelog": ("deals", "/v1/deals/{}/changelog", "deal_id"),
    "person_changelog": ("persons", "/v1/persons/{}/changelog", "person_id"),
    "organization_changelog": (
        "organizations",
        "/v1/organizations/{}/changelog",
        "organization_id",
    ),
    "product_variations": ("products", "/api/v2/products/{}/variations", None),
    "note_comments": ("notes", "/v1/notes/{}/comments", None),
    "role_assignments": ("roles", "/v1/roles/{}/assignments", None),
    "permission_set_assignments": (
        "permission_sets",
        "/v1/permissionSets/{}/assignments",
        None,
    ),
    "project_changelog": ("projects", "/api/v2/projects/{}/changelog", "project_id"),
    "deal_mail_messages": ("deals", "/v1/deals/{}/mailMessages", "deal_id"),
    "person_mail_messages": ("persons", "/v1/persons/{}/mailMessages", "person_id"),
    "organization_mail_messages": (
        "organizations",
        "/v1/organizations/{}/mailMessages",
        "organization_id",
    ),
    "mail_messages": ("mail_threads", "/v1/mailbox/mailThreads/{}/mailMessages", None),
}
#: Streams that tests below read each in its own way.
OTHERS = {
    "deal_products",
    "deal_installments",
    "goals",
    "mail_threads",
    "organization_relationships",
    "webhooks",
}


def in_any_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


def without_flag(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "is_archived"} for row in rows]


def test_every_stream_is_read_in_some_test() -> None:
    assert {*LISTS, *PER_PARENT, *OTHERS} == set(STREAMS)


@pytest.mark.parametrize("stream", LISTS)
def test_the_lists_have_the_rows_of_the_stream(whole: Client, stream: str) -> None:
    read = [row for path, query in LISTS[stream] for row in whole.read(path, **query)]
    expected = whole.rows(stream)

    assert expected or stream == "webhooks"
    if stream == "projects":
        expected = without_flag(expected)
    assert in_any_order(read) == in_any_order(expected)


@pytest.mark.parametrize("stream", PER_PARENT)
def test_the_requests_per_parent_have_the_rows_of_the_stream(whole: Client, stream: str) -> None:
    parents, path, added = PER_PARENT[stream]
    expected = whole.rows(stream)
    most = 25
    keys = [row["id"] for row in whole.rows(parents)]
    if added:
        holding = {row[added] for row in expected}
        keys = [key for key in keys if key in holding][:most]
        expected = [row for row in expected if row[added] in set(keys)]
    elif len(keys) > most:
        parent = {
            "deal_discounts": "deal_id",
            "product_variations": "product_id",
            "mail_messages": "mail_thread_id",
            "note_comments": "object_id",
            "deal_participants": "related_item_id",
        }[stream]
        holding = {str(row[parent]) for row in expected}
        keys = [key for key in keys if str(key) in holding][:most]
        expected = [row for row in expected if str(row[parent]) in set(map(str, keys))]

    read = [
        row.get("data", row) | ({added: key} if added else {})
        for key in keys
        for row in whole.read(path.format(key))
    ]

    assert expected
    assert in_any_order(read) == in_any_order(expected)


def test_deal_products_come_for_a_hundred_deals_at_once_and_in_pages(whole: Client) -> None:
    keys = [row["id"] for row in whole.rows("deals")]
    batches = [keys[start : start + 100] for start in range(0, len(keys), 100)]

    read = [
        row
        for batch in batches
        for row in whole.read(
            "/api/v2/deals/products",
            deal_ids=",".join(map(str, batch)),
            limit=500,
        )
    ]

    assert in_any_order(read) == in_any_order(whole.rows("deal_products"))
    first = whole.body("/api/v2/deals/products", deal_ids=1, limit=500)
    assert first["additional_data"]["next_cursor"]


def test_installments_come_without_additional_data(whole: Client) -> None:
    keys = [row["id"] for row in whole.rows("deals")]
    bodies = [
        whole.body(
            "/api/v2/deals/installments",
            deal_ids=",".join(map(str, keys[start : start + 100])),
        )
        for start in range(0, len(keys), 100)
    ]

    assert all(set(body) == {"success", "data"} for body in bodies)
    read = [row for body in bodies for row in body["data"]]
    assert in_any_order(read) == in_any_order(whole.rows("deal_installments"))


def test_goals_are_ones_own_and_active_unless_asked_for_by_type(whole: Client) -> None:
    def goals(**query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = whole.body("/v1/goals/find", **query)["data"]["goals"]
        return found

    expected = whole.rows("goals")
    kinds = {goal["type"]["name"] for goal in expected}
    everyones = [
        goal
        for kind in kinds
        for active in ("true", "false")
        for goal in goals(**{"type.name": kind, "is_active": active})
    ]

    assert in_any_order(everyones) == in_any_order(expected)
    assert goals() == [goal for goal in expected if goal["owner_id"] == 1 and goal["is_active"]]


def test_a_mail_thread_lies_in_several_folders_but_only_in_its_owners_mailbox(
    whole: Client,
) -> None:
    read = [
        row
        for folder in ("inbox", "drafts", "sent", "archive")
        for row in whole.read("/v1/mailbox/mailThreads", folder=folder)
    ]
    expected = whole.rows("mail_threads")

    assert len(read) > len(expected)
    assert {row["id"] for row in read} == {row["id"] for row in expected}
    assert {row["user_id"] for row in read} == {1}


def test_the_mail_of_a_record_has_messages_of_colleagues_for_the_administrator_alone(
    whole: Client,
) -> None:
    rows = whole.rows("person_mail_messages")
    of_colleague = next(row for row in rows if row["user_id"] == 2)
    path = f"/v1/persons/{of_colleague['person_id']}/mailMessages"
    own = next(row for row in rows if row["user_id"] == 1)

    for_administrator = whole.body(path, include_body=1)["data"]
    hidden = whole.as_profile("regular").read(f"/v1/persons/{own['person_id']}/mailMessages")

    (message,) = [row for row in for_administrator if row["data"]["id"] == of_colleague["id"]]
    assert message["object"] == "mailMessage"
    assert message["data"]["body"]
    assert 1 not in {row["data"]["user_id"] for row in hidden}
    private = whole.sandbox.store.count("linked_mail", "is_private = 1 AND user_id = 2")
    assert private > 0
    assert not {row["id"] for row in rows if row["user_id"] == 2 and row["id"] % 4 == 0}


def test_both_organizations_list_their_relationship(whole: Client) -> None:
    expected = whole.rows("organization_relationships")
    organizations = sorted({row["org_id"] for row in expected})[:20]

    read = [
        {**row, "org_id": key}
        for key in organizations
        for row in whole.body("/v1/organizationRelationships", org_id=key)["data"]
    ]

    assert in_any_order(read) == in_any_order(
        [row for row in expected if row["org_id"] in organizations],
    )
    assert len({row["id"] for row in expected}) < len(expected)
    assert "true" in {row["active_flag"] for row in expected}


@pytest.mark.parametrize("stream", DERIVED)
def test_derived_streams_have_expected_rows(whole: Client, stream: str) -> None:
    assert whole.rows(stream)
