"""What `/metrics` says about syncs: their tokens, and how long rows take, part by part."""

import pytest

from source_pipedrive.webhooks.metrics import Metrics
from source_pipedrive.webhooks.targets.target import Arrival, SyncCost


def lines(metrics: Metrics) -> list[str]:
    prefix = "pipedrive_webhooks_"
    text = metrics.exposition().decode()
    return [one.removeprefix(prefix) for one in text.splitlines() if one.startswith(prefix)]


def test_tokens_that_syncs_spent_add_up_and_those_that_are_left_are_the_newest() -> None:
    metrics = Metrics()

    metrics.synced(SyncCost(tokens=30, left=900, limit=1000))
    metrics.synced(SyncCost(tokens=1, left=899, limit=1000))
    # an answer that announces nothing
    metrics.synced(SyncCost(tokens=2))

    assert {"tokens_spent_total 33.0", "tokens_left 899.0"} <= {*lines(metrics)}


def test_tokens_that_no_answer_announced_raise_no_alert() -> None:
    """A receiver without `--then sync` never knows them; PromQL compares NaN with no number."""
    assert "tokens_left NaN" in lines(Metrics())


@pytest.mark.parametrize(
    ("part", "seconds"), [("to_inbox", 0.25), ("to_sync", 0.5), ("to_warehouse", 1.0)]
)
def test_the_way_of_a_row_is_measured_part_by_part(part: str, seconds: float) -> None:
    metrics = Metrics()

    metrics.arrived(Arrival(to_inbox=0.25, to_sync=0.5, to_warehouse=1.0))

    assert f'arrival_part_seconds_sum{{part="{part}"}} {seconds}' in lines(metrics)
    assert "arrival_seconds_sum 1.75" in lines(metrics)
