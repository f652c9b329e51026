"""Reads lists for other streams: reference data, and the parents of child streams."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from source_pipedrive import timestamps
from source_pipedrive.api.client import PipedriveClient
from source_pipedrive.streams.page_reader import PageReader, WholeList
from source_pipedrive.streams.parents import CollectedParents
from source_pipedrive.streams.slices import ListSlice, ReadPage, SourceList
from source_pipedrive.streams.stream_spec import StreamSpec


class MakeClient(Protocol):
    """Makes the client of a stream; its requests are booked under a name."""

    def __call__(self, spec: StreamSpec, *, booked_on: str = "") -> PipedriveClient: ...


class ParentCollector:
    """The listener of a list that is read for the ids of its rows alone."""

    is_over = False

    def __init__(self) -> None:
        self.parents = CollectedParents()
        self.first_answers: dict[SourceList, str] = {}

    def page_done(self, part: ListSlice, page: ReadPage) -> bool:
        self.parents.add(part.source.name, page.rows)
        self.first_answers.setdefault(part.source, page.answered_at)
        return True


class ListReader:
    """Reads the lists of a stream to their end, in this thread."""

    def __init__(
        self,
        specs: Mapping[str, StreamSpec],
        lists: Callable[[StreamSpec], Sequence[SourceList]],
        make_client: MakeClient,
    ) -> None:
        self._specs = specs
        self._lists = lists
        self._make_client = make_client

    def rows(self, stream: str) -> list[Mapping[str, Any]]:
        """Return all rows of a stream's lists."""
        spec = self._specs[stream]
        reader = PageReader(spec, self._make_client(spec), WholeList(), None)
        slices = [ListSlice(source=one) for one in self._lists(spec)]
        return [row for part in slices for rows in reader.pages(part) for row in rows]

    def parents(self, stream: str, since: str | None) -> CollectedParents:
        """Return the rows of a stream that changed since a moment; all of them, for `None`."""
        spec = self._specs[stream]
        collector = ParentCollector()
        client = self._make_client(spec, booked_on=f"list of {stream}")
        reader = PageReader(spec, client, collector, since)
        began = timestamps.now()
        for one in self._lists(spec):
            for _ in reader.pages(ListSlice(source=one, since=since)):
                pass
        collector.parents.complete(min(collector.first_answers.values(), default=began))
        return collector.parents
