"""API keys that may not read everything: what they lack is reported, and all else is complete."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from integration_tests.platform import STREAMS_OF_EVERY_ACCOUNT
from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox

PROJECTS = "projects:read and the Projects add-on"


@dataclass(frozen=True)
class Expected:
    """Streams that end with an error or with a warning, and the text that each must contain."""

    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    exit_code: int = 0


PROFILES = {
    "regular": Expected(
        errors={
            "roles": "may not read roles",
            "role_assignments": "may not read roles",
            "permission_sets": "may not read permission_sets",
            "permission_set_assignments": "may not read permission_sets",
            "webhooks": "may not read webhooks",
        },
        exit_code=1,
    ),
    "no-projects": Expected(
        warnings=dict.fromkeys(
            ["projects", "tasks", "project_boards", "project_templates", "project_fields"], PROJECTS
        )
    ),
    "lite": Expected(warnings={"deal_installments": "deals:read and the Growth plan"}),
}


@pytest.mark.parametrize("profile", PROFILES)
def test_missing_permissions_are_reported_and_all_other_streams_complete(
    profile: str, tmp_path: Path, sandbox: RunningSandbox
) -> None:
    expected = PROFILES[profile]
    config = {**sandbox.config, "api_key": f"{sandbox.token}-{profile}"}

    output = Connector(tmp_path, config).run("read", STREAMS_OF_EVERY_ACCOUNT)

    statuses = {stream: output.status(stream) for stream in STREAMS_OF_EVERY_ACCOUNT}
    incomplete = {name for name, status in statuses.items() if status != "COMPLETE"}
    assert incomplete == set(expected.errors)
    messages = " ".join(error["message"] for error in output.errors)
    assert all(phrase in messages for phrase in expected.errors.values())
    assert {error["failure_type"] for error in output.errors} <= {"config_error"}
    warnings = {line.split()[1]: line for line in output.logs("WARN")}
    assert warnings.keys() == expected.warnings.keys()
    assert all(phrase in warnings[stream] for stream, phrase in expected.warnings.items())
    assert output.exit_code == expected.exit_code
