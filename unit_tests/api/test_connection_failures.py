"""Error messages for a proxy or certificates that are set outside the connector."""

import pytest
import requests

from unit_tests.conftest import Read
from unit_tests.pipedrive import Api


def test_the_proxy_is_named_without_its_password(
    api: Api, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    api.serve("api/v2/pipelines", lambda _: requests.exceptions.ProxyError("refused"))

    output = read("pipelines")

    assert "The proxy proxy.example:3128 did not connect" in output.errors[0]["message"]
    assert "secret" not in output.text


def test_a_missing_file_of_certificates_is_named(api: Api, read: Read) -> None:
    failure = OSError("Could not find a suitable TLS CA certificate bundle, path: /nowhere")
    api.serve("api/v2/pipelines", lambda _: failure)

    output = read("pipelines")

    assert output.errors[0]["failure_type"] == "config_error"
    assert "path: /nowhere" in output.errors[0]["message"]
    assert "REQUESTS_CA_BUNDLE" in output.errors[0]["message"]
