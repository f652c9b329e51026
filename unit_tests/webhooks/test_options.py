"""The options of the commands: what makes no sense or shows a password is refused."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from source_pipedrive.inbox.store import Inbox
from source_pipedrive.webhooks import cli
from unit_tests.webhooks.fake_pipedrive import API, CREDENTIALS, TOKEN, Pipedrive, a_webhook

PASSWORD = "inbox-secret-41d7aa"  # noqa: S105 - opens nothing

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("list", "--option")` runs a command; environment variables are keywords."""
    monkeypatch.chdir(tmp_path)
    config = {
        "api_key": TOKEN,
        "api_url": API,
        "webhook_user": CREDENTIALS.user,
        "webhook_password": CREDENTIALS.password,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))

    def run(command: str, *options: str, **environment: Any) -> Result:
        arguments = [command, "--config", "config.json", *options]
        return CliRunner().invoke(cli.main, arguments, env={"COLUMNS": "200", **environment})

    return run


@pytest.fixture
def _inbox(tmp_path: Path) -> None:
    with Inbox(f"sqlite:///{tmp_path}/other.db") as inbox:
        inbox.prepare()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("--keep-days", value) for value in ("0", "-1", "0.5", "inf", "nan", "1e308")],
        *[("--check-minutes", value) for value in ("0", "-1", "nan")],
        *[("--full-resync-minutes", value) for value in ("0", "nan")],
        *[("--debounce", value) for value in ("-1", "inf", "nan")],
        *[("--pause-minutes", value) for value in ("-1", "nan")],
        *[("--port", value) for value in ("-1", "65536")],
    ],
)
def test_a_number_that_makes_no_sense_is_refused(run: Run, option: str, value: str) -> None:
    result = run("serve", f"{option}={value}")

    assert result.exit_code == 2
    assert option in result.output


@pytest.mark.parametrize("command", ["register", "serve"])
def test_a_public_url_with_a_password_is_refused_and_not_printed(
    pipedrive: Pipedrive, run: Run, command: str
) -> None:
    option = "--url" if command == "register" else "--register"

    result = run(command, option, f"https://user:{PASSWORD}@hooks.example.com/")

    assert result.exit_code == 2
    assert "contains a user name" in result.output
    assert PASSWORD not in result.output
    assert pipedrive.log == []


def test_a_password_in_a_registered_url_is_not_printed(pipedrive: Pipedrive, run: Run) -> None:
    url = f"https://user:{PASSWORD}@hooks.example.com/"
    pipedrive.webhooks = [a_webhook(subscription_url=url)]

    listed, removed = run("list"), run("remove", "--url", url)

    assert "https://hooks.example.com/" in listed.output
    assert "is removed" in removed.output
    assert PASSWORD not in listed.output + removed.output


@pytest.mark.usefixtures("_inbox")
def test_the_inbox_is_read_from_the_environment_or_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "inbox.txt").write_text("sqlite:///other.db\n")

    results = [
        run("inbox", "--inbox", "@inbox.txt"),
        run("inbox", PIPEDRIVE_WEBHOOK_INBOX="sqlite:///other.db"),
        run("inbox", PIPEDRIVE_WEBHOOK_INBOX="@inbox.txt"),
    ]

    assert {result.output for result in results} == {
        "The inbox has 0 events.\nAll of them can be read.\n"
    }


def test_a_file_with_the_inbox_that_cannot_be_read_is_an_error(run: Run) -> None:
    result = run("inbox", "--inbox", "@nowhere.txt")

    assert result.exit_code == 2
    assert "nowhere.txt cannot be read" in result.output


@pytest.mark.parametrize("option", ["--inbox", "--dest"])
def test_a_password_in_the_command_line_causes_a_warning(run: Run, option: str) -> None:
    url = f"postgresql://pipedrive:{PASSWORD}@127.0.0.1:1/inbox"

    result = run("serve", option, url, "--path", "none")

    assert f"the password in {option}" in result.output
    assert f"Write {option} @file" in result.output
    assert PASSWORD not in result.output


def test_a_password_in_the_environment_causes_no_warning(run: Run) -> None:
    url = f"postgresql://pipedrive:{PASSWORD}@127.0.0.1:1/inbox"

    result = run("inbox", PIPEDRIVE_WEBHOOK_INBOX=url)

    assert "Warning" not in result.output
    assert PASSWORD not in result.output


@pytest.mark.parametrize("exists", [False, True])
def test_only_the_owner_can_read_the_inbox(tmp_path: Path, *, exists: bool) -> None:
    file = tmp_path / "inbox.db"
    if exists:
        file.touch(0o644)
        file.chmod(0o646)

    with Inbox(f"sqlite:///{file}") as inbox:
        inbox.prepare()
        modes = {stat.S_IMODE(path.stat().st_mode) & 0o007 for path in tmp_path.iterdir()}

    assert modes == {0}
    assert stat.S_IMODE(file.stat().st_mode) == (0o640 if exists else 0o600)


def test_an_inbox_in_a_missing_folder_is_one_message(run: Run) -> None:
    result = run("serve", "--inbox", "sqlite:///nowhere/inbox.db")

    assert result.exit_code == 1
    assert "nowhere/inbox.db cannot be opened: No such file or directory." in result.output


def test_every_option_with_a_password_can_be_read_from_the_environment() -> None:
    urls = [
        option
        for command in cli.main.commands.values()
        for option in command.params
        if isinstance(option, click.Option) and "postgresql://" in (option.help or "")
    ]

    assert urls
    assert all(option.envvar for option in urls)
