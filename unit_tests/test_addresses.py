"""Addresses that would receive the API key: no secret is printed, and none is sent in the clear."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from source_pipedrive.addresses import is_unencrypted, warning_of
from source_pipedrive.webhooks import cli
from unit_tests.conftest import Connector
from unit_tests.pipedrive import TOKEN, Api, page

PASSWORD = "proxy-secret-77b0e1"  # noqa: S105 - opens nothing
CATALOG: dict[str, Any] = {"streams": []}

WITH_CREDENTIALS = [
    f"https://me:{PASSWORD}@api.pipedrive.com",
    f"https://me:{PASSWORD}/x@api.pipedrive.com",
    f"https://{PASSWORD}@api.pipedrive.com",
    f"me:{PASSWORD}@api.pipedrive.com",
    [f"https://me:{PASSWORD}@api.pipedrive.com"],
]


@pytest.mark.parametrize("address", WITH_CREDENTIALS, ids=range(len(WITH_CREDENTIALS)))
@pytest.mark.parametrize("verb", ["check", "read", "webhooks list"])
def test_a_password_in_the_address_is_refused_and_not_printed(
    connector: Connector, tmp_path: Any, verb: str, address: Any
) -> None:
    config = {"api_key": TOKEN, "api_url": address}

    if verb == "webhooks list":
        file = tmp_path / "own.json"
        file.write_text(json.dumps(config))
        result = CliRunner().invoke(cli.main, ["list", "--config", str(file)])
        assert result.exit_code == 2
        output = result.output
    else:
        files = {"catalog": CATALOG} if verb == "read" else {}
        output = json.dumps(connector(verb, config=config, **files).messages)

    assert "`api_url`" in output
    assert "scheme and host only" in output
    assert PASSWORD not in output


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.com",
        "http://acme.pipedrive.com.",
        "http://10.0.0.5",
        "http://[fe80::1]",
        "http://localhost.example.com",
        "http://127.0.0.1.nip.io",
        "HTTP://api.pipedrive.com",
    ],
)
def test_a_key_is_never_sent_in_the_clear(connector: Connector, address: str) -> None:
    output = connector("check", config={"api_key": TOKEN, "api_url": address})

    assert output.connection["status"] == "FAILED"
    assert is_unencrypted(address)


@pytest.mark.parametrize(
    "address", ["http://localhost:8000", "http://127.0.0.1", "http://127.8.8.8", "http://[::1]:80"]
)
def test_a_server_on_this_machine_needs_no_encryption(address: str) -> None:
    assert not is_unencrypted(address)


LOOKALIKES = [
    "https://api.pipedrive.com.evil.example",
    "https://pipedrive.co",
    "https://api-pipedrive.com",
    "https://api.pipedrlve.com",
    "https://xn--ppedrive-c2a.com",
]


@pytest.mark.parametrize("address", LOOKALIKES)
def test_a_host_that_only_looks_like_pipedrive_causes_a_warning(address: str) -> None:
    assert "which is not a host of Pipedrive" in warning_of(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://api.pipedrive.com",
        "https://acme.pipedrive.com.",
        "https://pipedrive.com/",
        "https://proxy.example.com",
        "http://127.0.0.1:8000",
    ],
)
def test_other_hosts_cause_no_warning(address: str) -> None:
    assert warning_of(address) == ""


def test_the_warning_is_in_the_log_of_a_sync(api: Api, connector: Connector) -> None:
    api.answer("v1/users/me", page("users", []))

    output = connector("check", config={"api_key": TOKEN, "api_url": LOOKALIKES[0]})

    assert [line for line in output.logs("WARN") if "api.pipedrive.com.evil.example" in line]
