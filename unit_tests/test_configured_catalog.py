"""`catalog` prints a configured catalog that `read` accepts as it is."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from click.testing import CliRunner, Result

from source_pipedrive.configured_catalog import main
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from unit_tests import catalog
from unit_tests.conftest import Connector
from unit_tests.pipedrive import Api, error, page, rows, v2_page

Print = Callable[..., Result]


@pytest.fixture
def print_catalog(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Print:
    # PyAirbyte, which some tests import, changes this
    monkeypatch.setattr(logging.getLogger("airbyte"), "propagate", True)
    monkeypatch.setattr(logging.root, "handlers", [])

    def invoke(config: dict[str, Any], *options: str) -> Result:
        file = tmp_path / "config.json"
        file.write_text(json.dumps(config))
        with api.reachable():
            return CliRunner().invoke(main, ["--config", str(file), *options])

    return invoke


def names(result: Result) -> list[str]:
    return [one["stream"]["name"] for one in json.loads(result.stdout)["streams"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], set(SUGGESTED_STREAMS)),
        (["--streams=all"], set(catalog.ALWAYS)),
        (["--streams=deals, persons"], {"deals", "persons"}),
    ],
)
def test_the_selected_streams_are_in_the_catalog(
    print_catalog: Print, config: dict[str, Any], given: list[str], expected: set[str]
) -> None:
    result = print_catalog(config, *given)

    assert set(names(result)) == expected
    loaded = ConfiguredAirbyteCatalogSerializer.load(json.loads(result.stdout))
    modes = {one.stream.name: one.destination_sync_mode.value for one in loaded.streams}
    assert modes["deals"] == "append_dedup"
    assert modes.get("pipelines", "overwrite") == "overwrite"


def test_read_accepts_the_catalog(
    print_catalog: Print, connector: Connector, config: dict[str, Any], api: Api
) -> None:
    printed = print_catalog(config, "--streams=persons,users")
    api.answer("api/v2/persons", page("persons", rows("persons", [1])))
    api.answer("v1/users", page("users", rows("users", [1])))

    output = connector("read", config=config, catalog=json.loads(printed.stdout))

    assert output.exit_code == 0
    assert [len(output.records(stream)) for stream in ("persons", "users")] == [1, 1]


def test_custom_fields_are_columns(print_catalog: Print, config: dict[str, Any], api: Api) -> None:
    field = {
        "field_code": "dcf558aac1ae4e8c4f849ba5e668430d8df9be12",
        "field_name": "Contract type",
        "field_type": "varchar",
        "is_custom_field": True,
    }
    api.answer("api/v2/productFields", v2_page([field]))

    result = print_catalog({**config, "custom_fields": "columns"}, "--streams=products")

    (stream,) = json.loads(result.stdout)["streams"]
    assert "custom_contract_type" in stream["stream"]["json_schema"]["properties"]


def test_an_unknown_stream_is_named(print_catalog: Print, config: dict[str, Any]) -> None:
    result = print_catalog(config, "--streams=deals,dael")

    assert result.exit_code == 2
    assert "no stream dael" in " ".join(result.output.split())


def test_a_wrong_setting_is_named(print_catalog: Print) -> None:
    result = print_catalog({"api_key": ""})

    assert result.exit_code == 1
    assert "`api_key`" in result.output


def test_fields_that_cannot_be_read_cause_a_warning_beside_the_catalog(
    print_catalog: Print, config: dict[str, Any], api: Api
) -> None:
    api.answer("api/v2/productFields", error(403, "Scope and URL mismatch"))

    result = print_catalog({**config, "custom_fields": "columns"}, "--streams=products")

    assert names(result) == ["products"]
    assert "scope" in result.stderr
