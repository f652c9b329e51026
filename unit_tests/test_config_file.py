"""Settings written back into the config file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from source_pipedrive.api.access import keep_in_file
from source_pipedrive.config_file import update
from unit_tests.conftest import Connector
from unit_tests.pipedrive import TOKEN, Api, envelope

NEW = {"credentials": {"auth_type": "oauth2.0"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"api_url": "https://acme.pipedrive.com", "num_workers": 3}))
    file.chmod(0o640)
    return file


def test_other_settings_and_the_mode_of_the_file_stay(file: Path) -> None:
    assert update(file, **NEW)

    assert json.loads(file.read_text()) == {"api_url": "https://acme.pipedrive.com", **NEW}
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file)

    assert update(link, **NEW)

    assert link.is_symlink()
    assert json.loads(file.read_text())["credentials"] == NEW["credentials"]


def test_a_mounted_file_is_written_in_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", refuse)

    assert update(file, **NEW)

    assert json.loads(file.read_text())["credentials"] == NEW["credentials"]
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_file_that_is_no_config_is_left_alone(content: str, file: Path) -> None:
    file.write_text(content)

    assert not update(file, **NEW)

    assert file.read_text() == content


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_lost_refresh_token_is_said(
    *,
    is_replaced: bool,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stored = {"refresh_token": "older-5f0c7be2" if is_replaced else TOKEN}
    file.write_text(json.dumps({"credentials": stored}))
    monkeypatch.setattr(os, "access", lambda *_: False)

    keep_in_file(file, {"refresh_token": TOKEN})

    said = capsys.readouterr().err
    replaced = f"Pipedrive replaced the refresh token, but {file} cannot be written."
    assert (replaced in said) == is_replaced
    assert bool(said) == is_replaced
    assert TOKEN not in said


def test_old_settings_in_a_file_that_cannot_be_written_are_understood(
    api: Api, connector: Connector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    api.answer("v1/users/me", envelope({"id": 1, "name": "Ada", "company_name": "Analytical"}))

    output = connector("check", config={"api_token": TOKEN})

    assert output.connection["status"] == "SUCCEEDED"
    assert len(output.of_type("CONTROL")) == 1
    assert json.loads((tmp_path / "config.json").read_text()) == {"api_token": TOKEN}
