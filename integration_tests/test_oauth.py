"""OAuth as a platform sees it: the connector as a process, against a sandbox that issues tokens."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from integration_tests.platform import Output, configured
from integration_tests.process import Connector, run_forked
from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from source_pipedrive.webhooks.cli import main as webhooks

STREAMS = (
    *("deals", "persons", "organizations", "activities", "products", "leads", "notes"),
    *("files", "projects", "tasks", "users", "roles", "pipelines", "stages"),
)
CONNECT_AGAIN = "To connect again, authorize the app in Pipedrive"


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSandbox]:
    with running_sandbox(deals=60, burst=10_000) as running:
        yield running


@pytest.fixture
def sandbox(account: RunningSandbox) -> Iterator[RunningSandbox]:
    """One account for all tests, without what a test changes in it."""
    yield account
    account.control("faults", "DELETE")
    account.control("settings", "POST", oauth_rotation=False, oauth_expires_in=3600, latency=0)
    account.control("counters", "DELETE")


def renewals(sandbox: RunningSandbox) -> list[int]:
    """The status of each answer of the token endpoint."""
    return [status for method, _, status in sandbox.control("log") if method == "POST"]


def handed_back(output: Output) -> dict[str, Any]:
    """The config that the platform stores."""
    (control,) = output.of_type("CONTROL")
    config: dict[str, Any] = control["connectorConfig"]["config"]
    return config


def on_request(sandbox: RunningSandbox, number: int, **action: Any) -> None:
    """Do something to the sandbox after a request to the API."""
    match = {"path": "^/(api/)?v[12]/", "from": number}
    sandbox.control("faults", "POST", match=match, action=action)


def test_a_token_that_expires_during_a_read_is_renewed_once(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    checked = Connector(tmp_path, sandbox.oauth_config()).run("check")
    # ten threads have requests under way
    sandbox.control("settings", "POST", latency=0.02, oauth_rotation=True)
    on_request(sandbox, 12, oauth={"action": "expire"})

    output = Connector(tmp_path, handed_back(checked)).run("read", STREAMS)

    assert output.exit_code == 0
    assert renewals(sandbox) == [200, 200]
    assert handed_back(output)["credentials"] != handed_back(checked)["credentials"]
    for stream in ("deals", "notes", "users"):
        ids = {row["id"] for row in output.records(stream)}
        assert ids == {row["id"] for row in sandbox.rows(stream)}


def test_the_only_post_of_a_sync_asks_for_tokens(sandbox: RunningSandbox, tmp_path: Path) -> None:
    Connector(tmp_path, sandbox.oauth_config()).run("read", STREAMS)

    requests = sandbox.control("log")
    assert {method for method, _, _ in requests} == {"GET", "POST"}
    assert {path for method, path, _ in requests if method == "POST"} == {"/oauth/token"}


def test_a_rotated_token_is_handed_back_and_the_old_one_is_refused(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.control("settings", "POST", oauth_rotation=True)
    old = sandbox.oauth_config()

    checked = Connector(tmp_path, old, use_executable=True).run("check")
    sandbox.control("oauth", "POST", action="expire")
    read = Connector(tmp_path, handed_back(checked)).run("read", ["users"])
    stale = Connector(tmp_path, old).run("check")

    assert checked.connection["status"] == "SUCCEEDED"
    assert read.exit_code == 0
    assert (
        handed_back(read)["credentials"].items()
        >= {"client_id": old["credentials"]["client_id"]}.items()
    )
    assert stale.connection["status"] == "FAILED"
    assert "was replaced by a newer one" in stale.connection["message"]
    assert CONNECT_AGAIN in stale.connection["message"]


@pytest.mark.parametrize("hours", [-12, 12])
def test_a_stored_time_of_expiry_that_is_hours_off_costs_one_renewal(
    hours: int, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    config = handed_back(Connector(tmp_path, sandbox.oauth_config()).run("check"))
    if hours > 0:
        # the token is over, and the clock of the machine that stored it says otherwise
        sandbox.control("oauth", "POST", action="expire")
    expiry = datetime.now(UTC) + timedelta(hours=hours)
    config["credentials"]["token_expiry_date"] = expiry.isoformat()

    output = Connector(tmp_path, config).run("read", ["users", "deals", "persons"])

    assert output.exit_code == 0
    assert renewals(sandbox) == [200, 200]


def test_an_app_that_is_uninstalled_during_a_read_ends_it_with_one_error(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    on_request(sandbox, 5, oauth={"action": "revoke"})

    output = Connector(tmp_path, sandbox.oauth_config()).run("read", STREAMS)

    assert output.exit_code == 1
    (message,) = {error["message"] for error in output.errors}
    assert CONNECT_AGAIN in message
    assert {error["failure_type"] for error in output.errors} == {"config_error"}
    assert renewals(sandbox) == [200, 400]


@pytest.mark.parametrize("rotation", [False, True])
def test_a_lost_answer_to_a_renewal_is_survived_unless_it_replaced_the_refresh_token(
    *, rotation: bool, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.control("settings", "POST", oauth_rotation=rotation)
    match = {"path": "^/oauth/token"}
    sandbox.control("faults", "POST", match=match, action={"reset": True})

    output = Connector(tmp_path, sandbox.oauth_config()).run("read", ["users"])

    assert renewals(sandbox) == [200, 400 if rotation else 200]
    assert output.exit_code == (1 if rotation else 0)
    if rotation:
        assert CONNECT_AGAIN in output.errors[0]["message"]
        assert "An earlier answer of this run was lost" in output.errors[0]["message"]


@pytest.mark.parametrize("verb", ["check", "plan", "catalog"])
def test_renewed_credentials_and_migrated_settings_are_written_into_the_config_file(
    verb: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    sandbox.control("settings", "POST", oauth_rotation=True)
    app = sandbox.oauth_config()["credentials"]
    old = {
        "authorization": {
            name: app[name] for name in ("client_id", "client_secret", "refresh_token")
        },
        "api_url": sandbox.url,
    }
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps(old))
    config.chmod(0o640)
    catalog.write_text(json.dumps({"streams": [configured("users")]}))
    arguments = [verb, "--config", str(config)]
    arguments += {
        "plan": ["--catalog", str(catalog), "--json"],
        "catalog": ["--streams", "deals,users"],
    }.get(verb, [])

    runs = [run_forked(arguments, tmp_path) for _ in range(2)]

    assert [run.exit_code for run in runs] == [0, 0]
    assert renewals(sandbox) == [200]
    kept = json.loads(config.read_text())["credentials"]
    assert kept["refresh_token"] != app["refresh_token"]
    assert kept["api_domain"] == sandbox.url
    assert config.stat().st_mode & 0o777 == 0o640
    if verb != "check":
        assert json.loads(runs[0].text)["streams"], "stdout has nothing else"


def test_webhooks_are_managed_with_oauth(sandbox: RunningSandbox, tmp_path: Path) -> None:
    sandbox.control("settings", "POST", oauth_rotation=True)
    config = tmp_path / "config.json"
    delivery = {"webhook_user": "pipedrive", "webhook_password": "hook-secret-7d1f0a93c5"}
    config.write_text(json.dumps({**sandbox.oauth_config(), **delivery}))
    url = ["--url", "https://hooks.example.com/pipedrive"]

    outputs = []
    for command, options in (("register", url), ("list", []), ("remove", url)):
        sandbox.control("oauth", "POST", action="expire")
        arguments = [command, "--config", str(config), *options]
        outputs.append(CliRunner().invoke(webhooks, arguments))

    assert [output.exit_code for output in outputs] == [0, 0, 0]
    posts = [path for method, path, _ in sandbox.control("log") if method == "POST"]
    assert posts.count("/oauth/token") == 3
    assert "Webhook 1 now sends to" in outputs[0].output
    assert "hooks.example.com" in outputs[1].output
    assert "Webhook 1 is removed" in outputs[2].output
