"""Replacements of private parts of the CDK."""

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString


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
    import_module("source_pipedrive.protocol.source")
    template = InterpolatedString.create("v1/roles/{{ role_id }}/assignments", parameters={})

    with ThreadPoolExecutor(8) as threads:
        paths = list(threads.map(lambda _: template.eval({}, role_id=7), range(2_000)))

    assert set(paths) == {"v1/roles/7/assignments"}
