"""Child streams: one request per parent record, or one for a batch of them."""

import threading
from datetime import timedelta

import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, Type

from source_pipedrive import timestamps
from unit_tests.conftest import Read
from unit_tests.pipedrive import Api, error, rows, v1_page, v2_page

NOW, HTTP_NOW = "2024-05-01T10:00:00Z", "Wed, 01 May 2024 10:00:00 GMT"
NO_SUCH_FEATURE = error(403, "You do not have permissions to do this.")


def test_deal_products_are_read_for_the_deals_that_changed(api: Api, read: Read) -> None:
    now = timestamps.now()
    state = {"deal_products": {"parent_update_time": now, "full_pass": now}}
    api.answer("api/v2/deals", v2_page(rows("deals", [7])))
    api.answer("api/v2/deals/products", v2_page([{"id": 1, "deal_id": 7}]))

    output = read("deal_products", state=state, include_archived=False)

    assert "updated_since" in api.asked("api/v2/deals")[0]
    assert api.asked("api/v2/deals/products")[0]["deal_ids"] == "7"
    assert [row["id"] for row in output.records("deal_products")] == [1]


def test_a_full_scan_of_all_deals_is_due_after_a_week(api: Api, read: Read) -> None:
    state = {"parent_update_time": timestamps.now(), "full_pass": "2024-05-01T00:00:00Z"}
    api.answer("api/v2/deals", v2_page(rows("deals", range(1, 151))))
    api.answer("api/v2/deals/products", v2_page([]), v2_page([]))

    output = read("deal_products", state={"deal_products": state}, include_archived=False)

    assert "updated_since" not in api.asked("api/v2/deals")[0]
    asked = [query["deal_ids"].count(",") + 1 for query in api.asked("api/v2/deals/products")]
    assert sorted(asked) == [50, 100]
    assert output.states("deal_products")[-1]["full_pass"] > "2024-05-01T00:00:00Z"  # noqa: S105 - a moment


def test_every_sync_is_a_full_scan_when_the_setting_is_zero_days(api: Api, read: Read) -> None:
    # Pipedrive's clock is ahead of this machine's
    ahead = timestamps.shift(timestamps.now(), timedelta(minutes=30))
    state = {"deal_products": {"parent_update_time": ahead, "full_pass": ahead}}
    api.answer("api/v2/deals", v2_page([]))

    read("deal_products", state=state, include_archived=False, full_child_refresh_days=0)

    assert "updated_since" not in api.asked("api/v2/deals")[0]


@pytest.mark.parametrize("bookmark", ["parent_update_time", "full_pass"])
def test_the_state_of_a_child_stream_that_lies_in_the_future_is_an_error(
    bookmark: str, api: Api, read: Read
) -> None:
    state = {"parent_update_time": NOW, "full_pass": NOW, bookmark: "2025-05-01T10:00:00Z"}
    api.answer("api/v2/deals", v2_page(rows("deals", [7])).with_headers(date=HTTP_NOW))

    output = read("deal_products", state={"deal_products": state}, include_archived=False)

    # it would hide the children of every deal that changes until then
    assert "saved state of stream deal_products" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "config_error"
    assert output.status("deal_products") == "INCOMPLETE"


def test_an_interrupted_parent_scan_starts_by_pipedrives_clock(api: Api, read: Read) -> None:
    parents = range(1, 101)
    api.answer("v1/notes", v1_page(rows("notes", parents)).with_headers(date=HTTP_NOW))
    for parent in parents:
        api.answer(f"v1/notes/{parent}/comments", v1_page([]))

    output = read("note_comments")

    # this machine's clock may be ahead: changes in between would never be read
    midway, *_ = output.states("note_comments")
    assert midway["pass"]["started"] == NOW


def test_a_feature_that_the_account_lacks_is_a_warning(api: Api, read: Read) -> None:
    api.answer("api/v2/deals", v2_page(rows("deals", [7])))
    api.answer("api/v2/deals/installments", NO_SUCH_FEATURE)

    output = read("deal_installments", include_archived=False)

    assert output.status("deal_installments") == "COMPLETE"
    (warning,) = output.logs("WARN")
    assert "deal_installments has no rows" in warning
    assert "the Growth plan" in warning


def test_a_child_stream_that_fails_for_every_parent_is_a_missing_permission(
    api: Api, read: Read
) -> None:
    api.answer("v1/notes", v1_page(rows("notes", range(1, 4))))
    for parent in range(1, 4):
        api.answer(f"v1/notes/{parent}/comments", NO_SUCH_FEATURE)

    output = read("note_comments")

    assert output.status("note_comments") == "INCOMPLETE"
    assert "may not read note_comments" in output.errors[0]["message"]


def test_a_state_covers_only_parents_whose_children_were_emitted(
    api: Api, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = range(1, 251)
    time = "2024-05-01 10:00:00"
    api.answer("v1/notes", v1_page(rows("notes", parents, update_time=time)))
    for parent in parents:
        api.answer(f"v1/notes/{parent}/comments", v1_page([{"uuid": f"comment of {parent}"}]))
    serialize = AirbyteEntrypoint.airbyte_message_to_string

    def write_late(message: AirbyteMessage) -> str:
        # the threads read on meanwhile, until all page slots are taken
        if message.type is Type.STATE:
            threading.Event().wait(0.2)
        return serialize(message)

    monkeypatch.setattr(AirbyteEntrypoint, "airbyte_message_to_string", write_late)
    output = read("note_comments")

    emitted: set[int] = set()
    for message in output.messages:
        if message["type"] == "RECORD":
            emitted.add(message["record"]["data"]["note_id"])
        elif message["type"] == "STATE":
            after = message["state"]["stream"]["stream_state"].get("pass", {}).get("after", {})
            assert set(range(1, max(after.values(), default=0) + 1)) <= emitted
    assert emitted == set(parents)
