"""The commands of the Airbyte protocol, as the platform runs them."""

import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from integration_tests.platform import STREAMS_OF_EVERY_ACCOUNT, Output
from integration_tests.process import EXECUTABLE, Connector, run_forked
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.config import specification
from source_pipedrive.protocol.manifest import packaged_schema, packaged_streams

GLOBAL_STATE = '{"shared_state": {"cdc": 1}, "stream_states": []}'


@pytest.fixture
def connector(tmp_path: Path, sandbox: RunningSandbox) -> Connector:
    return Connector(tmp_path, sandbox.config, use_executable=True)


def test_spec_needs_no_config(connector: Connector) -> None:
    output = connector.run("spec")

    (spec,) = output.of_type("SPEC")
    declared = specification()
    assert spec["connectionSpecification"] == declared
    assert output.exit_code == 0


def test_check_names_the_company_and_the_user(
    connector: Connector, sandbox: RunningSandbox
) -> None:
    output = connector.run("check")

    me = sandbox.api("GET", "v1/users/me")
    assert output.connection["status"] == "SUCCEEDED"
    assert me["company_name"] in output.connection["message"]
    assert me["name"] in output.connection["message"]


@pytest.mark.parametrize(
    ("profile", "phrase"),
    [
        ("-nobody", "rejected the API key"),
        ("-api-disabled", "rejected the API key"),
        ("-suspended", "The company account is not open"),
    ],
)
def test_check_explains_why_an_api_key_does_not_work(
    profile: str, phrase: str, tmp_path: Path, sandbox: RunningSandbox
) -> None:
    key = sandbox.token + profile
    output = Connector(tmp_path, {**sandbox.config, "api_key": key}).run("check")

    assert output.connection["status"] == "FAILED"
    assert phrase in output.connection["message"]
    assert key not in output.text
    assert output.exit_code == 0


def test_check_fails_if_the_connection_fails(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = {"api_key": "nobody-5f0c7be2a91d4e83", "api_url": f"http://127.0.0.1:{port}"}

    output = Connector(tmp_path, config).run("check")

    assert output.connection["status"] == "FAILED"
    assert "connection to Pipedrive failed" in output.connection["message"]


def test_check_fails_if_the_server_does_not_encrypt(
    tmp_path: Path, sandbox: RunningSandbox
) -> None:
    url = sandbox.url.replace("http://", "https://")

    output = Connector(tmp_path, {**sandbox.config, "api_url": url}).run("check")

    assert output.connection["status"] == "FAILED"
    assert (
        "The encrypted connection to the host of `api_url` failed" in output.connection["message"]
    )


def test_discover_lists_every_stream_and_ignores_files_in_the_current_folder(
    connector: Connector,
) -> None:
    # the CDK would use these instead of the files in the package
    (connector.folder / "manifest.yaml").write_text("version: 0.0.0\ntype: DeclarativeSource\n")
    (connector.folder / "source_pipedrive").mkdir()

    output = connector.run("discover")

    (found,) = output.of_type("CATALOG")
    streams = {stream["name"]: stream for stream in found["streams"]}
    assert streams.keys() == set(STREAMS_OF_EVERY_ACCOUNT)
    for name, stream in streams.items():
        key = [[column] for column in packaged_streams()[name].primary_key]
        assert stream["source_defined_primary_key"] == key
        incremental = packaged_streams()[name].incremental
        cursor = incremental.cursor_field if incremental else None
        assert ("incremental" in stream["supported_sync_modes"]) == (cursor is not None)
        assert stream.get("default_cursor_field", []) == ([cursor] if cursor else [])
        columns = packaged_schema(name)["properties"].keys()
        assert columns <= stream["json_schema"]["properties"].keys()


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"config": None}, "config.json cannot be read"),
        ({"config": "{not json"}, "config.json cannot be used"),
        ({"config": "[]"}, "config.json cannot be used"),
        ({"catalog": '{"streams": [{}]}'}, "catalog.json cannot be used"),
        ({"state": "5"}, "state.json cannot be used"),
        (
            {"state": '{"deals": {"update_time": "2024-05-01T00:00:00Z"}}'},
            "state.json cannot be used",
        ),
        ({"state": '[{"type": "LEGACY", "data": {"deals": {}}}]'}, "state.json cannot be used"),
        (
            {"state": f'[{{"type": "GLOBAL", "global": {GLOBAL_STATE}}}]'},
            "state.json cannot be used",
        ),
    ],
    ids=[
        "missing file",
        "not JSON",
        "not an object",
        "not a catalog",
        "not a state",
        "state without types",
        "legacy state",
        "global state",
    ],
)
def test_a_file_that_cannot_be_used_is_a_config_error_that_names_it(
    files: dict[str, str | None], problem: str, tmp_path: Path
) -> None:
    valid = {"config": '{"api_key": "nobody-5f0c7be2a91d4e83"}', "catalog": '{"streams": []}'}
    arguments = ["read"]
    for name, content in (valid | files).items():
        file = tmp_path / f"{name}.json"
        arguments += [f"--{name}", str(file)]
        if content is not None:
            file.write_text(content)

    output = run_forked(arguments, tmp_path)

    (error,) = output.errors
    assert problem in error["message"]
    assert error["failure_type"] == "config_error"
    assert output.exit_code == 1


@pytest.mark.parametrize("verb", ["spec", "check", "discover", "read"])
def test_a_full_disk_ends_a_command_with_one_line(verb: str, connector: Connector) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        connector.start(verb, ["deals"], stdout=full, stderr=subprocess.PIPE) as process,
    ):
        _, stderr = process.communicate(timeout=30)

    assert process.returncode == 1
    assert stderr == "source-pipedrive: stdout cannot be written: No space left on device.\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("--version >/dev/full", "No space left on device"),
        ("catalog --help >/dev/full", "No space left on device"),
        ("webhooks --help >/dev/full", "No space left on device"),
        ("plan --help >&-", "it is closed"),
        # a consumer that is gone needs no complaint
        ("verify --help | (exec <&-)", ""),
    ],
)
def test_a_command_whose_output_is_lost_says_so_in_one_line(command: str, reason: str) -> None:
    shell = f"set -o pipefail; {shlex.quote(EXECUTABLE)} {command}"

    ended = subprocess.run(["/bin/bash", "-c", shell], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    said = f"source-pipedrive: stdout cannot be written: {reason}.\n"
    assert ended.stderr == (said if reason else "")


def test_an_interrupt_ends_a_read_quietly_between_two_lines(connector: Connector) -> None:
    with connector.start("read", ["deals", "persons"], stderr=subprocess.PIPE) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, stderr = process.communicate(timeout=30)

    assert process.returncode in {-signal.SIGINT, 0}, "interrupted, or over before"
    assert stderr == ""
    assert all(Output(first + rest).messages)


def test_warnings_of_libraries_do_not_end_a_check(connector: Connector) -> None:
    with connector.start("check", stderr=subprocess.PIPE, PYTHONWARNINGS="error") as process:
        output, stderr = process.communicate(timeout=30)

    assert "SUCCEEDED" in output
    assert stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 0, "Usage: source-pipedrive VERB"),
        (["--help"], 0, "Usage: source-pipedrive VERB"),
        (["--version"], 0, "source-pipedrive 0.1.0"),
        (["raed"], 2, "no verb 'raed'"),
    ],
)
def test_the_command_without_a_verb_says_what_it_can_do(
    arguments: list[str], code: int, said: str
) -> None:
    command = [str(Path(sys.executable).with_name("source-pipedrive")), *arguments]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
    assert (ended.stderr == "") is (code == 0)
