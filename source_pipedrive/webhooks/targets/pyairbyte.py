"""The parts of PyAirbyte that are used, imported with settings for a service."""

import atexit
import os
import tempfile

# PyAirbyte reads these settings during the import. Without them it looks the connector up in a
# registry, sends usage data, draws progress bars, and leaves files in the current folder.
_FILES = tempfile.TemporaryDirectory(prefix="source-pipedrive-")
atexit.register(_FILES.cleanup)
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("NO_LIVE_PROGRESS", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", _FILES.name)
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", _FILES.name)

from airbyte import Source  # noqa: E402
from airbyte._executors.base import Executor  # noqa: E402
from airbyte._processors.sql.duckdb import DuckDBSqlProcessor  # noqa: E402
from airbyte._processors.sql.postgres import PostgresSqlProcessor  # noqa: E402
from airbyte.caches import CacheBase, DuckDBCache, PostgresCache  # noqa: E402
from airbyte.shared.sql_processor import SqlProcessorBase, SQLRuntimeError  # noqa: E402

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
