"""What the connector requests for the rows that events announced."""

from dataclasses import replace
from typing import Any

import pytest

from source_pipedrive.webhooks.targets.named_rows import named_rows
from source_pipedrive.webhooks.targets.target import MOST_RETRIES, ExpectedRow

MAY_2 = 1_777_716_000_000
AT = "2026-05-02T10:00:00Z"
ALL = {"deals", "persons", "leads", "projects", "deal_products", "deal_installments"}


def row(stream: str, id_: str = "7", **more: Any) -> ExpectedRow:
    return ExpectedRow(stream, id_, MAY_2, None, is_deleted=False, **more)


def deleted(stream: str, id_: str = "7") -> ExpectedRow:
    return replace(row(stream, id_), is_deleted=True)


def test_rows_are_named_by_their_ids() -> None:
    named = named_rows([row("persons"), row("persons", "8"), row("leads", "adf21080")], ALL)

    assert named == {"persons": {"7": AT, "8": AT}, "leads": {"adf21080": AT}}


def test_a_stream_that_is_not_selected_is_left_out() -> None:
    assert named_rows([row("persons"), row("deals")], {"persons"}) == {"persons": {"7": AT}}


@pytest.mark.parametrize(
    ("stream", "named"), [("deals", {"7": AT}), ("projects", {"7": AT}), ("persons", {})]
)
def test_a_deleted_row_is_requested_where_pipedrive_still_has_it(
    stream: str, named: dict[str, str]
) -> None:
    assert named_rows([deleted(stream)], {stream}) == {stream: named}


def test_the_lines_of_changed_deals_are_read_with_them() -> None:
    named = named_rows([row("deals"), deleted("deals", "8")], ALL)

    assert named["deals"] == {"7": AT, "8": AT}
    assert named["deal_products"] == named["deal_installments"] == {"7": AT}


def test_a_changed_line_is_read_with_the_lines_of_its_deal() -> None:
    named = named_rows([row("deal_products", "40", parent_id="7")], ALL)

    assert named == {"deal_products": {"7": AT}}


@pytest.mark.parametrize(
    "one", [row("deal_products", "40"), row("deals", tries=MOST_RETRIES)], ids=["no deal", "last"]
)
def test_what_an_id_does_not_help_to_find_is_read_from_the_bookmark(one: ExpectedRow) -> None:
    assert one.stream not in named_rows([one, row("persons")], ALL)
