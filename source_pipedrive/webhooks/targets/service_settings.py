"""PyAirbyte's settings for a service. It reads them during its import, so import this first.

Without them, it sends usage data, draws progress bars, and leaves files in the current folder.
"""

import atexit
import os
import tempfile
import warnings

_FILES = tempfile.TemporaryDirectory(prefix="source-pipedrive-")
atexit.register(_FILES.cleanup)
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("NO_LIVE_PROGRESS", "1")
os.environ.setdefault("AIRBYTE_PROJECT_DIR", _FILES.name)
# Its logs would grow for as long as the service runs. There are none if their folder cannot exist.
os.environ.setdefault("AIRBYTE_LOGGING_ROOT", f"{os.devnull}/none")
warnings.filterwarnings("ignore", "Failed to create PyAirbyte logging directory", UserWarning)
