import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from source_pipedrive.webhooks import credentials
from source_pipedrive.webhooks.credentials import (
    Credentials,
    CredentialsError,
    find_credentials,
)

CONFIG = {"webhook_user": "pipedrive", "webhook_password": "hook-secret-7d1f0a93c5"}


def test_credentials_in_the_config_take_precedence(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"

    found = find_credentials(CONFIG, file, generate=True)

    assert found == Credentials("pipedrive", "hook-secret-7d1f0a93c5")
    assert not file.exists()


def test_generated_credentials_are_kept_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"

    made = find_credentials({}, file, generate=True)
    found = find_credentials({}, file, generate=False)

    assert found == made
    assert len(made.password) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_generated_credentials_differ(tmp_path: Path) -> None:
    one = find_credentials({}, tmp_path / "one.json", generate=True)
    other = find_credentials({}, tmp_path / "other.json", generate=True)

    assert one.password != other.password


@pytest.mark.parametrize(
    ("config", "content", "phrase"),
    [
        ({}, None, "webhooks register"),
        ({"webhook_user": "pipedrive"}, None, "Both"),
        ({"webhook_password": "hook-secret-7d1f0a93c5"}, None, "Both"),
        ({**CONFIG, "webhook_user": "pipe:drive"}, None, "colon"),
        ({**CONFIG, "webhook_password": "x"}, None, "at least 8 characters"),
        ({**CONFIG, "webhook_password": "hook-secret\n"}, None, "control characters"),
        ({}, "{", "cannot be read"),
        ({}, "[]", "Both"),
        ({}, json.dumps({"webhook_user": "", "webhook_password": ""}), "Both"),
    ],
)
def test_unusable_credentials_are_rejected(
    tmp_path: Path, config: dict[str, Any], content: str | None, phrase: str
) -> None:
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(CredentialsError, match=phrase):
        find_credentials(config, file, generate=False)


@pytest.mark.parametrize("problem", ["dangling link", "missing folder", "folder is a file"])
def test_a_file_that_cannot_be_created_is_one_message(tmp_path: Path, problem: str) -> None:
    file = tmp_path / "hook.json"
    if problem == "dangling link":
        file.symlink_to(tmp_path / "nowhere.json")
    else:
        file = tmp_path / "folder" / "hook.json"
    if problem == "folder is a file":
        file.parent.touch()

    with pytest.raises(CredentialsError, match=r"cannot be created: .*Name a file in a folder"):
        find_credentials({}, file, generate=True)


def test_no_umask_takes_the_file_from_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "hook.json"
    before = os.umask(0o777)
    try:
        find_credentials({}, file, generate=True)
    finally:
        os.umask(before)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_to_a_file_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, link = tmp_path / "theirs.json", tmp_path / "hook.json"
    file.write_text(json.dumps(CONFIG))
    link.symlink_to(file)
    # the file belongs to whoever runs the test
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    monkeypatch.setattr(credentials, "_ROOT", -1)

    with pytest.raises(CredentialsError, match="another user"):
        find_credentials({}, link, generate=True)

    assert find_credentials({}, file, generate=False).password == CONFIG["webhook_password"]


def test_missing_credentials_are_an_error_that_names_the_option() -> None:
    with pytest.raises(CredentialsError, match="--credentials"):
        find_credentials({}, None, generate=True)


def test_a_printed_password_is_hidden() -> None:
    assert "7d1f" not in repr(Credentials("pipedrive", "hook-secret-7d1f0a93c5"))
