"""Lists that come in one answer, without pages."""

import pytest

from integration_tests.platform import Output
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, Row, envelope, keys, rows

STREAMS = catalog.members("plain_list")


def found(output: Output) -> dict[str, list[Row]]:
    return {stream: keys(stream, output.records(stream)) for stream in STREAMS}


def test_reads_the_whole_list_in_one_request_without_parameters(api: Api, read: Read) -> None:
    for stream in STREAMS:
        answer = envelope(rows(stream, [1]), additional_data={"company_id": 7})
        api.answer(catalog.path(stream), answer)

    output = read(*STREAMS)

    assert found(output) == {stream: rows(stream, [1]) for stream in STREAMS}
    assert [request.query for request in api.requests] == [{}] * len(STREAMS)


@pytest.mark.parametrize("data", [pytest.param([], id="empty"), pytest.param(None, id="null")])
def test_an_empty_list_is_no_rows_and_no_error(data: object, api: Api, read: Read) -> None:
    for stream in STREAMS:
        api.answer(catalog.path(stream), envelope(data))

    output = read(*STREAMS)

    assert found(output) == {stream: [] for stream in STREAMS}
    assert {output.status(stream) for stream in STREAMS} == {"COMPLETE"}
    assert output.exit_code == 0


def test_a_company_without_users_is_a_warning(api: Api, read: Read) -> None:
    api.answer("v1/users", envelope([]))

    output = read("users")

    (warning,) = output.logs("WARN")
    assert "users has no rows, but the key has an owner" in warning
