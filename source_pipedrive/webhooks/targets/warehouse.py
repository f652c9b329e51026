"""Syncs into DuckDB or PostgreSQL with PyAirbyte, in this process."""

# isort: off
# before anything that imports PyAirbyte
import source_pipedrive.webhooks.targets.service_settings  # noqa: F401 - has an effect
# isort: on

import io
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from sqlalchemy import bindparam, text
from sqlalchemy.exc import SQLAlchemyError

from source_pipedrive import timestamps
from source_pipedrive.api.access import Access
from source_pipedrive.databases import reason_of
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.webhooks.targets.destination import destination_opener
from source_pipedrive.webhooks.targets.executor import InProcessExecutor
from source_pipedrive.webhooks.targets.loading import LoadError
from source_pipedrive.webhooks.targets.named_rows import named_rows
from source_pipedrive.webhooks.targets.pyairbyte import CacheBase, Source
from source_pipedrive.webhooks.targets.target import (
    ExpectedRow,
    SyncCost,
    SyncError,
    SyncFailedError,
    SyncPostponedError,
)

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

ALL_STREAMS = "*"

# Another process may have opened the DuckDB file for a moment.
_SECONDS_TO_RETRY = 10
# It is not documented when a new day begins, and every try costs tokens.
_SECONDS_WITHOUT_TOKENS = 30 * 60


class Warehouse:
    """A database that is synced repeatedly, and asked whether rows have arrived.

    `dest` is `duckdb:///file`, or `postgresql://user:password@host/database`, where the tables are
    in the schema `pipedrive`. `streams` are names, or `*` for all streams. By default they are the
    streams that webhooks report changes of, and their field definitions. Other parts of the process
    share `access`; by default, it is that of the config. Implements `Target`.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        dest: str,
        streams: Collection[str],
        access: Access | None = None,
    ) -> None:
        self._config = dict(config)
        self._open = destination_opener(dest)
        self._requested = set(streams)
        self._executor = InProcessExecutor(access)
        self._source: Source | None = None
        self._selected: set[str] = set()

    def sync(self, rows: Collection[ExpectedRow] | None) -> SyncCost:
        """Sync these rows, or all streams; return the cost.

        Raises `SyncFailedError` if every stream failed.
        """
        self._executor.cost = SyncCost(0)
        try:
            with _warehouse_errors():
                self._sync(rows)
        except SyncError as error:
            error.cost = self._executor.cost
            raise
        return self._executor.cost

    def _sync(self, rows: Collection[ExpectedRow] | None) -> None:
        # open it before the first request to Pipedrive, which costs tokens
        self._destination.get_sql_engine().connect().close()
        if rows is None or self._source is None:
            self._source = self._discover()
        rows = rows if rows is None else self._wanted(rows)
        names, named = self._selected, named_rows(rows or (), self._selected)
        if rows is not None:
            names = names & {*(row.stream for row in rows), *named, "events"}
        self._executor.named_rows = named
        if names:
            self._source.select_streams(sorted(names))
            self._read(self._source, names)

    def missing(self, expected: Sequence[ExpectedRow]) -> list[ExpectedRow]:
        """Return the rows that the warehouse does not have in the expected version."""
        rows = [row for row in expected if not self._is_left_out(row)]
        copied = self._copied(rows)
        return [
            row
            for row in rows
            if row.stream in self._selected and not _has_arrived(row, copied.get(row.key))
        ]

    @cached_property
    def _destination(self) -> CacheBase:
        """Opened by the first sync: the receiver must start even if the warehouse is down."""
        return self._open()

    def _discover(self) -> Source:
        """Discover the streams again, since custom fields may have been added."""
        self._executor.field_columns.clear()
        try:
            with _silent_pyairbyte():
                source = Source(self._executor, "source-pipedrive", config=self._config)
                available = set(source.get_available_streams())
        except AirbyteTracedException as error:
            raise SyncFailedError(str(error.message)) from error
        if self._requested == {ALL_STREAMS}:
            self._selected = available
        else:
            field_streams = {stream for stream in available if stream.endswith("_fields")}
            default = {*STREAMS.values(), "events", "field_options"} | field_streams
            self._selected = available & (self._requested or default)
        return source

    def _read(self, source: Source, names: Collection[str]) -> None:
        failures = self._executor.failures
        failures.clear()
        try:
            with _silent_pyairbyte():
                source.read(cache=self._destination, skip_validation=True)
        except AirbyteTracedException as error:
            raise SyncFailedError(str(error.message)) from error
        finally:
            # only one process at a time can open a DuckDB file: let others use it between syncs
            self._destination.close()
        if failures:
            self._executor.field_columns.clear()
        reasons = " ".join(sorted(set(failures.values())))
        if failures and self._executor.is_reserve_reached:
            raise SyncPostponedError(reasons, _SECONDS_WITHOUT_TOKENS)
        if failures.keys() >= set(names):
            raise SyncFailedError(reasons)
        for stream, reason in failures.items():
            _LOGGER.warning("Stream %s could not be synced: %s", stream, reason)

    def _is_left_out(self, row: ExpectedRow) -> bool:
        """Tell whether the settings leave a row out: it is archived."""
        return row.is_archived and not self._config.get("include_archived", True)

    def _wanted(self, rows: Collection[ExpectedRow]) -> Collection[ExpectedRow]:
        """Return the rows to read: of those that the settings leave out, only copied ones.

        They were active when they were copied, and must not stay so in the table.
        """
        left_out = [row for row in rows if self._is_left_out(row)]
        copied = self._copied(left_out) if left_out else {}
        return [row for row in rows if not self._is_left_out(row) or row.key in copied]

    def _copied(self, rows: Collection[ExpectedRow]) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what the tables have of these rows."""
        ids: dict[str, list[int | str]] = {}
        for row in rows:
            if row.stream in self._selected:
                id_ = int(row.row_id) if row.row_id.isdecimal() else row.row_id
                ids.setdefault(row.stream, []).append(id_)
        return {
            (stream, str(found["id"])): found
            for stream in ids
            for found in self._select(stream, ids[stream])
        }

    def _select(self, stream: str, ids: Sequence[int | str]) -> Sequence[dict[str, Any]]:
        query = text(
            f"SELECT * FROM {self._destination.schema_name}.{stream} WHERE id IN :ids"  # noqa: S608 - known names
        ).bindparams(bindparam("ids", expanding=True))
        try:
            with self._destination.get_sql_engine().connect() as connection:
                return [dict(row) for row in connection.execute(query, {"ids": ids}).mappings()]
        except SQLAlchemyError as error:
            _LOGGER.warning("The table %s cannot be read: %s", stream, type(error).__name__)
            return []
        finally:
            self._destination.close()


@contextmanager
def _warehouse_errors() -> Iterator[None]:
    """Raise an error of the warehouse as `SyncFailedError`, without the values of rows."""
    try:
        yield
    except SQLAlchemyError as error:
        raise SyncFailedError(
            f"The warehouse cannot be written: {reason_of(error)}", _SECONDS_TO_RETRY
        ) from error
    except LoadError as error:
        # what the database says may quote the value
        where = f"{error.stream}.{error.column}" if error.column else error.stream
        raise SyncFailedError(
            f"The warehouse cannot be written: {type(error.cause).__name__} in {where}."
        ) from error


@contextmanager
def _silent_pyairbyte() -> Iterator[None]:
    """Discard what PyAirbyte prints: its progress, and the paths of its log files."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def _has_arrived(expected: ExpectedRow, row: Mapping[str, Any] | None) -> bool:
    if row is None:
        return False
    if expected.is_deleted:
        return bool(row.get("is_deleted"))
    if expected.changed is None:
        return True
    changed = row.get("update_time") or row.get("modified")
    if expected.is_new and changed is None:
        return True
    return isinstance(changed, datetime) and (
        changed.replace(tzinfo=changed.tzinfo or UTC) >= timestamps.parse(expected.changed)
    )
