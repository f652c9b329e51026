"""The changes to an account during one scenario."""

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random

from integration_tests.torture.account import HIGH_ID, Account
from integration_tests.torture.streams import STREAMS, Row, StreamTraits, is_deleted


class ChangeGenerator:
    """Generates changes to the rows of some streams, from a random source.

    `rows_before` are the rows before any change. `unreported_parents` are the deals of which a
    product changed without a change of the deal: the API does not report that.
    """

    def __init__(self, account: Account, streams: Sequence[str], rng: Random) -> None:
        self._rng = rng
        self._numbers = count(rng.randrange(10**6) * 1_000)
        self.rows_before = {stream: account.rows(stream) for stream in streams}
        self.unreported_parents: set[int] = set()
        self._streams = [name for name in streams if STREAMS[name].table]
        self._unchanged = {name: self._shuffled_rows(name) for name in self._streams}

    def _shuffled_rows(self, stream: str) -> list[Row]:
        rows = [row for row in self.rows_before[stream] if not is_deleted(row)]
        rows = [row for row in rows if row.get("id") != HIGH_ID]
        rows.sort(key=lambda row: str(row["id"]))
        self._rng.shuffle(rows)
        return rows

    def changes(self, number: int) -> Iterator[list[Row]]:
        """Yield lists of bodies for the sandbox's route `mutate`; the bodies of a list go together.

        No row is changed twice, except as the winner of a merge. So each change is still possible
        if an earlier one was never carried out.
        """
        for _ in range(number if self._streams else 0):
            name = self._rng.choice(self._streams)
            stream = STREAMS[name]
            actions = ["edit", "edit", "delete"]
            actions += ["create"] * stream.is_creatable
            actions += ["archive", "unarchive"] * stream.is_archivable
            actions += ["merge"] * stream.is_mergeable
            action = self._rng.choice(actions)
            if stream.parent:
                yield self._change_child(name, stream, action)
            else:
                yield self._change_rows(name, stream, action)

    def _change_rows(self, name: str, stream: StreamTraits, action: str) -> list[Row]:
        body: Row = {"table": stream.table, "action": action}
        number = self._rng.randint(1, 30)
        if action == "create":
            return [{**body, "count": number, "seed": next(self._numbers)}]
        rows = self._take_rows(name, 2 * number if action == "merge" else number, action)
        if action == "merge" and len(rows) % 2:
            rows.pop()
        edit = {"set": self._new_text(stream)} if action == "edit" else {}
        return [{**body, "ids": [row["id"] for row in rows], **edit}] if rows else []

    def _change_child(self, name: str, stream: StreamTraits, action: str) -> list[Row]:
        """Change the row of a child stream, in 6 of 10 cases together with its parent."""
        body: Row = {"table": stream.table, "action": action}
        rows = self._take_rows(name, 1, action)
        if not rows:
            return []
        (row,) = rows
        assert stream.parent
        parent_name, column = stream.parent
        if action == "create":
            copy = {**row, "id": None, "add_time": None, **self._new_text(stream)}
            if stream.table == "deal_products":
                # another change may delete the product before this one is made
                copy["product_id"] = None
            change = {**body, "seed": next(self._numbers), "set": copy}
        elif action == "edit":
            change = {**body, "ids": [row["id"]], "set": self._new_text(stream)}
        else:
            change = {**body, "ids": [row["id"]]}
        if self._rng.random() < 0.4:
            self.unreported_parents.add(row[column])
            return [change]
        parent = STREAMS[parent_name]
        edit = {"table": parent.table, "action": "edit", "ids": [row[column]]}
        return [change, {**edit, "set": self._new_text(parent)}]

    def _take_rows(self, name: str, number: int, action: str) -> list[Row]:
        rows = self._unchanged[name]
        fitting = [row for row in rows if bool(row.get("is_archived")) == (action == "unarchive")]
        taken = fitting[:number]
        self._unchanged[name] = [row for row in rows if row not in taken]
        return taken

    def _new_text(self, stream: StreamTraits) -> Row:
        return {stream.edited: f"Edited {next(self._numbers)}"}
