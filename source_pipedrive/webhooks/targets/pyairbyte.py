"""The parts of PyAirbyte that are used."""

from airbyte import Source
from airbyte._executors.base import Executor
from airbyte._executors.local import PathExecutor
from airbyte._processors.sql.duckdb import DuckDBSqlProcessor
from airbyte._processors.sql.postgres import PostgresSqlProcessor
from airbyte.caches import CacheBase, DuckDBCache, PostgresCache
from airbyte.secrets import SecretString
from airbyte.shared.sql_processor import SqlProcessorBase, SQLRuntimeError

__all__ = [
    "CacheBase",
    "DuckDBCache",
    "DuckDBSqlProcessor",
    "Executor",
    "PathExecutor",
    "PostgresCache",
    "PostgresSqlProcessor",
    "SQLRuntimeError",
    "SecretString",
    "Source",
    "SqlProcessorBase",
]
