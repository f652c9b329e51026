"""What the manifest says about a stream, typed: the one place that knows which key goes where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, Self, cast, get_args

from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.types import StreamSlice
from isodate import parse_duration

from source_pipedrive import timestamps
from source_pipedrive.streams.parents import ParentRequests
from source_pipedrive.streams.shaping import StepSpec, unknown_steps
from source_pipedrive.streams.slices import OlderRows, SingleRow, Sorting

Paging = Literal["none", "cursor", "offset"]

# The CDK copies the keys of `$parameters` into every component, so most arrive in the retriever.
_TEMPLATE_KEYS = {"name", "path", "needs", "tolerates", "status", "include_fields", "api"}
_PARENT_KEYS = {"parent", "parent_key", "ids_parameter", "group_size"}
_READER_KEYS = {
    "paging",
    "page_size",
    "records_at",
    "wrapped_in",
    "older_rows",
    "time_fields",
    "sorting",
    "takes_ids",
    "is_object",
    "shape",
    "never_empty",
    "event_object",
    "lists_deletions",
    "deleted_object",
    "fields_of",
    "labels_of",
    "entities",
}
_PARAMETER_KEYS = _TEMPLATE_KEYS | _PARENT_KEYS | _READER_KEYS
_STREAM_KEYS = {"type", "name", "primary_key", "retriever", "incremental_sync", "schema_loader"}
# a component of a stream -> the keys that it may have besides
_COMPONENT_KEYS = {
    "retriever": {"type", "class_name", "requester", "partition_router", "fallback"},
    "requester": {
        "type",
        "url_base",
        "authenticator",
        "error_handler",
        "connect_timeout_in_seconds",
        "read_timeout_in_seconds",
        "request_parameters",
    },
    "incremental_sync": {
        "type",
        "cursor_field",
        "datetime_format",
        "start_datetime",
        "start_value",
        "lookback_window",
        "start_time_option",
        "end_time_option",
    },
}


class ManifestError(ValueError):
    """A stream of the manifest has a key that nothing reads, or lacks one."""


@dataclass(frozen=True)
class Fallback:
    """Another form of a list, for keys that may not read the first: path, new column -> old one."""

    path: str
    columns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Incremental:
    """What the state of a stream follows, and how the server filters by it.

    `knows_start_date` tells documents from reference data. `until_parameter` is set where the
    server also filters by an end, so that time windows tile.
    """

    cursor_field: str
    lookback: timedelta
    knows_start_date: bool
    since_parameter: str | None
    until_parameter: str | None

    @property
    def is_windowed(self) -> bool:
        return self.until_parameter is not None

    def parameters(self, since: str | None, until: str | None) -> Mapping[str, str]:
        """Return the query parameters that filter by time."""
        bounds = {self.since_parameter: since, self.until_parameter: until}
        return {name: time for name, time in bounds.items() if name and time}


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """A stream of the manifest.

    `paging` is how the list is paged: by `cursor` (v2, and some of v1), by `offset` (the rest of
    v1), or not at all. `records_at` is a key inside `data`, which may be one object if `is_object`;
    `wrapped_in` is the key under which each row has its record. A list that `takes_ids` returns
    the rows with up to a hundred ids. The first of `time_fields` that is set is the time of a row.
    `never_empty` says why the list has a row in every account. Custom fields are those of
    `fields_of`, labels those of `labels_of`; `event_object` is what webhooks call the object; the
    API also lists its deleted rows, for a while, if `lists_deletions`. `deleted_object` is the same
    for a list that is read in full.
    """

    name: str
    reader: str
    primary_key: Sequence[str]
    requester: Mapping[str, Any]
    schema_file: str
    parameters: Mapping[str, Any]
    router: Mapping[str, Any] | None = None
    parents: ParentRequests | None = None
    incremental: Incremental | None = None
    paging: Paging = "none"
    page_size: int = 500
    records_at: str | None = None
    wrapped_in: str | None = None
    older_rows: str = "filtered"
    time_fields: Sequence[str] = ("update_time", "add_time")
    sorting: Sorting = "none"
    takes_ids: bool = False
    is_object: bool = False
    shape: Sequence[StepSpec] = ()
    never_empty: str | None = None
    fallback: Fallback | None = None
    event_object: str | None = None
    lists_deletions: bool = False
    deleted_object: str | None = None
    fields_of: str | None = None
    labels_of: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, choices in (("paging", Paging), ("sorting", Sorting)):
            if (value := getattr(self, key)) not in get_args(choices):
                raise ManifestError(f"Stream {self.name} of the manifest: `{key}` is {value!r}.")
        if unknown := unknown_steps(self.shape):
            raise ManifestError(
                f"Stream {self.name} of the manifest has unknown steps under `shape`: "
                f"{', '.join(sorted(unknown))}."
            )

    @classmethod
    def parse(cls, definition: Mapping[str, Any]) -> Self:
        """Read a stream of the resolved manifest. Raises `ManifestError`."""
        name = str(definition["name"])
        parameters, retriever = definition["$parameters"], definition["retriever"]
        _refuse_unknown(name, definition, _STREAM_KEYS)
        for component in (definition, retriever):
            for key in _COMPONENT_KEYS.keys() & component.keys():
                _refuse_unknown(name, component[key], _COMPONENT_KEYS[key])
        try:
            return cls(
                name=name,
                reader=retriever["class_name"].rpartition(".")[2],
                primary_key=_primary_key(definition["primary_key"], parameters),
                requester=retriever.get("requester", {}),
                schema_file=definition["schema_loader"]["file_path"],
                parameters=parameters,
                router=_list_router(retriever),
                parents=_parents(retriever),
                incremental=_incremental(definition.get("incremental_sync")),
                fallback=Fallback(**retriever["fallback"]) if "fallback" in retriever else None,
                **{key: retriever[key] for key in _READER_KEYS & retriever.keys()},
            )
        except (KeyError, TypeError) as error:
            raise ManifestError(f"Stream {name} of the manifest: {error}.") from error

    @property
    def tolerates(self) -> str:
        """The group of error rules that end in a warning for this stream; empty for none."""
        return str(self.requester.get("error_handler", {}).get("tolerates", ""))

    @property
    def needs(self) -> str | None:
        """The permission or feature that the stream requires."""
        return self.parameters.get("needs")

    def key_of(self, row: Mapping[str, Any]) -> Any:
        """Return the value of the primary key of a row."""
        if len(self.primary_key) == 1:
            return row.get(self.primary_key[0])
        return tuple(row.get(key) for key in self.primary_key)

    def is_older(self, row: Mapping[str, Any], moment: str) -> bool:
        """Tell whether a row last changed before a moment; not so if it has no time."""
        time = self.time_of(row)
        return bool(time) and time < moment

    def time_of(self, row: Mapping[str, Any]) -> str:
        """Return when a row last changed, to the second; empty if it has no time."""
        for name in self.time_fields:
            if time := row.get(name):
                return timestamps.sortable(time)
        return ""

    def single_row(self, config: Mapping[str, Any], live: Mapping[str, str]) -> Self:
        """Return how one row of the main list, that of the partition `live`, is requested."""
        path = self.path_for(config, live).partition("?")[0]
        columns = self.requester.get("request_parameters", {}).get("include_fields")
        return replace(
            self,
            requester={
                **self.requester,
                "path": f"{path}/{{{{ stream_partition['{SingleRow.PARTITION}'] }}}}",
                "request_parameters": {"include_fields": columns} if columns else {},
                "error_handler": {**self.requester["error_handler"], "tolerates": "row_gone"},
            },
            paging="none",
            is_object=True,
            sorting="none",
            fallback=None,
            never_empty=None,
        )

    def path_for(self, config: Mapping[str, Any], partition: Mapping[str, str]) -> str:
        """Render the stream's path for a partition, such as `api/v2/deals/archived`."""
        return self._render(self.requester["path"], config, partition).lstrip("/")

    def older_rows_in(self, config: Mapping[str, Any], partition: Mapping[str, str]) -> OlderRows:
        """Return what happens to older rows in one of the stream's lists."""
        return cast("OlderRows", self._render(self.older_rows, config, partition))

    def _render(
        self, template: str, config: Mapping[str, Any], partition: Mapping[str, str]
    ) -> str:
        interpolated = InterpolatedString.create(template, parameters=self.parameters)
        part = StreamSlice(partition=partition, cursor_slice={})
        return str(interpolated.eval(config, stream_slice=part))


def _refuse_unknown(stream: str, component: Mapping[str, Any], known: set[str]) -> None:
    unknown = component.keys() - known - _PARAMETER_KEYS - {"$parameters"}
    if unknown:
        keys = ", ".join(f"`{key}`" for key in sorted(unknown))
        raise ManifestError(f"Stream {stream} of the manifest has unknown keys: {keys}.")


def _primary_key(key: str | Sequence[str], parameters: Mapping[str, Any]) -> Sequence[str]:
    """Return the columns of a key; a family names the parent's column by `parameters`."""
    columns = [key] if isinstance(key, str) else key
    return [str(InterpolatedString.create(one, parameters=parameters).eval({})) for one in columns]


def _list_router(retriever: Mapping[str, Any]) -> Mapping[str, Any] | None:
    router = retriever.get("partition_router", {})
    return router if router.get("type") == "ListPartitionRouter" else None


def _parents(retriever: Mapping[str, Any]) -> ParentRequests | None:
    given = {key: retriever[key] for key in _PARENT_KEYS & retriever.keys()}
    return ParentRequests(**given) if given else None


def _incremental(definition: Mapping[str, Any] | None) -> Incremental | None:
    if definition is None:
        return None
    return Incremental(
        cursor_field=definition["cursor_field"],
        lookback=parse_duration(definition.get("lookback_window", "PT0S")),
        knows_start_date="start_date" in str(definition.get("start_datetime")),
        since_parameter=definition.get("start_time_option", {}).get("field_name"),
        until_parameter=definition.get("end_time_option", {}).get("field_name"),
    )
