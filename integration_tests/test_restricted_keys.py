"""A key that may not see everything: what it lacks is told, and all other streams are complete."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox
from unit_tests import catalog

PROJECTS = "projects:read and the Projects add-on"


@dataclass(frozen=True)
class Key:
    """Streams that end in an error or in a warning, each with what the text asks for."""

    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    exit_code: int = 0


KEYS = {
    "regular": Key(
        errors={
            "roles": "may not read roles",
            "role_assignments": "may not read roles",
            "permission_sets": "may not read permission_sets",
            "permission_set_assignments": "may not read permission_sets",
            "webhooks": "may not read webhooks",
        },
        exit_code=1,
    ),
    "no-projects": Key(
        warnings=dict.fromkeys(
            ["projects", "tasks", "project_boards", "project_templates", "project_fields"], PROJECTS
        )
    ),
    "lite": Key(warnings={"deal_installments": "deals:read and the Growth plan"}),
}


@pytest.mark.parametrize("profile", KEYS)
def test_what_a_key_lacks_is_told_and_all_other_streams_finish(
    profile: str, tmp_path: Path, sandbox: RunningSandbox
) -> None:
    key = KEYS[profile]
    config = {**sandbox.config, "api_key": f"{sandbox.token}-{profile}"}

    output = Connector(tmp_path, config).run("read", catalog.ALWAYS)

    statuses = {stream: output.status(stream) for stream in catalog.ALWAYS}
    assert {name for name, status in statuses.items() if status != "COMPLETE"} == set(key.errors)
    said = " ".join(error["message"] for error in output.errors)
    assert all(phrase in said for phrase in key.errors.values())
    assert {error["failure_type"] for error in output.errors} <= {"config_error"}
    told = {line.split()[1]: line for line in output.logs("WARN")}
    assert told.keys() == key.warnings.keys()
    assert all(phrase in told[stream] for stream, phrase in key.warnings.items())
    assert output.exit_code == key.exit_code
