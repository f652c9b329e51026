"""Columns that the rows of webhooks lack, so that no tombstone can have them.

As in the examples that Pipedrive publishes for these kinds of objects, as of 2026-11-23. No example
is known of the objects that were added later.
https://pipedrive.readme.io/docs/webhooks-v2-migration-guide
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from source_pipedrive.inbox.payloads import STREAMS, columns_of, to_api

REPORTED: Final[Mapping[str, str]] = {
    "activity": (
        "active_flag add_time busy_flag custom_fields deal_id done due_date due_time duration id "
        "lead_id location org_id owner_id person_id public_description subject type update_time "
        "update_user_id"
    ),
    "deal": (
        "add_time archive_time channel channel_id close_time creator_user_id currency "
        "custom_fields expected_close_date first_won_time id is_archived label_ids lost_reason "
        "lost_time org_id origin origin_id owner_id person_id pipeline_id probability "
        "stage_change_time stage_id status title update_time value visible_to won_time"
    ),
    "lead": (
        "add_time channel channel_id creator_id custom_fields expected_close_date id is_archived "
        "label_ids next_activity_id organization_id origin origin_id owner_id person_id "
        "source_name title update_time value was_seen"
    ),
    "note": (
        "active_flag add_time content deal_id id lead_id org_id person_id pinned_to_deal_flag "
        "pinned_to_organization_flag pinned_to_person_flag project_id update_time user_id"
    ),
    "organization": (
        "add_time address country_code custom_fields id label name owner_id picture_id "
        "update_time visible_to"
    ),
    "person": (
        "add_time custom_fields emails first_name id label last_name name org_id owner_id phones "
        "update_time visible_to"
    ),
    "pipeline": "active_flag add_time deal_probability id name order_nr update_time url_title",
    "product": (
        "add_time category code custom_fields description id name owner_id prices selectable tax "
        "unit update_time visible_to"
    ),
    "stage": (
        "active_flag add_time deal_probability id name order_nr pipeline_id rotten_days "
        "rotten_flag update_time"
    ),
}
"""The fields of each kind of object, as webhooks name them."""

_SET_BY_TOMBSTONES = {"is_deleted", "merged_into_id", "active_flag", "update_time"}


@cache
def unreported_columns(kind: str) -> Sequence[str]:
    """Return the columns of a kind of object that its tombstones lack, as far as is known."""
    if kind not in REPORTED:
        return ()
    reported = to_api(kind, dict.fromkeys(REPORTED[kind].split())).keys() | _SET_BY_TOMBSTONES
    if kind == "activity":
        reported |= {"custom_fields"}
    return [column for column in columns_of(kind) if column not in reported]


def unreported_columns_of(stream: str) -> Sequence[str]:
    """Return the columns of a stream that its tombstones lack, as far as is known."""
    kinds = [kind for kind, name in STREAMS.items() if name == stream]
    return unreported_columns(kinds[0]) if kinds else ()
