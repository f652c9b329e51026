"""Responses that do not end neither fill the memory nor keep the connector for ever."""

import json
from pathlib import Path

import pytest
import requests

from integration_tests.endless_responses import endless_responses
from integration_tests.launcher import Launcher
from integration_tests.platform import Output
from source_pipedrive.api import body_limit

_MOST_KILOBYTES = 300 * 1024


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_a_response_without_end_does_not_fill_the_memory(kind: str, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    with endless_responses(kind) as url, Launcher(tmp_path) as launcher:
        config.write_text(json.dumps({"api_key": "nobody-5f0c7be2a91d4e83", "api_url": url}))
        # Linux counts the memory of the process that starts another one, too: the launcher is small
        launcher.start(["check", "--config", str(config)])
        output = Output(launcher.stdout.read_text())
        ended = launcher.wait()

    assert "more than 64 MB for one request" in output.connection["message"]
    assert ended.peak_kilobytes < _MOST_KILOBYTES


def test_a_response_that_drips_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "_MOST_SECONDS", 0.2)

    with (
        endless_responses("slow") as url,
        pytest.raises(requests.Timeout),
        requests.get(url, hooks={"response": body_limit.limit_body}, timeout=10),
    ):
        pass
