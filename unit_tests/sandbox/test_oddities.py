"""Values that the contract does not allow: which ones, and in how many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipedrive_sandbox.webhooks.payloads import shape
from unit_tests.sandbox.conftest import serving
from unit_tests.sandbox.test_expected_rows import LISTS, in_any_order, without_flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unit_tests.sandbox.client import Client

ZERO = "0000-00-00 00:00:00"
NUL = "Acme\u0000 GmbH"
SMALL = ("--deals", "60", "--projects", "20")
#: Recorded in real accounts: the stream, the column, the value.
RECORDED = [
    ("users", "last_login", ZERO),
    ("deals", "first_won_time", ZERO),
    ("notes", "update_time", ZERO),
    ("lead_fields", "add_time", ZERO),
    ("lead_fields", "mandatory_flag", {"status": "=won"}),
]
#: Made up.
UNUSABLE = [
    ("users", "last_login", ""),
    ("users", "role_id", "2"),
    ("deals", "owner_id", {"id": 7, "name": "Gone"}),
    ("deals", "title", NUL),
    ("deals", "value", 1e29),
    ("deals", "value", "12.5"),
    ("deals", "channel", 2**63),
    ("deals", "probability", "abc"),
    ("deals", "probability", ""),
    ("deals", "expected_close_date", ""),
    ("persons", "birthday", "0000-00-00"),
    ("persons", "last_incoming_mail_time", ZERO),
    ("organizations", "employee_count", "12.5"),
    ("organizations", "annual_revenue", 1e29),
    ("products", "tax", ""),
    ("activities", "priority", 2**63),
    ("activities", "due_date", ""),
    ("leads", "value", {"amount": "12.5", "currency": "EUR"}),
    ("notes", "content", NUL),
    ("notes", "pinned_to_person_flag", 0),
    ("files", "inline_flag", 0),
    ("projects", "health_status", "abc"),
    ("tasks", "priority", "12.5"),
    ("call_logs", "subject", NUL),
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An account with every oddity, which no test may change."""
    path = tmp_path_factory.mktemp("oddities") / "odd.db"
    with serving(path, *SMALL, "--oddities", "all") as client:
        yield client


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An account with the recorded oddities, which no test may change."""
    path = tmp_path_factory.mktemp("oddities") / "recorded.db"
    with serving(path, *SMALL, "--oddities", "recorded") as client:
        yield client


def read(client: Client, stream: str) -> list[dict[str, Any]]:
    """Read a stream through the API."""
    return [row for path, query in LISTS[stream] for row in client.read(path, **query)]


def count(client: Client, stream: str, column: str, value: object) -> int:
    """Count the rows that have a value of exactly this type."""
    return sum(repr(row.get(column)) == repr(value) for row in read(client, stream))


@pytest.mark.parametrize(("stream", "column", "value"), [*RECORDED, *UNUSABLE])
def test_one_row_has_each_oddity(odd: Client, stream: str, column: str, value: object) -> None:
    assert count(odd, stream, column, value) == 1


@pytest.mark.parametrize(("stream", "column", "value"), RECORDED)
def test_recorded_oddities_can_come_alone(
    recorded: Client, stream: str, column: str, value: object
) -> None:
    assert count(recorded, stream, column, value) == 1


def test_an_account_has_the_recorded_oddities_by_default(
    recorded: Client, start: Callable[..., Client]
) -> None:
    by_default = start(*SMALL, anew=True)

    for stream in ("users", "deals", "notes", "lead_fields"):
        assert by_default.rows(stream) == recorded.rows(stream)


def test_a_copy_has_null_instead_of_a_zero_date(recorded: Client) -> None:
    rows, copied = recorded.rows("notes"), recorded.copied_rows("notes")

    different = [
        name for row, copy in zip(rows, copied, strict=True) for name in differing(row, copy)
    ]
    assert different == ["update_time"]
    assert None in {row["update_time"] for row in copied}


def differing(row: dict[str, Any], copy: dict[str, Any]) -> list[str]:
    return [name for name, value in row.items() if copy[name] != value]


@pytest.mark.parametrize(("stream", "column", "value"), UNUSABLE)
def test_recorded_oddities_do_not_bring_others(
    recorded: Client, stream: str, column: str, value: object
) -> None:
    assert count(recorded, stream, column, value) == 0


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v2/dealFields", "field_code"),
        ("/v1/dealFields", "key"),
        ("/v1/leadFields", "key"),
    ],
)
def test_the_options_of_is_archived_have_a_boolean_as_their_id(
    recorded: Client, path: str, code: str
) -> None:
    (field,) = (row for row in recorded.read(path) if row[code] == "is_archived")

    assert [option["id"] for option in field["options"]] == [False, True]
    assert {type(option["id"]) for option in field["options"]} == {bool}


def test_mandatory_flags_of_v1_fields_are_objects_or_booleans(recorded: Client) -> None:
    flags = {row["key"]: row["mandatory_flag"] for row in recorded.read("/v1/dealFields")}

    objects = {key: flag for key, flag in flags.items() if isinstance(flag, dict)}
    assert objects == {
        "won_time": {"status": "=won"},
        "lost_time": {"status": "=lost"},
        "lost_reason": {"status": "=lost"},
    }
    assert {type(flag) for key, flag in flags.items() if key not in objects} == {bool}


@pytest.mark.parametrize("stream", ["deals", "persons"])
def test_custom_values_may_have_another_type_than_their_field(odd: Client, stream: str) -> None:
    fields = odd.rows(f"{stream.removesuffix('s')}_fields")
    types = {row["field_code"]: row["field_type"] for row in fields}

    found = [
        (types[code], value)
        for row in read(odd, stream)
        for code, value in row["custom_fields"].items()
    ]

    assert ("double", "abc") in found
    assert ("date", "0000-00-00") in found
    assert ("monetary", {"value": "12.5", "currency": ""}) in found
    assert ("user", {"id": 7, "name": "Gone"}) in found
    assert ("enum", "") in found
    assert ("set", [None]) in found
    assert ("varchar", NUL) in found


@pytest.mark.parametrize("stream", LISTS)
def test_expected_rows_have_the_oddities_too(odd: Client, stream: str) -> None:
    expected = odd.rows(stream)
    if stream == "projects":
        expected = without_flag(expected)

    assert in_any_order(read(odd, stream)) == in_any_order(expected)


@pytest.mark.parametrize("stream", ["users", "deals", "persons", "leads", "notes", "deal_fields"])
def test_all_other_rows_stay_the_same(
    odd: Client, start: Callable[..., Client], stream: str
) -> None:
    plain = [repr(row) for row in start(*SMALL, "--oddities", "none", anew=True).rows(stream)]
    differing = [row for row in odd.rows(stream) if repr(row) not in plain]

    assert 0 < len(differing) <= 10
    assert repr(odd.rows(stream)[0]) == plain[0]


def test_the_seed_decides_which_row_has_which(odd: Client, start: Callable[..., Client]) -> None:
    def keys(client: Client) -> list[int]:
        return [row["id"] for row in client.rows("deals") if row["value"] in {1e29, "12.5"}]

    again = start(*SMALL, "--oddities", "all", anew=True)
    other = start(*SMALL, "--oddities", "all", "--seed", "8", anew=True)

    assert again.rows("deals") == odd.rows("deals")
    assert len(keys(other)) == len(keys(odd)) == 2
    assert keys(other) != keys(odd)


def test_every_five_hundred_rows_have_the_oddities_once(start: Callable[..., Client]) -> None:
    client = start("--persons", "1100", "--only", "persons", "--oddities", "all", anew=True)

    assert count(client, "persons", "birthday", "0000-00-00") == 3


def test_rows_with_oddities_can_be_changed(start: Callable[..., Client]) -> None:
    client = start(*SMALL, "--oddities", "all", anew=True)
    field = {"entity": "deal", "field_name": "New", "field_type": "varchar"}
    (code,) = client.mutate("fields", "create", set=field)
    for table in ("users", "deals", "persons", "organizations", "activities", "products", "notes"):
        client.mutate(table, "edit", ids=[row["id"] for row in client.rows(table)])
    client.mutate("deals", "merge", count=5)

    assert count(client, "notes", "update_time", ZERO) == 0
    assert count(client, "deals", "value", 1e29) == 1
    assert all(row["custom_fields"][code] is None for row in client.rows("deals"))


def test_an_account_without_custom_fields_has_no_odd_values_of_them(
    start: Callable[..., Client],
) -> None:
    client = start("--custom-fields", "0", "--oddities", "all", anew=True)

    assert {row["custom_fields"] for row in client.rows("deals")} == {None}
    assert count(client, "deals", "value", 1e29) == 1


def test_webhooks_of_notes_have_no_zero_dates(odd: Client) -> None:
    (note,) = (row for row in odd.rows("notes") if row["update_time"] == ZERO)

    sent = shape("notes", note, {})

    assert sent["update_time"] is None
    assert sent["add_time"] == note["add_time"].replace(" ", "T") + "Z"
