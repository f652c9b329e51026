"""Streams that hang on another object: which parents to ask for, and how far that got."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from dataclasses import InitVar, dataclass, field
from datetime import timedelta
from http import HTTPStatus
from itertools import groupby
from typing import Any, Protocol, cast

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative.partition_routers.partition_router import PartitionRouter
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive import timestamps as times
from source_pipedrive.inbox.deletions import TOLD, TOMBSTONES, Tombstones
from source_pipedrive.streams.list_cursor import (
    ListCursor,
    Parent,
    ReadParents,
    refuse_future,
    unreadable_state,
)

_LOGGER = logging.getLogger("airbyte")
GROUP = "group"
_ALL_FORBIDDEN = 3


class ParentList(Protocol):
    """Parents, list after list. Once iterated, `as_of` is the moment up to which it is complete."""

    as_of: str

    def __iter__(self) -> Iterator[Parent]: ...


def list_parents(stream: AbstractStream) -> ParentList:
    """Read a stream for the ids of its rows alone."""
    parents = ReadParents()
    as_of = times.now()
    for partition in stream.generate_partitions():
        of = next(iter(cast("StreamSlice", partition.to_slice()).partition.values()), "")
        parents.add(of, [row.data for row in partition.read()])
    # a list whose refusal was tolerated has no beginning
    parents.complete(cast("ListCursor", stream.cursor).began or as_of)
    return parents


Listing = Callable[[str | None], ParentList]
"""Lists the parents that changed since a moment; all of them, for `None`."""


@dataclass
class ParentRouter(PartitionRouter):
    """Asks for the children of `group_size` parents at a time, or of each parent.

    The slice carries `<parent_key>`, one id or a comma-separated list; `ids_parameter` is the query
    parameter that takes it, for paths without a place for it. `SubstreamPartitionRouter`
    would list the parents anew for every child stream, keep a state per parent, and
    `GroupingPartitionRouter` forgets where it stopped.
    """

    parent: str
    parent_key: str
    parameters: InitVar[Mapping[str, Any]]
    ids_parameter: str | None = None
    group_size: int = 1
    listing: Listing | None = field(default=None, init=False)

    def __post_init__(self, parameters: Mapping[str, Any]) -> None: ...

    def list_parents(self, since: str | None) -> ParentList:
        return cast("Listing", self.listing)(since)

    def stream_slices(self) -> Iterable[StreamSlice]:
        return (group.as_slice for group in self.groups(self.list_parents(None), {}))

    def groups(self, parents: ParentList, after: Mapping[str, Any]) -> Iterator["Group"]:
        """Yield the parents in groups, without those already done: up to an id in every list."""
        todo = (one for one in parents if one.of not in after or one.id > after[one.of])
        for of, members in groupby(todo, key=lambda parent: parent.of):
            batch: dict[Any, str | None] = {}
            for parent in members:
                batch[parent.id] = parent.time
                if len(batch) == self.group_size:
                    yield Group(self.parent_key, of, batch, self.ids_parameter)
                    batch = {}
            if batch:
                yield Group(self.parent_key, of, batch, self.ids_parameter)

    def get_stream_state(self) -> Mapping[str, Any] | None:
        return None

    def get_request_params(self, **_: Any) -> Mapping[str, Any]:
        return {}

    def get_request_headers(self, **_: Any) -> Mapping[str, Any]:
        return {}

    def get_request_body_data(self, **_: Any) -> Mapping[str, Any]:
        return {}

    def get_request_body_json(self, **_: Any) -> Mapping[str, Any]:
        return {}


@dataclass
class Group:
    """Some parents of one list, asked for together: id -> when the parent last changed."""

    key: str
    of: str
    parents: Mapping[Any, str | None]
    ids_parameter: str | None = None
    done: bool = False

    @property
    def request_parameters(self) -> Mapping[str, str]:
        """The ids, where they are no part of the path."""
        return {self.ids_parameter: self._ids} if self.ids_parameter else {}

    @property
    def _ids(self) -> str:
        return ",".join(map(str, self.parents))

    def parent_of(self, row: Mapping[str, Any]) -> Any:
        """Tell whose child a row is; among several parents it says so itself."""
        return next(iter(self.parents)) if len(self.parents) == 1 else row[self.key]

    @property
    def as_slice(self) -> StreamSlice:
        return StreamSlice(
            partition={self.key: self._ids},
            cursor_slice={},
            extra_fields={GROUP: self},
        )


class ChildCursor(Cursor):
    """Cursor of a stream of children: a pass over the parents that changed since the last pass.

    State: `{"parent_update_time": T}`: the children of every parent that changed before `T` were
    read. During a pass also `{"pass": {"since", "started", "after": {list: id}}}`: an interrupted
    pass goes on behind the parents it has done. `full_pass` is when all parents were read last;
    after `full_pass_days` all are due again, for children that change without their parent. With
    webhooks, `{"inbox": {"sequence": n}}` is the last deletion that they told of.
    """

    FIELD = "parent_update_time"

    def __init__(  # noqa: PLR0913 - it is built in one place, from the manifest
        self,
        *,
        stream_name: str,
        router: ParentRouter,
        state: Mapping[str, Any],
        start: str | None,
        lookback: timedelta,
        full_pass_days: float | None,
        tombstones: Tombstones | None,
        message_repository: MessageRepository,
        state_manager: ConnectorStateManager,
    ) -> None:
        self.cursor_field = CursorField(self.FIELD)
        self.start = start
        self._stream_name = stream_name
        self._router = router
        self._message_repository = message_repository
        self._state_manager = state_manager
        self._lock = threading.Lock()
        self._state = _checked(state, stream_name)
        self._groups: list[Group] = []
        self._generated = False
        self._closed = self._skipped = self._forbidden = 0
        self._reason = ""
        self.off = False
        self._lookback = lookback
        self._full_pass_days = full_pass_days
        self._tombstones = tombstones
        if tombstones:
            tombstones.reached = int(self._state.get(TOLD, {}).get("sequence", 0))
        self._pass = self._state.get("pass") or self._new_pass()

    @property
    def since(self) -> str | None:
        """Parents that changed before this moment are left out of the pass."""
        return cast("str | None", self._pass["since"])

    def _new_pass(self) -> MutableMapping[str, Any]:
        mark = self._state.get(self.FIELD)
        full_pass = self._state.get("full_pass")
        due = self._full_pass_days is not None and (
            # with every sync, whoever's clock is ahead
            not (full_pass and self._full_pass_days)
            or times.shift(full_pass, timedelta(days=self._full_pass_days)) <= times.now()
        )
        since = None if due or not mark else times.shift(mark, -self._lookback)
        return {"since": since, "started": "", "after": {}}

    @property
    def state(self) -> MutableMapping[str, Any]:
        return deepcopy(self._state)

    def stream_slices(self) -> Iterable[StreamSlice]:
        if self._tombstones:
            yield self._tombstones.as_slice
        parents = self._router.list_parents(self.since)
        for mark in (self._state.get(self.FIELD, ""), self._state.get("full_pass", "")):
            refuse_future(self._stream_name, self._state, self.FIELD, mark, parents.as_of)
        # by Pipedrive's clock, as the times of the parents are; a resumed pass keeps its moment
        self._pass["started"] = self._pass["started"] or parents.as_of
        for group in self._router.groups(parents, dict(self._pass["after"])):
            with self._lock:
                self._groups.append(group)
            yield group.as_slice
            if self.off:
                return
        with self._lock:
            self._generated = True

    def close_partition(self, partition: Partition) -> None:
        extra = cast("StreamSlice", partition.to_slice()).extra_fields
        with self._lock:
            if TOMBSTONES in extra:
                self._state[TOLD] = {"sequence": extra[TOMBSTONES].reached}
                self._emit_state()
                return
            group: Group = extra[GROUP]
            group.done = not self.off
            self._closed += 1
            while self._groups and self._groups[0].done:
                done = self._groups.pop(0)
                self._pass["after"][done.of] = list(done.parents)[-1]
            self._state["pass"] = self._pass
            if self._closed % 100 == 0:
                self._emit_state()

    def ensure_at_least_one_state_emitted(self) -> None:
        with self._lock:
            if self._generated and not self._groups:
                self._state[self.FIELD] = self._pass["started"]
                if self.since is None and self._full_pass_days is not None:
                    self._state["full_pass"] = self._pass["started"]
                self._state.pop("pass", None)
                if self._skipped:
                    _LOGGER.warning(
                        "Stream %s: left out the children of %d parents, the last because: %s",
                        self._stream_name,
                        self._skipped,
                        self._reason,
                    )
                    self._skipped = 0
            self._emit_state()

    def skip(self, status: int, message: str) -> None:
        """Take note of a refusal: of one parent that vanished, or of all of them.

        Asked for many parents, Pipedrive refuses only what the account does not have: the pass
        ends, and its state stays. Parents asked for one by one are left out, but when the first
        three are all forbidden, a permission is missing, and not a parent.
        """
        with self._lock:
            if self._router.group_size > 1:
                if not self.off:
                    _LOGGER.warning(message)
                self.off = True
                return
            self._skipped += 1
            self._reason = message
            self._forbidden += status == HTTPStatus.FORBIDDEN
            if self._forbidden >= _ALL_FORBIDDEN and self._forbidden > self._closed:
                raise AirbyteTracedException(
                    message=message, internal_message=message, failure_type=FailureType.config_error
                )

    def failed(self) -> None:
        """End the pass: what comes after a parent that could not be read is read again anyway."""
        self.off = True

    def observe(self, record: Record) -> None:
        """The state follows the parents, not the rows."""

    def should_be_synced(self, record: Record) -> bool:
        return True

    def _emit_state(self) -> None:
        # the message waits in a queue while the pass goes on: it must not see that
        state = deepcopy(self._state)
        self._state_manager.update_state_for_stream(self._stream_name, None, state)
        self._message_repository.emit_message(
            self._state_manager.create_state_message(self._stream_name, None)
        )


def _checked(state: Mapping[str, Any], stream_name: str) -> MutableMapping[str, Any]:
    """Return the state of an earlier sync, or refuse one that this cursor did not write."""
    known = {} if state.get(NO_CURSOR_STATE_KEY) else dict(state)
    try:
        for key in (ChildCursor.FIELD, "full_pass"):
            if key in known:
                known[key] = times.normalise(known[key])
        if "pass" in known:
            _ = known["pass"]["since"], dict(known["pass"]["after"])
            known["pass"]["started"] = times.normalise(known["pass"]["started"])
        if TOLD in known:
            known[TOLD] = {"sequence": int(known[TOLD]["sequence"])}
        for key in known.keys() - {"full_pass", "pass", TOLD}:
            known[key] = {ChildCursor.FIELD: known[key]}[key]
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable_state(stream_name, state, ChildCursor.FIELD, error) from error
    return known
