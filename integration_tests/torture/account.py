"""The account that is read: its kinds of rows, what happens to them, and what a copy must hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from pipedrive_sandbox.client import RunningSandbox
from unit_tests import catalog

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Kind:
    """Rows of one stream: where the API lists them, and what can happen to them.

    `edited` is the column that an edit changes. Deletions are `told` where the API lists what was
    deleted. `parent` is the stream, and the column with the id, of the row that the rows hang on.
    `derived` columns show other rows, whose changes touch neither this row nor its parent. The
    first of `times` that is set tells how old a row is.
    """

    path: str
    table: str = ""
    edited: str = ""
    archivable: bool = False
    mergeable: bool = False
    told: bool = False
    creatable: bool = True
    parent: tuple[str, str] | None = None
    derived: frozenset[str] = frozenset()
    times: Sequence[str] = ("update_time", "add_time")

    @property
    def one_by_one(self) -> bool:
        """Whether the API is asked once for each parent, and believed when it denies one."""
        return self.parent is not None and "\\d+" in self.path


KINDS: Mapping[str, Kind] = {
    "deals": Kind(
        r"^/api/v2/deals(/archived)?\?",
        "deals",
        "title",
        archivable=True,
        mergeable=True,
        told=True,
    ),
    "persons": Kind(r"^/api/v2/persons\?", "persons", "name", mergeable=True),
    "organizations": Kind(r"^/api/v2/organizations\?", "organizations", "name", mergeable=True),
    "activities": Kind(r"^/api/v2/activities\?", "activities", "subject"),
    "products": Kind(r"^/api/v2/products\?", "products", "name"),
    "leads": Kind(r"^/v1/leads(/archived)?\?", "leads", "title", archivable=True),
    "notes": Kind(r"^/v1/notes\?", "notes", "content"),
    "files": Kind(r"^/v1/files\?", "files", "name", creatable=False),
    "projects": Kind(
        r"^/api/v2/projects(/archived)?\?", "projects", "title", archivable=True, told=True
    ),
    "tasks": Kind(r"^/api/v2/tasks\?", "tasks", "title"),
    "call_logs": Kind(r"^/v1/callLogs\?", times=("start_time",)),
    "deal_products": Kind(
        r"^/api/v2/deals/products\?", "deal_products", "comments", parent=("deals", "deal_id")
    ),
    "deal_installments": Kind(r"^/api/v2/deals/installments\?", parent=("deals", "deal_id")),
    "deal_discounts": Kind(r"^/api/v2/deals/\d+/discounts", parent=("deals", "deal_id")),
    "deal_participants": Kind(
        r"^/v1/deals/\d+/participants",
        parent=("deals", "related_item_id"),
        derived=frozenset({"person_id", "person", "related_item_data", "added_by_user_id"}),
    ),
    "deal_followers": Kind(r"^/api/v2/deals/\d+/followers", parent=("deals", "deal_id")),
    "person_followers": Kind(r"^/api/v2/persons/\d+/followers", parent=("persons", "person_id")),
    "organization_followers": Kind(
        r"^/api/v2/organizations/\d+/followers", parent=("organizations", "organization_id")
    ),
    "product_followers": Kind(
        r"^/api/v2/products/\d+/followers", parent=("products", "product_id")
    ),
    "product_variations": Kind(
        r"^/api/v2/products/\d+/variations", parent=("products", "product_id")
    ),
    "note_comments": Kind(r"^/v1/notes/\d+/comments", parent=("notes", "object_id")),
}


@dataclass(frozen=True)
class Size:
    """A way for an account to be hard: the sizes of its lists, and which streams are worth it.

    With `gaps`, a page of newest ids lies far above all others, as after many deletions, so that a
    walk of a few pages looks long enough to be divided into windows.
    """

    rows: Mapping[str, int]
    streams: Sequence[str]
    gaps: bool = False


SIZES: Mapping[str, Size] = {
    "pages": Size(
        {
            "deals": 1_600,
            "persons": 1_100,
            "organizations": 1_050,
            "activities": 1_300,
            "products": 1_050,
            "leads": 2_100,
            "notes": 1_100,
            "files": 260,
            "projects": 1_050,
            "tasks": 600,
            "call_logs": 130,
            "deal_products": 1_500,
            "installments": 300,
        },
        [name for name, kind in KINDS.items() if not kind.one_by_one],
    ),
    "windows": Size(
        {"deals": 6_000, "persons": 8_000, "activities": 2_700, "deal_products": 600},
        ["deals", "persons", "activities", "deal_products"],
        gaps=True,
    ),
    "children": Size(
        {
            "deals": 110,
            "persons": 90,
            "organizations": 60,
            "products": 50,
            "notes": 70,
            "note_comments": 120,
            "deal_products": 200,
            "installments": 40,
            "discounts": 60,
            "participants": 120,
            "followers": 300,
            "variations": 80,
        },
        [
            "deals",
            "persons",
            "organizations",
            "products",
            "notes",
            *(name for name, kind in KINDS.items() if kind.parent),
        ],
    ),
}
FAR_AWAY = 150_000


def key_of(stream: str, row: Row) -> Key:
    """The primary key of a row."""
    return tuple(row[column] for column in catalog.primary_key(stream))


def changed(stream: str, row: Row) -> str:
    """When a row was last changed, sortable whatever the form; empty if nothing tells."""
    time = next((row[name] for name in KINDS[stream].times if row.get(name)), "")
    return str(time)[:19].replace(" ", "T")


class Account:
    """A running sandbox, seen by one scenario after the other."""

    def __init__(self, sandbox: RunningSandbox, size: Size) -> None:
        self.sandbox = sandbox
        self.size = size
        self.control("settings", gzip=False, burst=10_000, block_after=0)
        self._add_untouched()

    def control(self, route: str, **body: Any) -> Any:
        return self.sandbox.control(route, "POST", **body)

    def _add_untouched(self) -> None:
        """Create rows whose `update_time` stays null, as live accounts have them, and a gap."""
        tables = [
            kind.table
            for kind in (KINDS[stream] for stream in self.size.streams)
            if kind.table and kind.creatable and not kind.parent
        ]
        self.control("settings", update_time_delay=1e12)
        for table in tables:
            self._mutate(table, "create", count=4)
            if self.size.gaps:
                self._mutate(table, "create", set={"id": FAR_AWAY})
        self.control("settings", update_time_delay=2.0)
        if self.size.gaps:
            for table in tables:
                self._mutate(table, "create", count=600)

    def _mutate(self, table: str, action: str, **more: Any) -> None:
        self.control("mutate", table=table, action=action, **more)

    def rows(self, stream: str) -> list[Row]:
        """Every row that a copy must have by now."""
        return self.sandbox.rows(stream)

    def let_settle(self) -> None:
        """Let time run, and rows that were just created get their `update_time`."""
        # a minute after they came, and trouble may have set the clock back by two
        self.control("clock", freeze=False, advance=200)


class Story:
    """What happens to an account during one scenario, and what the API does not tell of it."""

    def __init__(self, account: Account, streams: Sequence[str], rng: Random) -> None:
        self._rng = rng
        self._numbers = count(rng.randrange(10**6) * 1_000)
        self.before = {stream: account.rows(stream) for stream in streams}
        # deals of which a line was changed, and nothing else
        self.silent: set[int] = set()
        self._streams = [name for name in streams if KINDS[name].table]
        self._free = {name: self._shuffled(name) for name in self._streams}

    def _shuffled(self, stream: str) -> list[Row]:
        living = [row for row in self.before[stream] if not _is_deleted(row)]
        living = [row for row in living if row.get("id") != FAR_AWAY]
        living.sort(key=lambda row: str(row["id"]))
        self._rng.shuffle(living)
        return living

    def changes(self, times: int) -> Iterator[list[Row]]:
        """Draw changes: bodies of the sandbox's control route `mutate`, carried out together.

        No row is changed twice, unless by a merge that names it the winner, so that each change
        still makes sense when another one was never carried out.
        """
        for _ in range(times if self._streams else 0):
            stream = self._rng.choice(self._streams)
            kind = KINDS[stream]
            actions = ["edit", "edit", "delete"]
            actions += ["create"] * kind.creatable
            actions += ["archive", "unarchive"] * kind.archivable
            actions += ["merge"] * kind.mergeable
            action = self._rng.choice(actions)
            if kind.parent:
                yield self._change_of_line(stream, kind, action)
            else:
                yield self._change(stream, kind, action)

    def _change(self, stream: str, kind: Kind, action: str) -> list[Row]:
        body: Row = {"table": kind.table, "action": action}
        wanted = self._rng.randint(1, 30)
        if action == "create":
            return [{**body, "count": wanted, "seed": next(self._numbers)}]
        picked = self._picked(stream, 2 * wanted if action == "merge" else wanted, action)
        if action == "merge" and len(picked) % 2:
            picked.pop()
        edit = {"set": self._text(kind)} if action == "edit" else {}
        return [{**body, "ids": [row["id"] for row in picked], **edit}] if picked else []

    def _change_of_line(self, stream: str, kind: Kind, action: str) -> list[Row]:
        """Change a row that hangs on another, and touch that one too, or not."""
        body: Row = {"table": kind.table, "action": action}
        lines = self._picked(stream, 1, action)
        if not lines:
            return []
        (line,) = lines
        parent, column = kind.parent or ("", "")
        if action == "create":
            copy = {**line, "id": None, "add_time": None, **self._text(kind)}
            change = {**body, "seed": next(self._numbers), "set": copy}
        elif action == "edit":
            change = {**body, "ids": [line["id"]], "set": self._text(kind)}
        else:
            change = {**body, "ids": [line["id"]]}
        if self._rng.random() < 0.4:
            self.silent.add(line[column])
            return [change]
        touch = {"table": KINDS[parent].table, "action": "edit", "ids": [line[column]]}
        return [change, {**touch, "set": self._text(KINDS[parent])}]

    def _picked(self, stream: str, number: int, action: str) -> list[Row]:
        free = self._free[stream]
        wanted = [row for row in free if bool(row.get("is_archived")) == (action == "unarchive")]
        picked = wanted[:number]
        self._free[stream] = [row for row in free if row not in picked]
        return picked

    def _text(self, kind: Kind) -> Row:
        return {kind.edited: f"Edited {next(self._numbers)}"}


def _is_deleted(row: Row) -> bool:
    return bool(row.get("is_deleted")) or row.get("status") == "deleted"
