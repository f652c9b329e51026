"""Syncs into DuckDB or PostgreSQL with PyAirbyte, in this process, which stays warm."""

import io
import json
import logging
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from sqlalchemy import Table, bindparam, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from source_pipedrive import times
from source_pipedrive.webhooks.normalise import STREAMS
from source_pipedrive.webhooks.trigger import DestinationError, SyncFailedError, Wanted

# PyAirbyte reads these while it is imported. Without them it asks a registry for the connector that
# is installed here, reports to Airbyte, draws progress bars, and leaves files where it is started.
_FILES = tempfile.TemporaryDirectory(prefix="source-pipedrive-")
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("NO_LIVE_PROGRESS", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", _FILES.name)
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", _FILES.name)

import airbyte as ab  # noqa: E402
from airbyte._executors.base import Executor  # noqa: E402
from airbyte.caches import CacheBase, DuckDBCache, PostgresCache  # noqa: E402
from airbyte_cdk.entrypoint import AirbyteEntrypoint  # noqa: E402
from airbyte_cdk.utils.traced_exception import AirbyteTracedException  # noqa: E402

from source_pipedrive.source import SourcePipedrive  # noqa: E402

_LOGGER = logging.getLogger("source_pipedrive.webhooks")
_POSTGRES_PORT = 5432

ALL_STREAMS = "*"


class Warehouse:
    """A destination that is synced over and over, and asked whether rows have arrived.

    `dest` is `duckdb:///file` or `postgresql://user:password@host/database`, where the tables are
    in the schema `pipedrive`. `streams` are names; empty means those that webhooks tell of, with
    their field definitions; `*` means all. Implements `trigger.Target`.
    """

    def __init__(self, config: Mapping[str, Any], dest: str, streams: Collection[str]) -> None:
        self._config = dict(config)
        self._tables: dict[str, Table] = {}
        self._cache = _open_cache(dest, self._tables)
        self._wished = set(streams)
        self._connector = _InProcess()
        self._source: ab.Source | None = None
        self._selected: set[str] = set()

    def sync(self, streams: Collection[str] | None) -> None:
        """Sync these streams, or all. Raises `SyncFailedError` if not one of them came."""
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
        name = "source-pipedrive"
        try:
            source = ab.Source(self._connector, name, config=self._config)
            available = set(source.get_available_streams())
        except AirbyteTracedException as error:
            raise SyncFailedError(error.message) from error
        usual = {*STREAMS.values(), "events", "field_options"}
        if self._wished == {ALL_STREAMS}:
            self._selected = available
        else:
            definitions = {stream for stream in available if stream.endswith("_fields")}
            self._selected = available & (self._wished or usual | definitions)
        self._source = source

    def _read(self, source: ab.Source, names: Collection[str]) -> None:
        self._connector.failures.clear()
        try:
            # what it prints is for a person who waits for it
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                source.read(cache=self._cache, skip_validation=True)
        except AirbyteTracedException as error:
            raise SyncFailedError(error.message) from error
        finally:
            # a DuckDB file can be opened by one process at a time: let others in between syncs
            self._cache.close()
            for temporary in self._tables.keys() - self._selected:
                del self._tables[temporary]
        failures = self._connector.failures
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


class _InProcess(Executor):
    """Runs the connector in this process; PyAirbyte's own executors start one, which takes seconds.

    One failing stream, of an add-on that the company does not have for example, would make
    PyAirbyte give up all others: failures are kept back and collected here by stream.
    """

    def __init__(self) -> None:
        super().__init__(name="source-pipedrive")
        self.failures: dict[str, str] = {}

    @property
    def _cli(self) -> list[str]:
        return []

    def execute(self, args: list[str], **_: Any) -> Iterator[str]:
        parsed = AirbyteEntrypoint.parse_args(args)
        read = {
            "catalog": SourcePipedrive.read_catalog,
            "config": SourcePipedrive.read_config,
            "state": SourcePipedrive.read_state,
        }
        files = {
            name: read[name](path) for name, path in vars(parsed).items() if name in read and path
        }
        source = SourcePipedrive(**files, config_path=getattr(parsed, "config", None))
        try:
            for message in AirbyteEntrypoint(source).run(parsed):
                if '"type":"ERROR"' not in message or not self._keep_back(message):
                    yield message
        except AirbyteTracedException:
            # the CDK's last word after streams have failed
            if not self.failures:
                raise

    def _keep_back(self, line: str) -> bool:
        trace = json.loads(line).get("trace") or {}
        stream = (trace.get("error") or {}).get("stream_descriptor")
        if stream:
            self.failures[stream["name"]] = trace["error"]["message"]
        return bool(stream)

    def ensure_installation(self, *, auto_fix: bool = True) -> None:
        """It is: this is it."""

    def install(self) -> None:
        """It is: this is it."""

    def uninstall(self) -> None:
        """Never."""


def _open_cache(dest: str, tables: dict[str, Table]) -> CacheBase:
    try:
        url = make_url(dest)
    except ArgumentError:
        url = make_url("nothing://")
    if url.drivername == "duckdb" and url.database:
        return _remembering(DuckDBCache, tables)(db_path=Path(url.database))
    if url.drivername in {"postgres", "postgresql"} and url.database:
        return _remembering(PostgresCache, tables)(
            host=url.host or "localhost",
            port=url.port or _POSTGRES_PORT,
            # PyAirbyte puts both into a URL as they are
            username=quote(url.username or ""),
            password=quote(str(url.password or ""), safe=""),
            database=url.database,
            schema_name="pipedrive",
        )
    raise DestinationError(
        "--dest is not usable: write duckdb:///folder/crm.duckdb, or "
        "postgresql://user:password@host/database."
    )


def _remembering(kind: type[CacheBase], tables: dict[str, Table]) -> type[CacheBase]:
    """Make a cache that remembers the columns of its tables from one sync to the next.

    PyAirbyte asks the database for them in each sync, which takes DuckDB half a second a table. It
    asks again by itself when a column is missing from what is remembered.
    """

    class Processor(kind._sql_processor_class):  # type: ignore[misc,name-defined]  # noqa: SLF001
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._cached_table_definitions = tables

    class Cache(kind):  # type: ignore[misc,valid-type]
        _sql_processor_class: ClassVar[type] = Processor

    return Cache
