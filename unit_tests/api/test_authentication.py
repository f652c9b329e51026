"""The API key is sent in one header, to one host, in GET requests only."""

import pytest
import requests
from airbyte_cdk.sources.declarative.requesters.http_requester import HttpMethod, HttpRequester
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.access import ApiKeyAccess
from source_pipedrive.api.authentication import ReadOnlyAuthenticator
from unit_tests import catalog
from unit_tests.conftest import Read
from unit_tests.pipedrive import TOKEN, Answer, Api, page, rows, v2_page


@pytest.mark.parametrize(
    "key",
    [
        TOKEN,
        # strings that `ast.literal_eval` reads as numbers
        "12e4567890123456789012345678901234567890",
        "1_000_000_000_000_000_000_000_000_000_000",
        "0000000000000000000000000000000000000000",
    ],
)
def test_the_key_is_sent_as_written_in_the_header_and_nowhere_else(
    key: str, api: Api, read: Read
) -> None:
    api.answer("api/v2/stages", v2_page(rows("stages", [1]), next_cursor="next"), v2_page([]))

    read("stages", api_key=key)

    assert len(api.requests) == 2
    for request in api.requests:
        assert request.headers["x-api-token"] == key
        assert key not in request.url
        assert "Authorization" not in request.headers


def test_every_request_is_a_get(api: Api, read: Read) -> None:
    streams = catalog.members("v2_windowed", "v1_incremental", "fields", "plain_list")
    for stream in streams:
        api.answer(catalog.path(stream), page(stream, []))

    read(*streams, include_archived=False)

    assert {request.method for request in api.requests} == {"GET"}


@pytest.mark.parametrize("method", [HttpMethod.POST, HttpMethod.PATCH, HttpMethod.DELETE])
def test_a_request_that_would_write_is_not_sent(
    method: HttpMethod, api: Api, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpRequester, "get_method", lambda _: method)

    output = read("pipelines", "notes", "users")

    assert api.requests == []
    assert (
        f"The request {method.value} was not sent. This connector only reads"
        in output.errors[0]["message"]
    )
    assert output.exit_code == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
def test_nothing_but_a_get_is_signed(method: str, api: Api) -> None:
    key = ReadOnlyAuthenticator(parameters={}, signer=ApiKeyAccess(TOKEN))

    with (
        api.reachable(),
        pytest.raises(AirbyteTracedException, match=f"The request {method} was not sent"),
    ):
        requests.request(method, "https://api.pipedrive.com/v1/deals", auth=key, timeout=1)

    assert api.requests == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_error_because_it_would_forward_the_key(
    status: int, api: Api, read: Read
) -> None:
    api.answer("v1/users", Answer(b"", status, {"location": "https://elsewhere.example/v1/users"}))

    output = read("users")

    assert len(api.requests) == 1
    assert f"Pipedrive answered {status}, a redirect" in output.errors[0]["message"]
    assert "`api_url`" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"
