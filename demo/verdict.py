"""Ends a demo with the verdict of `source-pipedrive verify`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from demo.report import CONSOLE
from source_pipedrive.verify.report import CLEAN, Report, percent
from source_pipedrive.verify.verification import verify


def show_verdict(
    config: Mapping[str, Any], dest: str, streams: Sequence[str] | None = None
) -> None:
    """Compare a warehouse with the account, and print what is wrong; exit with 1 if a row is.

    Without `streams`, a sample of every table is compared; with them, all of their rows, as of now.
    """
    full = streams is not None
    report = verify(config, dest, streams=streams, full=full, is_synced=full)
    for line in _lines(report):
        CONSOLE.print(line, markup=False)
    if report.exit_code != CLEAN:
        raise SystemExit("The warehouse differs from the account.")


def _lines(report: Report) -> Iterator[str]:
    """Yield a line for each kind of verdict, and more about each table that has wrong rows."""
    right, samples, more = [], [], []
    for one in report.streams:
        outcome = one.outcome
        if outcome is None and one.lacking:
            continue
        if outcome is None or outcome.wrong or outcome.notes:
            more += [str(one), *(f"  {line}" for line in one.details())]
        elif outcome.samples:
            of_units = "" if outcome.unit == "rows" else f" of {outcome.unit}"
            samples.append(f"{one.stream} {percent(outcome.highest_share)}{of_units}")
        else:
            right.append(one.stream)
    if right:
        yield f"All rows compared, none is wrong: {', '.join(right)}."
    if samples:
        yield (
            "Random rows compared, none is wrong; with 95 % confidence, the table has fewer wrong "
            f"rows than: {', '.join(samples)}."
        )
    yield from more
    if lacking := report.lacking():
        yield lacking
    yield report.verdict()
