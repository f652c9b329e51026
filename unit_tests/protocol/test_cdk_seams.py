"""The private parts of the CDK on which the connector depends are as it needs them."""

import gc
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import airbyte_cdk
import pytest
from airbyte_cdk.sources.declarative import concurrent_declarative_source
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.message import MessageRepository

from integration_tests.platform import configured
from source_pipedrive.protocol.cdk_seams import (
    CdkLogFilter,
    evaluate_templates_one_at_a_time,
    messages_of,
    validate_manifest_once,
)
from source_pipedrive.protocol.source import SourcePipedrive
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, rows, v2_page


@pytest.fixture
def _threads_switch_anywhere() -> Iterator[None]:
    """Run the garbage collector all the time, and switch threads while it runs."""

    def take_time(*_: object) -> None:
        any(number < 0 for number in range(500))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(5)
    gc.callbacks.append(take_time)
    yield
    gc.callbacks.remove(take_time)
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_threads_switch_anywhere")
def test_threads_can_evaluate_templates_at_the_same_time() -> None:
    evaluate_templates_one_at_a_time()
    template = InterpolatedString.create("v1/roles/{{ role_id }}/assignments", parameters={})

    with ThreadPoolExecutor(8) as threads:
        paths = list(threads.map(lambda _: template.eval({}, role_id=7), range(2_000)))

    assert set(paths) == {"v1/roles/7/assignments"}


def test_a_state_follows_the_records_that_it_covers(api: Api, read: Read) -> None:
    assert isinstance(messages_of(SourcePipedrive()), MessageRepository)
    time = "2024-05-01T10:00:00Z"
    api.answer("api/v2/persons", v2_page(rows("persons", range(500), update_time=time)))

    output = read("persons")

    kinds = [one["type"] for one in output.messages if one["type"] in {"RECORD", "STATE"}]
    assert kinds[:500] == ["RECORD"] * 500
    assert output.state("persons") == {"update_time": time}


def test_a_page_travels_as_one_record_and_counts_as_its_rows(api: Api, read: Read) -> None:
    api.answer("api/v2/persons", v2_page(rows("persons", range(1, 8))))

    output = read("persons")

    assert len(output.records("persons")) == 7
    states = [one["state"] for one in output.messages if one["type"] == "STATE"]
    assert sum(one["sourceStats"]["recordCount"] for one in states) == 7
    # the CDK itself has counted one record: the page
    assert "Marking stream persons as RUNNING" not in output.logs("INFO")


def test_a_process_that_builds_the_source_again_validates_its_manifest_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    validated = []
    cdk = concurrent_declarative_source
    monkeypatch.setattr(cdk, "validate_manifest", lambda *given: validated.append(given))
    monkeypatch.setattr(
        cdk, "get_declarative_component_schema", cdk.get_declarative_component_schema
    )
    validate_manifest_once.__wrapped__()

    SourcePipedrive()
    SourcePipedrive()

    assert len(validated) == 1


@pytest.mark.parametrize("module", sorted(CdkLogFilter.MODULES))
def test_the_log_filter_names_modules_that_the_cdk_has(module: str) -> None:
    assert list(Path(airbyte_cdk.__file__).parent.rglob(f"{module}.py"))


def test_records_that_are_read_in_python_have_their_changes(
    api: Api, config: dict[str, Any], tmp_path: Path
) -> None:
    api.answer(
        "api/v2/persons", v2_page(rows("persons", [1], org_id="none") + rows("persons", [2]))
    )
    written = json.dumps({"streams": [configured("persons")]})
    (tmp_path / "catalog.json").write_text(written)
    catalog = SourcePipedrive.read_catalog(str(tmp_path / "catalog.json"))
    source = SourcePipedrive(catalog, config, [])

    with api.reachable():
        messages = list(source.read(logging.getLogger("airbyte"), config, catalog, []))

    first, second = (one.record for one in messages if one.record)
    assert first.data == {"id": 1, "org_id": None}
    assert [(one.field, one.change.value) for one in first.meta.changes] == [("org_id", "NULLED")]
    assert second.meta is None


def test_the_start_does_not_parse_source_code() -> None:
    program = (
        "import inspect, source_pipedrive.run as command\n"
        "command.skip_attribute_docs()\n"
        "inspect.getsource = lambda _: 1 / 0\n"
        "import airbyte_cdk"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
