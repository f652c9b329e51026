"""The streams that torture reads: where the API lists their rows, and how the rows can change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from source_pipedrive.protocol.manifest import packaged_streams

Row = dict[str, Any]
Key = tuple[Any, ...]


class Parent(NamedTuple):
    """The parent stream of a child stream, and the column that has the parent's id."""

    stream: str
    column: str


@dataclass(frozen=True)
class StreamTraits:
    """How the rows of one stream can change.

    `path` matches the requests of the stream, and `table` is the sandbox's name for its rows. An
    edit changes the column `edited`. If a stream `lists_deletions`, the API lists deleted rows. The
    `derived` columns show data of other rows; if those change, neither this row nor its parent
    counts as changed. The first of `times` that is set says when a row was last changed.
    """

    path: str
    table: str = ""
    edited: str = ""
    is_archivable: bool = False
    is_mergeable: bool = False
    is_creatable: bool = True
    lists_deletions: bool = False
    parent: Parent | None = None
    derived: frozenset[str] = frozenset()
    times: Sequence[str] = ("update_time", "add_time")

    @property
    def has_request_per_parent(self) -> bool:
        """Whether there is a request for each parent. If it fails with 404, the parent is gone."""
        return self.parent is not None and "\\d+" in self.path


STREAMS: Mapping[str, StreamTraits] = {
    "deals": StreamTraits(
        r"^/api/v2/deals(/archived)?\?",
        "deals",
        "title",
        is_archivable=True,
        is_mergeable=True,
        lists_deletions=True,
    ),
    "persons": StreamTraits(r"^/api/v2/persons\?", "persons", "name", is_mergeable=True),
    "organizations": StreamTraits(
        r"^/api/v2/organizations\?", "organizations", "name", is_mergeable=True
    ),
    "activities": StreamTraits(r"^/api/v2/activities\?", "activities", "subject"),
    "products": StreamTraits(r"^/api/v2/products\?", "products", "name"),
    "leads": StreamTraits(r"^/v1/leads(/archived)?\?", "leads", "title", is_archivable=True),
    "notes": StreamTraits(r"^/v1/notes\?", "notes", "content"),
    "files": StreamTraits(r"^/v1/files\?", "files", "name", is_creatable=False),
    "projects": StreamTraits(
        r"^/api/v2/projects(/archived)?\?",
        "projects",
        "title",
        is_archivable=True,
        lists_deletions=True,
    ),
    "tasks": StreamTraits(r"^/api/v2/tasks\?", "tasks", "title"),
    "call_logs": StreamTraits(r"^/v1/callLogs\?", times=("start_time",)),
    "deal_products": StreamTraits(
        r"^/api/v2/deals/products\?",
        "deal_products",
        "comments",
        parent=Parent("deals", "deal_id"),
    ),
    "deal_installments": StreamTraits(
        r"^/api/v2/deals/installments\?", parent=Parent("deals", "deal_id")
    ),
    "deal_discounts": StreamTraits(
        r"^/api/v2/deals/\d+/discounts", parent=Parent("deals", "deal_id")
    ),
    "deal_participants": StreamTraits(
        r"^/v1/deals/\d+/participants",
        parent=Parent("deals", "related_item_id"),
        derived=frozenset({"person_id", "person", "related_item_data", "added_by_user_id"}),
    ),
    "deal_followers": StreamTraits(
        r"^/api/v2/deals/\d+/followers", parent=Parent("deals", "deal_id")
    ),
    "person_followers": StreamTraits(
        r"^/api/v2/persons/\d+/followers", parent=Parent("persons", "person_id")
    ),
    "organization_followers": StreamTraits(
        r"^/api/v2/organizations/\d+/followers", parent=Parent("organizations", "organization_id")
    ),
    "product_followers": StreamTraits(
        r"^/api/v2/products/\d+/followers", parent=Parent("products", "product_id")
    ),
    "product_variations": StreamTraits(
        r"^/api/v2/products/\d+/variations", parent=Parent("products", "product_id")
    ),
    "note_comments": StreamTraits(r"^/v1/notes/\d+/comments", parent=Parent("notes", "object_id")),
}


def key_of(stream: str, row: Row) -> Key:
    """The primary key of a row."""
    return tuple(row[column] for column in packaged_streams()[stream].primary_key)


def change_time(stream: str, row: Row) -> str:
    """When a row was last changed, as text that sorts by time; empty if the row does not say."""
    time = next((row[name] for name in STREAMS[stream].times if row.get(name)), "")
    return str(time)[:19].replace(" ", "T")


def is_deleted(row: Row) -> bool:
    return bool(row.get("is_deleted")) or row.get("status") == "deleted"
