"""Draws the pictures of the docs: `make pictures`.

`python -m docs.pictures tokens` reads a made-up account of 2,000 deals twice and draws what each
stream cost. `python -m docs.pictures demo` runs `make demo` and draws what a terminal shows.
"""

# ruff: noqa: INP001 - a script in a folder of texts, not a package
import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import groupby
from pathlib import Path

import click
import pyte
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from benchmarks.runs import OURS, Run, read, running_account
from benchmarks.tokens import reported_costs
from docs.stream import STREAMS
from pipedrive_sandbox.client import RunningSandbox
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS

PICTURES = Path(__file__).with_name("pictures")

DEALS = 2_000
_COLUMNS = 100
#: What a small sales team changes in a day.
DAY_OF_WORK = {
    "create": {"deals": 10, "persons": 20, "activities": 80, "notes": 20, "leads": 10},
    "edit": {"deals": 60, "persons": 30, "organizations": 10, "activities": 80, "leads": 10},
}


@click.group()
def main() -> None:
    """Draw the pictures of the docs."""


@main.command()
def tokens() -> None:
    """Draw the token cost of a first sync and of the sync a day later, by stream."""
    streams = [name for name, one in STREAMS.items() if one.spec.requester]
    # a state must not be ahead of the machine's clock
    start = datetime.now(UTC) - timedelta(days=2)
    with running_account(None, {"deals": DEALS, "now": f"{start:%Y-%m-%dT%H:%M:%SZ}"}) as sandbox:
        first = read(OURS, sandbox, streams)
        _work_for_a_day(sandbox)
        second = read(OURS, sandbox, streams, first.output.state_messages)
    PICTURES.mkdir(exist_ok=True)
    _draw_tokens(_tokens(first), _tokens(second), PICTURES / "token-costs.svg")


def _work_for_a_day(sandbox: RunningSandbox) -> None:
    sandbox.control("clock", "POST", advance=86_400)
    for action, counts in DAY_OF_WORK.items():
        for table, count in counts.items():
            sandbox.control("mutate", "POST", table=table, action=action, count=count, seed=1)
    sandbox.control("clock", "POST", settle=True)


def _tokens(run: Run) -> Mapping[str, int]:
    return {stream: cost.tokens for stream, cost in reported_costs(run).items()}


def _draw_tokens(first: Mapping[str, int], second: Mapping[str, int], file: Path) -> None:
    # the same input gives the same file, and the text can be searched
    rcParams.update({"svg.hashsalt": "source-pipedrive", "svg.fonttype": "none"})
    names = sorted(first, key=lambda name: (first[name], second.get(name, 0)))
    picture = Figure(figsize=(8.3, 0.2 * len(names) + 1), layout="constrained", facecolor="white")
    panel = picture.subplots()
    rows = range(len(names))
    later = [second.get(name, 0) for name in names]
    panel.hlines(rows, later, [first[name] for name in names], color="#d0d7de", zorder=1)
    panel.scatter(
        [first[name] for name in names], rows, color="#0550ae", zorder=3, label="first sync"
    )
    panel.scatter(
        later, rows, facecolor="white", edgecolor="#0550ae", zorder=2, label="sync a day later"
    )
    labels = [f"{name} •" if name in SUGGESTED_STREAMS else name for name in names]
    panel.set_yticks(rows, labels, fontsize=8.5)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    panel.set(xlim=(1, 200_000), ylim=(-1, len(names)), xlabel="tokens")
    panel.tick_params(length=0)
    panel.grid(axis="x", alpha=0.4)
    panel.spines[:].set_visible(False)
    panel.legend(loc="lower right", frameon=False)
    picture.savefig(file, metadata={"Date": None})


@main.command()
def demo() -> None:
    """Run the demo in a terminal of 100 columns, and draw what it shows at the end."""
    screen = pyte.Screen(_COLUMNS, lines=1_000)
    _run_in_terminal([sys.executable, "-m", "demo", "tour"], screen)
    console = Console(record=True, width=_COLUMNS, file=StringIO())
    for number in range(screen.cursor.y):
        cells = [screen.buffer[number][column] for column in range(_COLUMNS)]
        text = Text(no_wrap=True, overflow="crop")
        for style, run in groupby(cells, _style_of):
            text.append("".join(cell.data for cell in run), style)
        text.rstrip()
        console.print(text)
    PICTURES.mkdir(exist_ok=True)
    svg = console.export_svg(title="make demo", theme=DIMMED_MONOKAI, unique_id="demo")
    # the fonts that a browser would load from the web
    offline = re.sub(r" *@font-face {.*?}\n", "", svg, flags=re.DOTALL)
    (PICTURES / "demo.svg").write_text(offline, "utf-8")


def _run_in_terminal(command: Sequence[str], screen: pyte.Screen) -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, screen.columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(  # noqa: S603 - a program of this repository
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    stream = pyte.ByteStream(screen)
    # reading fails when the program has closed the terminal
    with suppress(OSError):
        while output := os.read(ours, 65_536):
            stream.feed(output)
    os.close(ours)
    if process.wait():
        raise click.ClickException("The demo failed.")


def _style_of(cell: pyte.screens.Char) -> Style:
    name = {"brown": "yellow", "default": ""}.get(cell.fg, cell.fg.replace("bright", "bright_"))
    color = f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else name or None
    return Style(color=color, bold=cell.bold, italic=cell.italics, underline=cell.underscore)


if __name__ == "__main__":
    main()
