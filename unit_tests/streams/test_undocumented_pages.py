"""A list that says it has more is read on, also where Pipedrive documents no pages."""

from collections.abc import Callable

import pytest

from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Answer, Api, Request, envelope, rows, v2_page

WITHOUT_PAGES = [
    name for name in catalog.members("plain_list") if catalog.SPECS[name].paging == "none"
]
TOTAL = 250


def by_offset(stream: str) -> Callable[[Request], Answer]:
    """Serve 100 rows at a time, as API v1 does."""
    everything = rows(stream, range(1, TOTAL + 1))

    def serve(request: Request) -> Answer:
        start = int(request.query.get("start", 0))
        more = {"start": start, "limit": 100, "more_items_in_collection": start + 100 < TOTAL}
        return envelope(everything[start : start + 100], additional_data={"pagination": more})

    return serve


def by_cursor(stream: str) -> Callable[[Request], Answer]:
    """Serve 100 rows at a time, as API v2 does."""
    everything = rows(stream, range(1, TOTAL + 1))

    def serve(request: Request) -> Answer:
        start = int(request.query.get("cursor", 0))
        end = start + 100
        return v2_page(everything[start:end], str(end) if end < TOTAL else None)

    return serve


@pytest.mark.parametrize("pages", [by_offset, by_cursor])
@pytest.mark.parametrize("stream", [one for one in WITHOUT_PAGES if one != "user_settings"])
def test_a_list_is_read_on_as_its_answers_say(
    stream: str, pages: Callable[[str], Callable[[Request], Answer]], api: Api, read: Read
) -> None:
    api.serve(catalog.path(stream), pages(stream))

    output = read(stream)

    assert len(output.records(stream)) == TOTAL
    assert len(api.requests) == 3
    assert output.status(stream) == "COMPLETE"


def test_an_offset_list_that_answers_with_a_cursor_is_read_on(api: Api, read: Read) -> None:
    api.serve("v1/notes", by_cursor("notes"))

    output = read("notes")

    assert len(output.records("notes")) == TOTAL


def test_empty_pages_without_end_are_an_error(api: Api, read: Read) -> None:
    api.serve(
        "api/v2/pipelines",
        lambda request: v2_page([], str(int(request.query.get("cursor", 0)) + 1)),
    )

    output = read("pipelines")

    assert output.status("pipelines") == "INCOMPLETE"
    assert "empty pages in a row" in output.errors[0]["message"]
    assert len(api.requests) < 200
