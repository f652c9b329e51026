"""What is used of PyAirbyte, imported with settings for a service."""

import atexit
import os
import tempfile

# PyAirbyte reads these while it is imported. Without them it asks a registry for the connector that
# is installed here, reports to Airbyte, draws progress bars, and leaves files where it is started.
_FILES = tempfile.TemporaryDirectory(prefix="source-pipedrive-")
atexit.register(_FILES.cleanup)
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("NO_LIVE_PROGRESS", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", _FILES.name)
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", _FILES.name)

from airbyte import Source  # noqa: E402
from airbyte._executors.base import Executor  # noqa: E402
from airbyte.caches import CacheBase, DuckDBCache, PostgresCache  # noqa: E402

__all__ = ["CacheBase", "DuckDBCache", "Executor", "PostgresCache", "Source"]
