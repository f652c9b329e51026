"""The parts of PyAirbyte that are used, imported with settings for a service."""

import atexit
import os
import tempfile
import warnings

# PyAirbyte reads these settings during the import. Without them it looks the connector up in a
# registry, sends usage data, draws progress bars, and leaves files in the current folder.
_FILES = tempfile.TemporaryDirectory(prefix="source-pipedrive-")
atexit.register(_FILES.cleanup)
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("NO_LIVE_PROGRESS", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", _FILES.name)
# Its logs would grow for as long as the service runs. There are none if their folder cannot exist.
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", f"{os.devnull}/none")

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Failed to create PyAirbyte logging directory", UserWarning)
    from airbyte import Source
    from airbyte._executors.base import Executor
    from airbyte._processors.sql.duckdb import DuckDBSqlProcessor
    from airbyte._processors.sql.postgres import PostgresSqlProcessor
    from airbyte.caches import CacheBase, DuckDBCache, PostgresCache
    from airbyte.shared.sql_processor import SqlProcessorBase, SQLRuntimeError

__all__ = [
    "CacheBase",
    "DuckDBCache",
    "DuckDBSqlProcessor",
    "Executor",
    "PostgresCache",
    "PostgresSqlProcessor",
    "SQLRuntimeError",
    "Source",
    "SqlProcessorBase",
]
