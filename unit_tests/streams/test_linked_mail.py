"""The mail of a deal, a person, or an organization: colleagues' messages too, with their parent."""

from typing import Any

import pytest

from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Answer, Api, Row, envelope, page, rows

STREAMS = catalog.members("linked_mail")

each_stream = pytest.mark.parametrize("stream", STREAMS)


def message(number: int, **columns: object) -> Row:
    """A message in the envelope that the contract shows."""
    data = {"id": number, "subject": "Offer", "read_flag": 1, **columns}
    return {"object": "mailMessage", "timestamp": "2024-05-01 10:00:00", "data": data}


def mail_page(messages: list[Row], start: int = 0, *, more: bool = False) -> Answer:
    """A page as the contract shows it: its position is not nested in `pagination`."""
    additional = {"start": start, "limit": 2, "more_items_in_collection": more}
    return envelope(messages, additional_data=additional)


def parents_of(stream: str) -> tuple[str, str, str]:
    """The parent stream, the column of its id, and the path of the messages of parent 7."""
    requests = catalog.SPECS[stream].parents
    assert requests
    return requests.parent, requests.parent_key, f"v1/{requests.parent}/7/mailMessages"


def serve_parents(api: Api, parent: str, *ids: int) -> None:
    answer = page(parent, rows(parent, ids, update_time="2024-05-01T10:00:00Z"))
    api.answer(catalog.path(parent), answer)


@each_stream
def test_messages_come_without_their_envelope_and_with_their_parent(
    stream: str, api: Api, read: Read
) -> None:
    parent, key, path = parents_of(stream)
    serve_parents(api, parent, 7)
    # a message can name another record than the one that was asked for
    api.answer(path, mail_page([message(1, **{key: 9}), message(2)], more=True))
    api.answer(path, mail_page([message(2), message(3)], start=2))

    output = read(stream, include_archived=False)

    assert [[row["id"], row[key], row["read_flag"]] for row in output.records(stream)] == [
        [1, 7, True],
        [2, 7, True],
        [3, 7, True],
    ]
    assert "object" not in output.records(stream)[0]


@each_stream
def test_a_message_linked_to_two_records_is_a_row_of_each(
    stream: str, api: Api, read: Read
) -> None:
    parent, key, path = parents_of(stream)
    serve_parents(api, parent, 7, 8)
    api.answer(path, mail_page([message(1)]))
    api.answer(path.replace("7", "8"), mail_page([message(1)]))

    output = read(stream, include_archived=False)

    assert catalog.primary_key(stream) == [key, "id"]
    assert sorted([row[key], row["id"]] for row in output.records(stream)) == [[7, 1], [8, 1]]


@each_stream
def test_a_message_without_an_envelope_is_read_too(stream: str, api: Api, read: Read) -> None:
    parent, _, path = parents_of(stream)
    serve_parents(api, parent, 7)
    api.answer(path, mail_page([{"id": 1, "subject": "Offer"}]))

    output = read(stream, include_archived=False)

    assert [row["subject"] for row in output.records(stream)] == ["Offer"]


@pytest.mark.parametrize(
    ("settings", "asked"),
    [({}, None), ({"mail_bodies": False}, None), ({"mail_bodies": True}, "1")],
    ids=["default", "off", "on"],
)
def test_texts_are_requested_only_if_the_setting_is_on(
    settings: dict[str, Any], asked: str | None, api: Api, read: Read
) -> None:
    serve_parents(api, "persons", 7)
    api.answer("v1/persons/7/mailMessages", mail_page([message(1, body="<p>Hello</p>")]))

    output = read("person_mail_messages", **settings)

    (query,) = api.asked("v1/persons/7/mailMessages")
    assert query.get("include_body") == asked
    assert output.records("person_mail_messages")[0]["body"] == "<p>Hello</p>"


@each_stream
def test_only_the_messages_of_changed_parents_are_read_again(
    stream: str, api: Api, read: Read
) -> None:
    parent, _, path = parents_of(stream)
    serve_parents(api, parent, 7)
    api.answer(path, mail_page([]))
    state = {stream: {"parent_update_time": "2024-05-01T09:00:00Z"}}

    read(stream, state=state, include_archived=False)

    assert [query["updated_since"] for query in api.asked(catalog.path(parent))] == [
        "2024-05-01T08:55:00Z"
    ]
