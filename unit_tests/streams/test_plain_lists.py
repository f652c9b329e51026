"""Lists that come in one answer, without pages."""

import pytest

from integration_tests.platform import Output
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, Row, envelope, keys, rows

STREAMS = catalog.members("plain_list")
NEVER_EMPTY = [name for name, spec in catalog.SPECS.items() if spec.never_empty]


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
    streams = [one for one in STREAMS if not catalog.SPECS[one].never_empty]
    for stream in streams:
        api.answer(catalog.path(stream), envelope(data))

    output = read(*streams)

    assert {stream: output.records(stream) for stream in streams} == {
        stream: [] for stream in streams
    }
    assert {output.status(stream) for stream in streams} == {"COMPLETE"}
    assert output.exit_code == 0


@pytest.mark.parametrize("data", [pytest.param([], id="empty"), pytest.param(None, id="null")])
@pytest.mark.parametrize("stream", NEVER_EMPTY)
def test_a_list_that_no_account_has_empty_is_an_error_when_it_is(
    stream: str, data: object, api: Api, read: Read
) -> None:
    api.answer(catalog.path(stream), envelope(data))

    output = read(stream)

    assert output.status(stream) == "INCOMPLETE"
    failure = output.errors[0]
    assert f"Stream {stream} failed: Pipedrive returned no rows, but " in failure["message"]
    assert failure["failure_type"] == "transient_error"


def test_the_lists_that_no_account_has_empty_are_named() -> None:
    assert {"users", "pipelines", "stages", "currencies", "activity_types"} < {*NEVER_EMPTY}
    assert {name for name in catalog.STREAMS if name.endswith("_fields")} <= {*NEVER_EMPTY}


def test_rows_keep_their_custom_columns_when_field_definitions_are_empty(
    api: Api, read: Read
) -> None:
    api.answer("api/v2/personFields", envelope([]))
    api.answer("api/v2/persons", envelope(rows("persons", [1])))

    output = read("persons", custom_fields="columns")

    assert output.status("persons") == "INCOMPLETE"
    assert output.records("persons") == []
    assert "every object has fields" in output.errors[0]["message"]
