"""Syncs into DuckDB or PostgreSQL with PyAirbyte, in this process, which stays warm."""

import io
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from sqlalchemy import Table, bindparam, text
from sqlalchemy.exc import SQLAlchemyError

from source_pipedrive import timestamps as times
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.webhooks.scheduler import SyncFailedError, Wanted
from source_pipedrive.webhooks.targets.destination import cache_opener
from source_pipedrive.webhooks.targets.executor import InProcess
from source_pipedrive.webhooks.targets.pyairbyte import CacheBase, Source
from source_pipedrive.webhooks.targets.repeated import RepeatedSource

_LOGGER = logging.getLogger("source_pipedrive.webhooks")

ALL_STREAMS = "*"

# Somebody else may have opened the DuckDB file for a look.
_SECONDS_UNTIL_FREE = 10


class Warehouse:
    """A destination that is synced over and over, and asked whether rows have arrived.

    `dest` is `duckdb:///file` or `postgresql://user:password@host/database`, where the tables are
    in the schema `pipedrive`. `streams` are names; empty means those that webhooks tell of, with
    their field definitions; `*` means all. Implements `trigger.Target`.
    """

    def __init__(self, config: Mapping[str, Any], dest: str, streams: Collection[str]) -> None:
        self._config = dict(config)
        self._tables: dict[str, Table] = {}
        self._open = cache_opener(dest, self._tables)
        self._wished = set(streams)
        self._connector = InProcess()
        self._source: Source | None = None
        self._selected: set[str] = set()

    def sync(self, streams: Collection[str] | None) -> None:
        """Sync these streams, or all. Raises `SyncFailedError` if not one of them came."""
        try:
            self._sync(streams)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
            raise SyncFailedError(
                f"The warehouse does not work: {reason}", _SECONDS_UNTIL_FREE
            ) from error

    @cached_property
    def _cache(self) -> CacheBase:
        """Opened by the first sync: a receiver takes events also while there is no warehouse."""
        return self._open()

    def _sync(self, streams: Collection[str] | None) -> None:
        # before Pipedrive is asked for anything, which costs tokens
        self._cache.get_sql_engine().connect().close()
        if streams is None or self._source is None:
            self._discover()
        names = self._selected if streams is None else self._selected & {*streams, "events"}
        if names and self._source:
            self._source.select_streams(sorted(names))
            self._read(self._source, names)

    def missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return those that are not in the warehouse as they should be."""
        return [
            one
            for stream in {one.stream for one in wanted} & self._selected
            for one in self._missing_of(stream, [one for one in wanted if one.stream == stream])
        ]

    def _discover(self) -> None:
        """Ask the connector for its streams again: custom fields may have come since."""
        RepeatedSource.forget()
        name = "source-pipedrive"
        try:
            source = Source(self._connector, name, config=self._config)
            available = set(source.get_available_streams())
        except AirbyteTracedException as error:
            raise SyncFailedError(str(error.message)) from error
        usual = {*STREAMS.values(), "events", "field_options"}
        if self._wished == {ALL_STREAMS}:
            self._selected = available
        else:
            definitions = {stream for stream in available if stream.endswith("_fields")}
            self._selected = available & (self._wished or usual | definitions)
        self._source = source

    def _read(self, source: Source, names: Collection[str]) -> None:
        self._connector.failures.clear()
        try:
            # what it prints is for a person who waits for it
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                source.read(cache=self._cache, skip_validation=True)
        except AirbyteTracedException as error:
            raise SyncFailedError(str(error.message)) from error
        finally:
            # a DuckDB file can be opened by one process at a time: let others in between syncs
            self._cache.close()
            for temporary in self._tables.keys() - self._selected:
                del self._tables[temporary]
        failures = self._connector.failures
        if failures:
            RepeatedSource.forget()
        if failures.keys() >= set(names):
            raise SyncFailedError(" ".join(sorted(set(failures.values()))))
        for stream, reason in failures.items():
            _LOGGER.warning("Stream %s did not come: %s", stream, reason)

    def _missing_of(self, stream: str, wanted: Sequence[Wanted]) -> list[Wanted]:
        ids = [int(one.row_id) if one.row_id.isdecimal() else one.row_id for one in wanted]
        statement = text(
            f"SELECT * FROM {self._cache.schema_name}.{stream} WHERE id IN :ids"  # noqa: S608 - names
        ).bindparams(bindparam("ids", expanding=True))
        try:
            with self._cache.get_sql_engine().connect() as connection:
                found = connection.execute(statement, {"ids": ids}).mappings().all()
        except SQLAlchemyError as error:
            _LOGGER.warning("Table %s cannot be read: %s", stream, type(error).__name__)
            return list(wanted)
        finally:
            self._cache.close()
        rows = {str(row["id"]): dict(row) for row in found}
        return [one for one in wanted if not _has_arrived(one, rows.get(one.row_id))]


def _has_arrived(wanted: Wanted, row: Mapping[str, Any] | None) -> bool:
    if row is None:
        return False
    if wanted.is_deleted:
        return bool(row.get("is_deleted"))
    if wanted.changed is None:
        return True
    changed = row.get("update_time") or row.get("modified")
    return isinstance(changed, datetime) and (
        changed.replace(tzinfo=changed.tzinfo or UTC) >= times.moment(wanted.changed)
    )
