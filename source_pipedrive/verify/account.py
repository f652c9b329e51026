"""Reads rows of the account, by the connector's own code: whole lists, by id, or by parent."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any

from source_pipedrive.api.client import PipedriveClient
from source_pipedrive.api.exceptions import config_error
from source_pipedrive.protocol.source import SourcePipedrive
from source_pipedrive.protocol.stream_factory import BuiltStream
from source_pipedrive.streams.page_reader import PageReader
from source_pipedrive.streams.records import RowRecords
from source_pipedrive.streams.schema import CustomFields, declared_schema
from source_pipedrive.streams.slices import (
    ListSlice,
    Order,
    ParentGroup,
    ReadPage,
    RowsById,
    SingleRow,
    SourceList,
)
from source_pipedrive.streams.stream_spec import StreamSpec

Row = dict[str, Any]

IDS_PER_REQUEST = 100
_DELETED = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
# Streams whose rows can be requested one by one. https://developers.pipedrive.com/docs/api/v1
READ_SINGLY = frozenset(
    {
        "activities",
        "deals",
        "files",
        "leads",
        "notes",
        "organizations",
        "persons",
        "products",
        "projects",
        "tasks",
    }
)


class Account:
    """The account of a configuration. Raises what a sync would raise."""

    def __init__(self, source: SourcePipedrive) -> None:
        self.source = source
        self._factory = source.factory()

    @cached_property
    def _built(self) -> Mapping[str, BuiltStream]:
        return {one.spec.name: one for one in self._factory.build(self.source.specs.keys())}

    def stream(self, name: str) -> "AccountStream":
        """Return a stream; its field definitions are requested with the first need for them."""
        return AccountStream(self.source, self._built[name], self._factory.custom_fields)


class _Listener:
    """Takes note of what Pipedrive refused; a row or a parent that was deleted is no refusal."""

    is_over = False

    def __init__(self) -> None:
        self.refusal = ""

    def page_done(self, part: Any, page: ReadPage) -> bool:
        if page.status not in _DELETED:
            self.refusal = page.refusal or self.refusal
        return True


class AccountStream:
    """The rows of one stream, as `read` emits them."""

    def __init__(
        self, source: SourcePipedrive, built: BuiltStream, custom_fields: CustomFields
    ) -> None:
        self.spec = built.spec
        self.lists = built.lists
        self._source = source
        self._built = built
        self._custom_fields = custom_fields
        self._listener = _Listener()

    @property
    def has_custom_fields(self) -> bool:
        return bool(self.spec.fields_of) and self._source.config.get("custom_fields") != "raw"

    @property
    def declared(self) -> Mapping[str, Any]:
        """The columns that every account has, with their JSON schemas."""
        properties: Mapping[str, Any] = declared_schema(self.spec.name, self.spec.schema_file)[
            "properties"
        ]
        return properties

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The columns with their JSON schemas; requests field definitions where there are any."""
        if self.has_custom_fields:
            # the schema would do without them, and warn
            self._custom_fields.columns(self.spec)
        schema = self._built.stream.as_airbyte_stream().json_schema
        properties: Mapping[str, Any] = schema["properties"]
        return properties

    def cost_of(self, part: SourceList | None = None, *, singly: bool = False) -> int:
        """Return what one request costs: for a list, a single row, or the children of a parent."""
        partition = dict(part.partition) if part else {}
        if self.spec.parents:
            partition = {self.spec.parents.parent_key: "1"}
        path = self.spec.path_for(self._source.config, partition)
        return self._source.budget.cost_of(f"/{path.partition('?')[0]}{'/1' if singly else ''}")

    def reference_rows(self) -> Iterator[Row]:
        """Yield the rows of a stream that every sync reads whole."""
        for part in self._built.stream.generate_partitions():
            for record in part.read():
                yield {
                    name: value for name, value in record.data.items() if name != RowRecords.CHANGES
                }

    def pages(self, part: SourceList, since: str | None = None) -> Iterator[list[Row]]:
        """Yield the rows of a list, in the order of their ids where it can be sorted."""
        yield from self._read(self._reader, ListSlice(source=part, since=since))

    def newest(self, part: SourceList) -> list[Row]:
        """Return the rows with the highest ids: one page."""
        order = Order(descending=True)
        return self._rows(self._reader, ListSlice(source=part, order=order, max_pages=1))

    def page_at(self, part: SourceList, offset: int) -> list[Row]:
        """Return the page of a list of API v1 that begins with the `offset`-th row."""
        return self._rows(self._reader, ListSlice(source=part, offset=offset, max_pages=1))

    def by_ids(self, part: SourceList, ids: Sequence[int]) -> list[Row]:
        """Return those of at most 100 rows that a list has, in one request."""
        return self._rows(self._reader, RowsById(source=part, ids=ids))

    def single(self, key: Any) -> list[Row]:
        """Return one row, or none if Pipedrive does not show it."""
        return self._rows(self._single_reader, SingleRow(source=self.lists[0], id=str(key)))

    def children(self, parents: Mapping[Any, str | None]) -> Iterator[list[Row]]:
        """Yield the rows of parents, whose ids are requested together."""
        requests = self.spec.parents
        assert requests is not None, "only child streams have parents"  # noqa: S101 - for types
        group = ParentGroup(requests.parent_key, "", parents, requests.ids_parameter)
        yield from self._read(self._reader, group)

    @cached_property
    def _reader(self) -> PageReader:
        return PageReader(self.spec, self._client(self.spec), self._listener, None)

    @cached_property
    def _single_reader(self) -> PageReader:
        spec = self.spec.single_row(self._source.config, self.lists[0].partition)
        return PageReader(spec, self._client(spec), _Listener(), None)

    def _client(self, spec: StreamSpec) -> PipedriveClient:
        return self._source.clients.client(spec)

    def _rows(self, reader: PageReader, part: ListSlice) -> list[Row]:
        return [row for rows in self._read(reader, part) for row in rows]

    def _read(self, reader: PageReader, part: ListSlice | ParentGroup) -> Iterator[list[Row]]:
        columns = self._custom_fields.columns(self.spec) if self.has_custom_fields else None
        for rows in reader.pages(part):
            # a copy: the reader empties a page before it requests the next one
            yield list(columns.filled(rows)) if columns else list(rows)
        if self._listener.refusal:
            raise config_error(self._listener.refusal)
