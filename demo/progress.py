"""Shows the progress of a sync in one line, instead of what PyAirbyte prints."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any, ClassVar
from unittest.mock import patch

from airbyte import progress
from airbyte.sources import base
from rich.console import Console
from rich.status import Status

# what PyAirbyte prints in a sync without problems
_EXPECTED = re.compile(
    r"Using local `.*` executable: |Writing .* to file: |Connection check succeeded for |"
    r"Completed `.*` sync at |To perform a full refresh, |"
    r"The following streams are currently using incremental sync:|\{'.*'\}$|$"
)
# PyAirbyte prints with rich, which breaks longer lines
_WIDTH = "100000"


class _Tracker(progress.ProgressTracker):
    """PyAirbyte's counts. It has no public way to show them in another form."""

    # the line of the sync that runs
    shown: ClassVar[Status | None] = None

    def _update_display(self, **_: Any) -> None:
        if self.shown:
            read = (
                f"Read {self.total_records_read:,} rows of {len(self.stream_read_counts)} streams"
            )
            loaded = len(self.finalized_stream_names)
            self.shown.update(f"{read}, loaded {loaded} streams" if loaded else read)


vars(base)["ProgressTracker"] = _Tracker


@contextmanager
def shown_progress(first: str) -> Iterator[None]:
    """Show one line during the block if there is a terminal, at first with this text.

    What PyAirbyte prints is passed on, afterwards, only if it is unexpected.
    """
    output = StringIO()
    try:
        with (
            Console(file=sys.stdout).status(first) as _Tracker.shown,
            patch.dict(os.environ, COLUMNS=_WIDTH),
            redirect_stdout(output),
            redirect_stderr(output),
        ):
            yield
    finally:
        _Tracker.shown = None
        for line in output.getvalue().splitlines():
            if not _EXPECTED.match(line):
                print(line, file=sys.stderr)
