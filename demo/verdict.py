"""Ends a demo with the verdict of `source-pipedrive verify`."""

from collections.abc import Mapping, Sequence
from typing import Any

from demo.report import CONSOLE
from source_pipedrive.verify.report import CLEAN
from source_pipedrive.verify.verification import verify


def show_verdict(
    config: Mapping[str, Any], dest: str, streams: Sequence[str] | None = None
) -> None:
    """Compare a warehouse with the account, and print what is wrong; exit with 1 if a row is.

    Without `streams`, a sample of every table is compared; with them, all of their rows, as of now.
    """
    full = streams is not None
    report = verify(config, dest, streams=streams, full=full, is_synced=full)
    for one in report.streams:
        if not one.lacking:
            CONSOLE.print(str(one), highlight=False, soft_wrap=True)
        for line in one.details():
            CONSOLE.print(f"  {line}", highlight=False, soft_wrap=True)
    if lacking := report.lacking():
        CONSOLE.print(lacking, highlight=False, soft_wrap=True)
    CONSOLE.print(report.verdict(), highlight=False)
    if report.exit_code != CLEAN:
        raise SystemExit("The warehouse differs from the account.")
