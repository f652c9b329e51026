"""Responses that do not end neither fill the memory nor keep the connector for ever."""

import os
from pathlib import Path

import pytest
import requests

from integration_tests.endless_responses import endless_responses
from integration_tests.platform import Output
from integration_tests.process import Connector
from source_pipedrive.api import body_limit

_MOST_KILOBYTES = 300 * 1024


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_a_response_without_end_does_not_fill_the_memory(kind: str, tmp_path: Path) -> None:
    with endless_responses(kind) as url:
        connector = Connector(tmp_path, {"api_key": "nobody-5f0c7be2a91d4e83", "api_url": url})
        with connector.start("check") as process:
            assert process.stdout
            output = Output(process.stdout.read())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)

    assert "more than 64 MB for one request" in output.connection["message"]
    assert usage.ru_maxrss < _MOST_KILOBYTES


def test_a_response_that_drips_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "_MOST_SECONDS", 0.2)

    with (
        endless_responses("slow") as url,
        pytest.raises(requests.Timeout),
        requests.get(url, hooks={"response": body_limit.limit_body}, timeout=10),
    ):
        pass
