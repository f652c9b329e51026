"""Streams that read a list of live rows and a list of archived rows into one table."""

import pytest

from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, Row, error, keys, page, rows, spell, v1_page

STREAMS = catalog.archivable()
BOOKMARK = "2024-05-01T10:00:00Z"
OLDER = "2024-04-01T10:00:00Z"
NEWER = "2024-05-01T11:00:00Z"
BEFORE_BOOKMARK = "2024-05-01T09:55:00Z"


def changed(stream: str, number: int, time: str) -> list[Row]:
    return rows(stream, [number], update_time=spell(stream, time))


def both_states(live: str, archived: str) -> dict[str, Row]:
    state: Row = {"update_time": live, "archived": {"update_time": archived}}
    return dict.fromkeys(STREAMS, state)


def test_archived_rows_come_into_the_same_table(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, rows(stream, [1, 2])))
        api.answer(catalog.path(stream, archived=True), page(stream, rows(stream, [3])))

    output = read(*STREAMS)

    for stream in STREAMS:
        emitted = keys(stream, output.records(stream))
        assert sorted(emitted, key=str) == rows(stream, [1, 2, 3])


def test_archived_lists_are_not_requested_when_they_are_off(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, rows(stream, [1])))

    output = read(*STREAMS, include_archived=False)

    assert not any(request.path.endswith("/archived") for request in api.requests)
    assert {output.status(stream) for stream in STREAMS} == {"COMPLETE"}


def test_each_list_has_a_bookmark_of_its_own(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, changed(stream, 1, NEWER)))
        archived = page(stream, changed(stream, 2, OLDER))
        api.answer(catalog.path(stream, archived=True), archived)

    output = read(*STREAMS)

    states = {stream: output.state(stream) for stream in STREAMS}
    assert states == both_states(live=NEWER, archived=OLDER)


def test_deals_resume_each_list_from_its_own_bookmark(api: Api, read: Read) -> None:
    api.answer("api/v2/deals", page("deals", []))
    api.answer("api/v2/deals/archived", page("deals", []))

    read("deals", state=both_states(live=BOOKMARK, archived="2024-03-01T00:05:00Z"))

    assert {request.path: request.query["updated_since"] for request in api.requests} == {
        "api/v2/deals": BEFORE_BOOKMARK,
        "api/v2/deals/archived": "2024-03-01T00:00:00Z",
    }


def test_the_bookmark_of_the_archived_list_is_kept_while_the_list_is_off(
    api: Api, read: Read
) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), page(stream, changed(stream, 1, NEWER)))

    before = both_states(live=BOOKMARK, archived=OLDER)
    output = read(*STREAMS, state=before, include_archived=False)

    states = {stream: output.state(stream) for stream in STREAMS}
    assert states == both_states(live=NEWER, archived=OLDER)


def test_a_list_that_is_new_to_the_state_is_read_from_the_start(api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.serve(catalog.path(stream), lambda _, stream=stream: page(stream, []))  # type: ignore[misc]
        api.answer(catalog.path(stream, archived=True), page(stream, changed(stream, 1, OLDER)))

    live_only: dict[str, Row] = {stream: {"update_time": BOOKMARK} for stream in STREAMS}
    output = read(*STREAMS, state=live_only)

    for stream in STREAMS:
        assert keys(stream, output.records(stream)) == rows(stream, [1])
        (query,) = api.asked(catalog.path(stream, archived=True))
        assert "updated_since" not in query


def test_a_list_that_fails_does_not_hold_back_the_bookmark_of_the_other(
    api: Api, read: Read
) -> None:
    for stream in ("deals", "leads"):
        api.answer(catalog.path(stream), page(stream, changed(stream, 1, NEWER)))
        api.answer(catalog.path(stream, archived=True), error(400, "Bad request"))

    output = read("deals", "leads", state=both_states(live=BOOKMARK, archived=OLDER))

    for stream in ("deals", "leads"):
        assert output.state(stream) == both_states(live=NEWER, archived=OLDER)[stream]
        assert output.status(stream) == "INCOMPLETE"


def test_archived_leads_are_read_newest_first_down_to_the_bookmark(api: Api, read: Read) -> None:
    newest_first = [
        *changed("leads", 1, NEWER),
        *changed("leads", 2, BEFORE_BOOKMARK),
        *changed("leads", 3, "2024-05-01T09:54:59Z"),
    ]
    api.answer("v1/leads", v1_page([]))
    api.answer("v1/leads/archived", v1_page(newest_first, more=True))

    output = read("leads", state=both_states(live=BOOKMARK, archived=BOOKMARK))

    assert keys("leads", output.records("leads")) == rows("leads", [1, 2])
    (query,) = api.asked("v1/leads/archived")
    assert query["sort"] == "update_time DESC"
    assert "updated_since" not in query


def test_archived_leads_are_read_to_the_end_while_all_are_new(api: Api, read: Read) -> None:
    api.answer("v1/leads", v1_page([]))
    first = changed("leads", 1, NEWER) + changed("leads", 2, BOOKMARK)
    second = changed("leads", 2, BOOKMARK) + changed("leads", 3, BEFORE_BOOKMARK)
    api.answer("v1/leads/archived", v1_page(first, more=True), v1_page(second, start=1))

    output = read("leads", state=both_states(live=BOOKMARK, archived=BOOKMARK))

    assert keys("leads", output.records("leads")) == rows("leads", [1, 2, 3])


@pytest.mark.parametrize("start_date", ["", OLDER], ids=["no start date", "start date"])
def test_a_first_sync_reads_archived_leads_down_to_the_start_date_or_the_end(
    start_date: str, api: Api, read: Read
) -> None:
    api.answer("v1/leads", v1_page([]))
    api.answer("v1/leads/archived", v1_page(changed("leads", 1, NEWER), more=True))
    last = changed("leads", 1, NEWER) + changed("leads", 2, OLDER)
    api.answer("v1/leads/archived", v1_page(last))

    output = read("leads", start_date=start_date)

    assert keys("leads", output.records("leads")) == rows("leads", [1, 2])
