"""A relationship is one row, whichever of its two organizations is read first."""

from collections.abc import Sequence
from typing import Any

import pytest

from unit_tests.conftest import Read
from unit_tests.pipedrive import Answer, Api, Row, page, rows, v1_page

PATH = "v1/organizationRelationships"
ENDS = {
    "rel_owner_org_id": {"value": 7, "name": "Nordlicht"},
    "rel_linked_org_id": {"value": 8, "name": "Südwind"},
}
# as the two organizations list it
LISTED = {
    "7": {"calculated_related_org_id": 8, "related_organization_name": "Südwind"},
    "8": {"calculated_related_org_id": 7, "related_organization_name": "Nordlicht"},
}
ROLES = {"7": "daughter", "8": "parent"}


def relationship(seen_from: str, kind: str) -> Row:
    role = ROLES[seen_from] if kind == "parent" else kind
    return {"id": 1, "type": kind, "calculated_type": role, **ENDS, **LISTED[seen_from]}


def emitted(api: Api, read: Read, listed_by: Sequence[str], kind: str) -> list[dict[str, Any]]:
    """The rows if only these organizations list the relationship."""

    def answer(request: Any) -> Answer:
        org = request.query["org_id"]
        return v1_page([relationship(org, kind)] if org in listed_by else [])

    api.answer("api/v2/organizations", page("organizations", rows("organizations", [7, 8])))
    api.serve(PATH, answer)
    return read("organization_relationships").records("organization_relationships")


@pytest.mark.parametrize("kind", ["parent", "related"])
@pytest.mark.parametrize("listed_by", [["7"], ["8"], ["7", "8"]], ids=["first", "second", "both"])
def test_a_relationship_does_not_depend_on_the_organization_that_lists_it(
    listed_by: list[str], kind: str, api: Api, read: Read
) -> None:
    (row,) = emitted(api, read, listed_by, kind)

    assert row["calculated_type"] == ("daughter" if kind == "parent" else "related")
    assert row["calculated_related_org_id"] == 8
    assert row["related_organization_name"] == "Südwind"


def test_a_relationship_without_its_ends_stays_as_it_is(api: Api, read: Read) -> None:
    api.answer("api/v2/organizations", page("organizations", rows("organizations", [7])))
    api.answer(PATH, v1_page([{"id": 1, "calculated_type": "parent", "rel_owner_org_id": None}]))

    (row,) = read("organization_relationships").records("organization_relationships")

    assert row["calculated_type"] == "parent"
