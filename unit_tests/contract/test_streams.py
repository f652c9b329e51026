"""The streams against the contract: each has its operation, and no list is forgotten."""

from fnmatch import fnmatchcase

from docs.contract.operations import READS, WITHOUT_OPERATION, of_stream
from unit_tests import catalog

#: Operations that list something and are no stream, by pattern.
EXCLUDED = {
    "/v1/*/search": "answers a search term",
    "/api/v2/*/search": "answers a search term",
    "/api/v2/itemSearch*": "answers a search term",
    "/v1/users/find": "answers a search term",
    "/v1/deals/summary*": "a report on `deals`",
    "/v1/deals/timeline*": "a report on `deals`",
    "/v1/pipelines/{id}/*_statistics": "a report on `deals`",
    "/v1/goals/{id}/results": "a report on `goals`",
    "/v1/deals/archived": "a deprecated form of the v2 list",
    "/v1/activityFields": "older form of the v2 list, read only if that list is forbidden",
    "/v1/dealFields": "older form of the v2 list",
    "/v1/organizationFields": "older form of the v2 list",
    "/v1/personFields": "older form of the v2 list",
    "/v1/productFields": "older form of the v2 list",
    "/v1/projectTemplates": "older form of the v2 list",
    "/v1/projects*": "older forms of the v2 lists, and the page layout of one project",
    "/v1/tasks": "older form of the v2 list",
    "/v1/*/{id}/followers": "older forms of the v2 lists",
    "/api/v2/users/{id}/followers": "followers of a user, not of a customer",
    "/api/v2/deals/{id}/products": "rows of `deal_products`, at 100 times the token cost",
    "/v1/pipelines/{id}/deals": "rows of `deals`",
    "/v1/stages/{id}/deals": "rows of `deals`",
    "/v1/products/{id}/deals": "rows of `deals`",
    "/v1/persons/{id}/products": "rows of `deal_products`",
    "/v1/*/{id}/files": "rows of `files`",
    "/v1/legacyTeams/{id}/users": "`legacy_teams.users`",
    "/v1/users/{id}/roleAssignments": "rows of `role_assignments`",
    "/v1/recents": "goes back one month at most, with partial records",
    "/v1/*/{id}/flow": "the changes in the changelog streams, at twice the token cost",
    "/v1/deals/{id}/participantsChangelog": "a request per deal, for old states only",
    "/api/v2/*/{id}/followers/changelog": "a request per record, for old states only",
    "/v1/*/{id}/permittedUsers": "follows from `visible_to`, owners and roles",
    "/api/v2/projects/{id}/permittedUsers": "follows from `visible_to`, owners and roles",
    "/v1/roles/{id}/settings": "settings of the user interface, a request per role",
    "/v1/roles/{id}/pipelines": "settings of the user interface, a request per role",
    "/v1/users/{id}/permissions": "follows from `permission_set_assignments`",
    "/v1/users/{id}/roleSettings": "settings of the user interface, a request per user",
    "/v1/users/me": "the owner of the API token, a row of `users`; `check` reads it",
    "/v1/userConnections": "other accounts of the owner of the API token",
    "/v1/billing/subscriptions/addons": "the bill for Pipedrive; the contract names no properties",
    "/v1/filters/helpers": "constants for building filters",
    "/v1/files/{id}/download": "the content of a file, no records",
    "/api/v2/persons/{id}/picture": "links that expire",
    "/api/v2/products/{id}/images": "links that expire",
}


def test_every_stream_has_its_operation() -> None:
    without = {stream for stream in catalog.STREAMS if not of_stream(stream)}

    assert without == WITHOUT_OPERATION.keys()


def test_every_list_of_the_contract_is_a_stream_or_excluded_with_a_reason() -> None:
    read = {operation.path for stream in catalog.STREAMS for operation in of_stream(stream)}
    # a path that ends with an id reads one record
    left = [path for path in READS if not path.endswith("}") and path not in read]

    assert [
        path for path in left if not any(fnmatchcase(path, pattern) for pattern in EXCLUDED)
    ] == []
    assert [
        pattern for pattern in EXCLUDED if not any(fnmatchcase(path, pattern) for path in left)
    ] == []
