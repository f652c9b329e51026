"""A connection of Airbyte's official Pipedrive source goes on: nothing is read twice, or missed."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from docs.official import official_streams
from integration_tests.conftest import StartSandbox
from integration_tests.expected_rows import expected_rows
from integration_tests.platform import Output
from integration_tests.process import Connector
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive import timestamps
from unit_tests import catalog

Row = dict[str, Any]

LOOKBACK = timedelta(minutes=5)
WITH_STATE = [stream for stream in official_streams() if stream.state]
SELECTED = list(dict.fromkeys(stream.ours for stream in WITH_STATE))
LISTED = [stream for stream in SELECTED if stream != "deal_changelog"]
# one page of each list, and the list of deals once more for `deal_changelog`
TOKENS_OF_PAGES = 10 + 20 + 10 + 10 + 10 + 10 + 20 + 40 + 20 + 20 + 10 + 20
# both ends of each list with a bookmark, in the order of change
TOKENS_OF_ROWS_THAT_NEVER_CHANGED = 2 * (10 + 20 + 10 + 10 + 10 + 10 + 20 + 20 + 20)


def config_of(sandbox: RunningSandbox) -> Row:
    """The configuration of the official source, and what it does not have."""
    return {
        "credentials": {"auth_type": "api_token", "api_token": sandbox.token},
        "replication_start_date": "2010-01-01T00:00:00Z",
        "num_workers": 10,
        "api_url": sandbox.url,
        "custom_fields": "raw",
    }


@pytest.fixture
def account(start_sandbox: StartSandbox) -> RunningSandbox:
    """An account in which a few rows of each kind never changed."""
    return start_sandbox(deals=150, persons=450, organizations=450, notes=450, burst=10_000)


def official_states(account: RunningSandbox) -> dict[str, Row]:
    """The states that the official connector has after a sync of the account as it is now."""
    states: dict[str, Row] = {}
    for stream in WITH_STATE:
        field, _, form = stream.state.partition(" ")
        if stream.name == "deal_flow":
            partition = {"deal_id": 1, "parent_slice": {}}
            cursor = {field: "2026-01-01 00:00:00"}
            states[stream.name] = {"states": [{"partition": partition, "cursor": cursor}]}
            continue
        archived = stream.name == "deals_archived"
        times = [
            str(row["update_time"])
            for row in expected_rows(account, stream.ours)
            if row["update_time"] and row.get("is_archived", archived) == archived
        ]
        newest = timestamps.parse(max(times))
        states[stream.name] = {field: newest.strftime(form)}
    return states


def as_messages(states: Mapping[str, Row]) -> list[Row]:
    return [
        {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": name}, "stream_state": state},
        }
        for name, state in states.items()
    ]


def what_is_new(
    account: RunningSandbox, stream: str, states: Mapping[str, Row]
) -> dict[str, list[int]]:
    """The ids of the rows that changed since the official states, and of those that never did."""
    ids: dict[str, list[int]] = {"changed": [], "never changed": []}
    for row in expected_rows(account, stream):
        archived = stream in catalog.archivable() and row["is_archived"]
        state = states.get(f"{stream}_archived" if archived else stream)
        if row["update_time"] is None:
            ids["never changed"].append(row["id"])
        # the official connector does not read archived leads
        elif state is None or row["update_time"] >= timestamps.shift(
            timestamps.normalize(state["update_time"]), -LOOKBACK
        ):
            ids["changed"].append(row["id"])
    return ids


def tokens_of(account: RunningSandbox) -> int:
    """The tokens since the last call."""
    tokens: int = account.control("counters")["tokens"]
    account.control("counters", "DELETE")
    return tokens


def test_official_states_bring_only_what_is_new(account: RunningSandbox, tmp_path: Path) -> None:
    states = official_states(account)
    account.control("clock", "POST", advance=3600, settle=True)
    for table in LISTED:
        account.control("mutate", "POST", table=table, action="edit", count=3, seed=3)
    account.control("clock", "POST", advance=600)
    account.control("counters", "DELETE")
    connector = Connector(tmp_path, config_of(account))

    first = connector.run("read", SELECTED, as_messages(states))
    first_cost = tokens_of(account)
    second = connector.run("read", SELECTED, first.state_messages)
    second_cost = tokens_of(account)

    assert (first.exit_code, second.exit_code) == (0, 0)
    new = {stream: what_is_new(account, stream, states) for stream in LISTED}
    for stream in LISTED:
        expected = sorted(new[stream]["changed"] + new[stream]["never changed"], key=str)
        assert sorted((row["id"] for row in first.records(stream)), key=str) == expected
        assert first.state(stream)["never_changed"]
    never_changed = [stream for stream in LISTED if new[stream]["never changed"]]
    assert {"persons", "organizations", "activities", "notes"} <= set(never_changed)
    deals = len(expected_rows(account, "deals"))
    assert len(first.records("deal_changelog")) == len(expected_rows(account, "deal_changelog"))
    assert first_cost <= TOKENS_OF_PAGES + TOKENS_OF_ROWS_THAT_NEVER_CHANGED + 20 * deals
    says_what_happens(first, deals)
    # the second sync costs what every sync of this account does
    assert second_cost <= TOKENS_OF_PAGES + 20 * deals_changed_lately(second)
    assert [one for one in second.logs("INFO") if "official" in one] == []
    for stream in never_changed:
        repeated = {row["id"] for row in second.records(stream)}
        assert not repeated & set(new[stream]["never changed"])


def says_what_happens(output: Output, deals: int) -> None:
    """Assert that the log names what was taken over, and what was not."""
    (warning,) = output.logs("WARN")
    assert "deals_archived (now deals), deal_flow (now deal_changelog)" in warning
    assert "The state of deals_archived continues in deals." in warning
    (line,) = [one for one in output.logs("INFO") if "begins anew" in one]
    assert f"all {deals} deals, at 20 tokens each: at least {20 * deals:,} tokens" in line


def deals_changed_lately(output: Output) -> int:
    """How many deals were read, and so have their changes read again."""
    return len(output.records("deals"))
