import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks import cli
from unit_tests.inbox.deliveries import an_event
from unit_tests.webhooks.fake_pipedrive import API, CREDENTIALS, TOKEN, URL, Pipedrive, a_webhook

Run = Callable[..., Result]

CONFIG = {
    "api_key": TOKEN,
    "api_url": API,
    "webhook_user": CREDENTIALS.user,
    "webhook_password": CREDENTIALS.password,
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("list")` runs a command with `CONFIG`, or with another one: `config={…}`."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *options: str, config: Any = CONFIG) -> Result:
        file = tmp_path / "config.json"
        file.write_text(config if isinstance(config, str) else json.dumps(config))
        arguments = [command, "--config", str(file), *options]
        return CliRunner().invoke(cli.main, arguments, env={"COLUMNS": "200"})

    return run


def test_register_says_which_changes_are_sent_and_which_are_not(
    pipedrive: Pipedrive, run: Run
) -> None:
    result = run("register", "--url", URL)

    assert result.exit_code == 0, result.output
    assert f"Webhook 1 now sends to {URL}" in result.output
    assert "deals" in result.output
    assert "sends no events for" in result.output
    assert "files" in result.output
    assert CREDENTIALS.password not in result.output
    assert [one["http_auth_password"] for one in pipedrive.webhooks] == [CREDENTIALS.password]


def test_registering_again_says_that_the_webhook_exists(pipedrive: Pipedrive, run: Run) -> None:
    pipedrive.webhooks = [a_webhook(id=4)]

    result = run("register", "--url", URL)

    assert f"Webhook 4 already sends to {URL}" in result.output


def test_generated_credentials_are_stored_only_in_the_given_file(
    pipedrive: Pipedrive, run: Run, tmp_path: Path
) -> None:
    config = {"api_key": TOKEN, "api_url": API}

    rejected = run("register", "--url", URL, config=config)
    result = run("register", "--url", URL, "--credentials", "hook.json", config=config)

    assert rejected.exit_code == 1
    assert "--credentials" in rejected.output
    assert result.exit_code == 0, result.output
    kept = json.loads((tmp_path / "hook.json").read_text())
    assert pipedrive.webhooks[0]["http_auth_password"] == kept["webhook_password"]
    assert kept["webhook_password"] not in result.output


def test_list_shows_the_state_of_each_webhook(pipedrive: Pipedrive, run: Run) -> None:
    pipedrive.webhooks = [
        a_webhook(id=1, last_delivery_time="2026-05-01T10:00:00.000Z", last_http_status=200),
        a_webhook(id=2, last_http_status=503),
        a_webhook(id=3, is_active=0, remove_reason="no success on 3 days"),
        a_webhook(id=4, name="Zapier", subscription_url="https://hooks.zapier.com"),
    ]

    result = run("list")

    lines = [line for line in result.output.splitlines() if URL in line]
    assert len(lines) == 3
    assert "active" in lines[0]
    assert "2026-05-01T10:00:00.000Z" in lines[0]
    assert "active, failing" in lines[1]
    assert "503" in lines[1]
    assert "removed: no success on 3 days" in lines[2]
    assert "Zapier" not in result.output


@pytest.mark.usefixtures("pipedrive")
def test_list_says_if_there_is_no_webhook(run: Run) -> None:
    assert "no webhook of ours" in run("list").output


def test_remove_removes_our_webhooks(pipedrive: Pipedrive, run: Run) -> None:
    pipedrive.webhooks = [a_webhook(id=4)]

    first, second = run("remove", "--url", URL), run("remove", "--url", URL)

    assert "Webhook 4 is removed" in first.output
    assert "None of our webhooks" in second.output
    assert pipedrive.webhooks == []


def test_an_error_of_pipedrive_is_one_message(run: Run, requests_mock: Any) -> None:
    requests_mock.get(f"{API}/v1/webhooks", status_code=403, json={"success": False})

    result = run("list")

    assert result.exit_code == 1
    assert "Use the key of an admin" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("config", "phrase"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ({"api_url": API}, "api_key"),
        ({**CONFIG, "webhook_pasword": "x"}, "webhook_pasword"),
        ({**CONFIG, "api_url": "http://acme.pipedrive.com"}, "https://"),
        ({**CONFIG, "webhook_inbox": "mysql://hunter2@db/inbox"}, "webhook_inbox"),
    ],
)
def test_an_unusable_config_is_rejected_before_any_request(
    run: Run, config: Any, phrase: str
) -> None:
    result = run("list", config=config)

    assert result.exit_code == 2
    assert phrase in result.output
    assert "hunter2" not in result.output


def test_the_receiver_does_not_import_the_cdk() -> None:
    """The import takes seconds, in which a restarting receiver misses deliveries, and 60 MB."""
    program = "import sys, source_pipedrive.webhooks.cli; print('airbyte_cdk' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("command", ["register", "serve"])
def test_a_public_url_without_encryption_is_rejected(run: Run, command: str) -> None:
    option = "--url" if command == "register" else "--register"

    result = run(command, option, "http://hooks.example.com/pipedrive")

    assert result.exit_code == 2
    assert "https://" in result.output


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (["--path", "/health"], "/health"),
        (["--path", "pipedrive"], "begin with /"),
        (["--inbox", "mysql://db/inbox"], "sqlite:///"),
        (["--then", "sync"], "--dest"),
        (["--then", "airbyte"], "--connection-id"),
        (["--then", "airbyte", "--url", "https://a", "--connection-id", "c"], "AIRBYTE_TOKEN"),
    ],
)
def test_unusable_options_are_rejected(run: Run, options: list[str], phrase: str) -> None:
    result = run("serve", *options)

    assert result.exit_code in {1, 2}
    assert phrase in result.output


def test_serve_needs_credentials(run: Run) -> None:
    result = run("serve", config={"api_key": TOKEN})

    assert result.exit_code == 1
    assert "There are no credentials" in result.output


def test_inbox_lists_the_events_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    with Inbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        inbox.prepare()
        inbox.append([an_event("delete", entity_id="8"), an_event("delete", entity_id="eight")])

    result = run("inbox")

    assert result.exit_code == 0, result.output
    assert "2 events" in result.output
    assert "eight" in result.output
    assert "no row of deals can have its id" in result.output
    assert result.output.count("delete") == 1


def test_inbox_says_if_all_events_can_be_read(run: Run, tmp_path: Path) -> None:
    with Inbox(f"sqlite:///{tmp_path}/inbox.db") as inbox:
        inbox.prepare()

    assert "All of them can be read." in run("inbox").output
