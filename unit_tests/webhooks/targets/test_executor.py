"""The connector in this process: syncs share the access to Pipedrive."""

import json
import os
import subprocess
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from source_pipedrive.api.access import access_of
from unit_tests.api.oauth_answers import APP, FIRST, ME, NEW_REFRESH_TOKEN, tokens
from unit_tests.pipedrive import TOKEN_PATH, Api

if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte has no release for Python 3.13", allow_module_level=True)
# PyAirbyte imports packages that warn about the version of Python
with warnings.catch_warnings(action="ignore"):
    from source_pipedrive.webhooks.targets.executor import InProcessExecutor


def test_the_next_sync_has_the_tokens_that_were_renewed_last(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    # as PyAirbyte writes it for each verb
    file.write_text(json.dumps({"credentials": APP}))
    api.answer(TOKEN_PATH, tokens(FIRST, refresh_token=NEW_REFRESH_TOKEN))
    api.serve("v1/users/me", lambda _: ME)
    kept: list[Any] = []
    executor = InProcessExecutor(access_of({"credentials": APP}, kept.append))

    with api.reachable():
        lines = [
            line for _ in range(2) for line in executor.execute(["check", "--config", str(file)])
        ]

    assert sum("SUCCEEDED" in line for line in lines) == 2
    assert [one["refresh_token"] for one in kept] == [NEW_REFRESH_TOKEN]
    assert not [line for line in lines if FIRST in line]


def test_a_service_writes_no_logs_that_grow_for_as_long_as_it_runs() -> None:
    program = (
        "from source_pipedrive.webhooks.targets import warehouse\n"
        "from airbyte import logs\n"
        "print(logs.get_global_file_logger(), logs.get_global_stats_log_path())"
    )
    environment = {name: os.environ[name] for name in os.environ if "AIRBYTE" not in name}

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=environment, text=True
    )

    assert result.stdout == "None None\n"
    assert "logging directory" not in result.stderr
