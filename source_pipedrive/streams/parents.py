"""The parents of child streams: listed once a sync, by whichever stream reads them first."""

import threading
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from source_pipedrive import timestamps
from source_pipedrive.streams.slices import ParentGroup


class Parent(NamedTuple):
    """A row that has children. Its list is live, archived, and so on; ids ascend within one."""

    list_name: str
    id: Any
    time: str | None


class CollectedParents:
    """The ids of the rows of a stream, and when they changed: 16 bytes a row for integer ids.

    Once complete, `as_of` is the moment up to which every change is known, by Pipedrive's clock.
    """

    def __init__(self) -> None:
        self.as_of = ""
        self._rows: dict[str, tuple[array[int] | list[str], array[int]]] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    def add(self, list_name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep the ids and times of a page of rows."""
        with self._lock:
            for row in rows:
                if list_name not in self._rows:
                    ids = array("q") if isinstance(row["id"], int) else list[str]()
                    self._rows[list_name] = ids, array("q")
                known_ids, seconds = self._rows[list_name]
                known_ids.append(row["id"])
                seconds.append(timestamps.to_epoch(row.get("update_time") or row.get("add_time")))

    def complete(self, as_of: str) -> None:
        """Take note that all rows were added."""
        self.as_of = as_of
        self._is_over.set()

    def fail(self) -> None:
        """Take note that no further rows will come."""
        self._is_over.set()

    def wait(self) -> bool:
        """Wait until the rows were read, and tell whether they are all there."""
        self._is_over.wait()
        return bool(self.as_of)

    def __iter__(self) -> Iterator[Parent]:
        for list_name, (ids, seconds) in self._rows.items():
            # a row that changed during the read is there twice
            latest = dict(sorted(zip(ids, seconds, strict=True)))
            for one, second in latest.items():
                yield Parent(list_name, one, timestamps.from_epoch(second))


@dataclass(frozen=True)
class ParentRequests:
    """How the children of a parent stream are requested.

    The path, or the query parameter `ids_parameter`, takes `<parent_key>`: one id, or the ids of
    `group_size` parents with commas between them. The CDK's `SubstreamPartitionRouter` would list
    the parents for every child stream and keep a state for every parent, and its
    `GroupingPartitionRouter` forgets where it stopped.
    """

    parent: str
    parent_key: str
    ids_parameter: str | None = None
    group_size: int = 1

    def groups(
        self, parents: Iterable[Parent], after: Mapping[str, Any] | None = None
    ) -> Iterator[ParentGroup]:
        """Yield groups of parents, without those up to an id of each list (`after`)."""
        passed = after or {}
        due = (
            one for one in parents if one.list_name not in passed or one.id > passed[one.list_name]
        )
        for list_name, members in groupby(due, key=lambda parent: parent.list_name):
            group: dict[Any, str | None] = {}
            for parent in members:
                group[parent.id] = parent.time
                if len(group) == self.group_size:
                    yield ParentGroup(self.parent_key, list_name, group, self.ids_parameter)
                    group = {}
            if group:
                yield ParentGroup(self.parent_key, list_name, group, self.ids_parameter)


ListParents = Callable[[str, str | None], CollectedParents]
"""Lists the rows of a stream that changed since a moment; all of them, for `None`."""


class ParentStream(Protocol):
    """The cursor of a stream that collects parents while it is read."""

    parents: CollectedParents | None

    def reads_since(self, moment: str | None) -> bool:
        """Tell whether all lists are read from a moment on, or from an earlier one."""


class ParentLists:
    """Lists parents once a sync, and not at all where their own stream reads them anyway."""

    def __init__(self, list_parents: ListParents) -> None:
        self._list_parents = list_parents
        self._streams: dict[str, ParentStream] = {}
        self._lists: dict[tuple[str, str | None], CollectedParents] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def share(self, parent: str, stream: ParentStream, since: str | None) -> None:
        """Have a stream collect what its children need, if it is read from early enough on."""
        if stream.reads_since(since):
            stream.parents = stream.parents or CollectedParents()
            self._streams[parent] = stream

    def since(self, parent: str, moment: str | None) -> CollectedParents:
        """Return the parents that changed since a moment; all of them, for `None`."""
        stream = self._streams.get(parent)
        if stream and stream.parents and stream.reads_since(moment) and stream.parents.wait():
            return stream.parents
        with self._locks[parent]:
            if (parent, moment) not in self._lists:
                self._lists[parent, moment] = self._list_parents(parent, moment)
            return self._lists[parent, moment]
