"""Copies Pipedrive into DuckDB or PostgreSQL with PyAirbyte, from a made-up account or your own.

PyAirbyte reads its settings when it is imported, so this module sets them before that.
"""

import os
import warnings
from pathlib import Path

FILES = Path(__file__).parent / ".airbyte"
DATABASE = Path(__file__).with_name("pipedrive.duckdb")
# the sandbox keeps its rows here, so that `make demo-verify` finds the same account
ACCOUNT = Path(__file__).with_name("account.db")

os.environ.setdefault("AIRBYTE_PROJECT_DIR", str(FILES))
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", str(FILES / "logs"))
# without it PyAirbyte asks Airbyte's online registry even for an installed connector
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
# `demo.progress` shows the progress
os.environ.setdefault("NO_LIVE_PROGRESS", "1")

# Google's libraries, which PyAirbyte imports for BigQuery, announce the end of Python 3.11
warnings.filterwarnings("ignore", "You are using a Python version", FutureWarning)
