"""The cursor of a child stream: one request for each parent, or for a group of parents."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from source_pipedrive import timestamps
from source_pipedrive.api.exceptions import config_error
from source_pipedrive.streams.parents import CollectedParents, ParentRequests
from source_pipedrive.streams.slices import ParentGroup, ReadPage
from source_pipedrive.streams.state import INBOX, StreamState, readable, refuse_future
from source_pipedrive.streams.stream_cursor import StreamCursor

_LOGGER = logging.getLogger("airbyte")
_GROUPS_PER_STATE = 100
_FIRST_FORBIDDEN = 3

BOOKMARK = "parent_update_time"
_SCAN = "pass"
_FULL_SCAN = "full_pass"


@dataclass(frozen=True)
class ScanTiming:
    """From when on parents are scanned again: the lookback window, and the days to a full scan."""

    lookback: timedelta
    full_scan_days: float | None = None


class ChildCursor(StreamCursor):
    """Reads the children of the parents that changed since the last parent scan.

    State: `{"parent_update_time": T}`: the children of every parent that changed before `T` were
    read. During a scan also `{"pass": {"since", "started", "after": {list: id}}}`: an interrupted
    scan resumes behind the parents it has done. `full_pass` is when all parents were scanned last;
    after `full_scan_days` all are due again, for children that change without their parent.
    """

    def __init__(
        self,
        requests: ParentRequests,
        state: StreamState,
        list_parents: Callable[[str | None], CollectedParents],
        timing: ScanTiming,
        *,
        reads_inbox: bool,
    ) -> None:
        self._state: MutableMapping[str, Any] = {}
        super().__init__(BOOKMARK, state, reads_inbox=reads_inbox)
        self.requests = requests
        self._list_parents = list_parents
        self._lookback = timing.lookback
        self._full_scan_days = timing.full_scan_days
        self._open_groups: deque[ParentGroup] = deque()
        self._read_groups: set[ParentGroup] = set()
        self._all_groups_made = False
        self._closed_count = self._skipped_count = self._forbidden_count = 0
        self._last_refusal = ""
        self._scan = self._state.get(_SCAN) or self._new_scan()

    @property
    def since(self) -> str | None:
        """Parents that changed before this moment are not scanned."""
        return cast("str | None", self._scan["since"])

    @property
    def reads_all(self) -> bool:
        return self.since is None

    @property
    def state(self) -> MutableMapping[str, Any]:
        return {**deepcopy(self._state), **self._inbox_state()}

    def _load(self, saved: Mapping[str, Any]) -> None:
        self._state = readable(self._stream_name, BOOKMARK, saved, lambda: _parse(saved))
        self._load_sequence(saved)

    def _new_scan(self) -> MutableMapping[str, Any]:
        bookmark = self._state.get(BOOKMARK)
        full_scan = self._state.get(_FULL_SCAN)
        is_full_scan_due = self._full_scan_days is not None and (
            # with 0 days in every sync, whichever clock is ahead
            not (full_scan and self._full_scan_days)
            or timestamps.shift(full_scan, timedelta(days=self._full_scan_days)) <= timestamps.now()
        )
        reads_all = is_full_scan_due or not bookmark
        since = None if reads_all else timestamps.shift(str(bookmark), -self._lookback)
        return {"since": since, "started": "", "after": {}}

    def _request_slices(self) -> Iterator[ParentGroup]:
        parents = self._list_parents(self.since)
        for bookmark in (self._state.get(BOOKMARK, ""), self._state.get(_FULL_SCAN, "")):
            refuse_future(self._stream_name, BOOKMARK, self.state, bookmark, parents.as_of)
        # by Pipedrive's clock, as the parents' times are; a resumed scan keeps its moment
        self._scan["started"] = self._scan["started"] or parents.as_of
        for group in self.requests.groups(parents, dict(self._scan["after"])):
            if self.is_over:
                return
            with self._changed:
                self._open_groups.append(group)
            yield group
        with self._changed:
            self._all_groups_made = True

    def _requested_page_done(self, part: ParentGroup, page: ReadPage) -> bool:
        if page.refusal:
            self._skip(page.status, page.refusal)
        return not self.is_over

    def _skip(self, status: int, reason: str) -> None:
        """Take note of a refusal: of one parent that was deleted, or of all of them.

        Requested for many parents, Pipedrive refuses only what the account does not have: the scan
        ends, and its state stays. Parents that are requested one by one are skipped. When the first
        three are all forbidden, a permission is missing, and not a parent.
        """
        with self._changed:
            if self.requests.group_size > 1:
                if not self.is_over:
                    _LOGGER.warning(reason)
                self.is_over = True
                return
            self._skipped_count += 1
            self._last_refusal = reason
            self._forbidden_count += status == HTTPStatus.FORBIDDEN
            forbidden = self._forbidden_count
            if forbidden >= _FIRST_FORBIDDEN and forbidden > self._closed_count:
                raise config_error(reason)

    def _close(self, part: ParentGroup) -> None:
        self._closed_count += 1
        if not self.is_over:
            self._read_groups.add(part)
        while self._open_groups and self._open_groups[0] in self._read_groups:
            group = self._open_groups.popleft()
            self._read_groups.discard(group)
            self._scan["after"][group.list_name] = group.last_id
        self._state[_SCAN] = self._scan
        if self._closed_count % _GROUPS_PER_STATE == 0:
            self._emit_state()

    def _finish(self) -> None:
        if self._open_groups or not self._all_groups_made:
            return
        self._state[BOOKMARK] = self._scan["started"]
        if self.since is None and self._full_scan_days is not None:
            self._state[_FULL_SCAN] = self._scan["started"]
        self._state.pop(_SCAN, None)
        if self._skipped_count:
            _LOGGER.warning(
                "Stream %s: skipped the children of %d parents. Reason of the last one: %s",
                self._stream_name,
                self._skipped_count,
                self._last_refusal,
            )
            self._skipped_count = 0

    def fail(self) -> None:
        """End the scan: what follows a parent that could not be read is read again anyway."""
        self.is_over = True


def _parse(saved: Mapping[str, Any]) -> MutableMapping[str, Any]:
    """Read the state of an earlier sync, without the inbox's part."""
    state: dict[str, Any] = {}
    for key, value in saved.items():
        if key in {BOOKMARK, _FULL_SCAN}:
            state[key] = timestamps.normalize(value)
        elif key == _SCAN:
            started, after = timestamps.normalize(value["started"]), dict(value["after"])
            state[key] = {"since": value["since"], "started": started, "after": after}
        elif key == INBOX:
            _ = int(value["sequence"])
        else:
            raise KeyError(key)
    return state
