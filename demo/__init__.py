"""Pipedrive into DuckDB or PostgreSQL with PyAirbyte: a tour with a made-up account, or your own.

PyAirbyte reads its settings while it is imported; so they are set here, before that.
"""

import os
import warnings
from pathlib import Path

_FILES = Path(__file__).parent / ".airbyte"

os.environ.setdefault("AIRBYTE_PROJECT_DIR", str(_FILES))
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", str(_FILES / "logs"))
# Without it even an installed connector is looked up in Airbyte's registry, which must answer.
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")

# Google's libraries, which PyAirbyte imports for BigQuery, say when they will drop Python 3.11.
warnings.filterwarnings("ignore", "You are using a Python version", FutureWarning)
