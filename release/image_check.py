"""Builds the images, runs every verb in them, and shows their sizes: `make image-check`.

Builds the connector's image twice, and compares the files. The containers have a read-only file
system and no privileges; they read from a sandbox on this machine.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import requests
import rich_click as click
import yaml
from rich.console import Console
from rich.table import Table

from pipedrive_sandbox.client import RunningSandbox, running_sandbox
from release.containers import STAND_IN, ContainerError, Engine, find_engine
from release.image_contents import differences, files_of, sizes

ROOT = Path(__file__).parent.parent
MEGABYTE = 1_000_000
IMAGE = "source-pipedrive:check"
SECOND_BUILD = "source-pipedrive:check-again"
RECEIVER_IMAGE = "source-pipedrive-webhooks:check"
NOBODY = "--user=65534:65534"
OFFLINE = "--network=none"
ON_THIS_MACHINE = "--network=host"

console = Console(highlight=False)
failures: list[str] = []


@dataclass(frozen=True)
class Run:
    """A command in a container, and what it must answer."""

    title: str
    arguments: Sequence[str]
    answer: str
    """A regular expression for the output."""
    options: Sequence[str] = (ON_THIS_MACHINE,)
    exit_code: int = 0


def report(title: str, *, passed: bool, details: str = "") -> None:
    """Print whether something is as it must be, and remember what is not."""
    console.print(f"  {'[green]passed[/]' if passed else '[red]FAILED[/]'}  {title}")
    if not passed:
        failures.append(title)
        console.print(details, markup=False)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a title, and how long the block took."""
    console.print(f"[bold]{title}[/]")
    start = monotonic()
    yield
    console.print(f"  [dim]{monotonic() - start:.0f} s[/]")


def base_of(engine: Engine, *, stand_in: bool) -> str:
    """Return the base image, or one that resembles it where it cannot be pulled."""
    metadata = yaml.safe_load((ROOT / "metadata.yaml").read_text("utf-8"))
    base = str(metadata["data"]["connectorBuildOptions"]["baseImage"])
    if not stand_in and (engine.has(base) or engine.can_pull(base)):
        return base
    console.print(
        f"  [yellow]{base.partition('@')[0]} cannot be pulled here.[/] A stand-in out of Debian's "
        "packages takes its place. Its size is an estimate of the real one."
    )
    return STAND_IN if engine.has(STAND_IN) else engine.make_stand_in()


def compare_builds(engine: Engine, most_megabytes: int) -> None:
    """Compare the files of two builds, and print what takes how much."""
    with engine.exported(IMAGE) as first, engine.exported(SECOND_BUILD) as second:
        files, again = files_of(first), files_of(second)
    different = differences(files, again)
    report(
        f"two builds hold the same {len(files):,} files: content, mode, and owner",
        passed=not different,
        details="\n".join(different[:20]),
    )
    base, environment, packages = sizes(files)
    table = Table("part", "MB", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    rows = [("base image", base), ("connector and its packages", environment)]
    rows += [(f"  {name}", size) for name, size in packages.most_common(10)]
    for name, size in [*rows, ("total", base + environment)]:
        table.add_row(name, f"{size / MEGABYTE:,.0f}")
    console.print(table)
    report(
        f"the image is smaller than {most_megabytes} MB",
        passed=base + environment < most_megabytes * MEGABYTE,
    )


def check_labels(engine: Engine) -> None:
    """Compare the labels with the metadata."""
    data = yaml.safe_load((ROOT / "metadata.yaml").read_text("utf-8"))["data"]
    labels = engine.labels(IMAGE)
    wanted = {
        "io.airbyte.name": data["dockerRepository"],
        "io.airbyte.version": data["dockerImageTag"],
        "org.opencontainers.image.version": data["dockerImageTag"],
        "org.opencontainers.image.licenses": data["license"],
    }
    found = {name: labels.get(name) for name in wanted}
    report("labels have name, version, and license", passed=found == wanted, details=str(found))


def write(folder: Path, name: str, content: object) -> None:
    """Write a JSON file that every user can read."""
    (folder / name).write_text(json.dumps(content), "utf-8")
    (folder / name).chmod(0o644)


def run_all(engine: Engine, image: str, runs: Sequence[Run], mounted: str) -> None:
    """Run commands in containers, and compare what they answer."""
    for run in runs:
        done = engine.run(image, run.arguments, [mounted, *run.options])
        passed = done.returncode == run.exit_code and re.search(run.answer, done.stdout) is not None
        report(run.title, passed=passed, details=f"exit code {done.returncode}\n{done.stdout}")


def runs_of_the_connector(user: str) -> list[Run]:
    """Return a run of each verb, as a user."""
    config = ("--config", "/data/config.json")
    catalog = ("--catalog", "/data/catalog.json")
    options = [ON_THIS_MACHINE, *([user] if user else [])]
    name = user.removeprefix("--user=") or "the image's user"
    return [
        Run(f"{verb}, as {name}", [verb, *arguments], answer, options)
        for verb, arguments, answer in [
            ("spec", (), '"connectionSpecification"'),
            ("check", config, '"SUCCEEDED"'),
            ("discover", config, '"custom_fields"'),
            ("catalog", config, '"sync_mode": "incremental"'),
            ("plan", (*config, *catalog), "tokens"),
            ("read", (*config, *catalog), r'"RECORD"[\s\S]*"STATE"[\s\S]*"COMPLETE"'),
        ]
    ]


SPECIAL_RUNS = [
    Run("--help without network", ["--help"], "Verbs of the protocol", [OFFLINE]),
    Run("--version without network", ["--version"], r"source-pipedrive \d", [OFFLINE]),
    Run(
        "check without network: one sentence",
        ["check", "--config", "/data/public.json"],
        '"FAILED","message":"The host of `api_url` was not found',
        [OFFLINE],
    ),
    Run(
        "check with a config that its user cannot read: one sentence",
        ["check", "--config", "/data/private.json"],
        "private.json cannot be read: Permission denied. .*readable by user 65534",
        [OFFLINE, NOBODY],
        exit_code=1,
    ),
    Run(
        "check with a config that is not mounted: one sentence",
        ["check", "--config", "/nowhere/config.json"],
        "config.json cannot be read: No such file",
        [OFFLINE],
        exit_code=1,
    ),
    Run(
        "webhooks in the connector's image: names the image that has it",
        ["webhooks", "serve"],
        "target `webhooks`",
        [OFFLINE],
        exit_code=2,
    ),
    Run(
        "verify in the image: names the extra that has it",
        ["verify", "--config=/data/config.json", "--dest=postgresql://nobody@127.0.0.1/none"],
        r"source-pipedrive\[verify\]",
        [OFFLINE],
        exit_code=2,
    ),
    Run(
        "pip check: every package finds what it requires",
        ["-m", "pip", "--python=/opt/connector/bin/python", "check"],
        "No broken requirements found",
        [OFFLINE, "--env=PATH=/usr/local/bin:/usr/bin:/bin", "--entrypoint=python3"],
    ),
]


def check_receiver(engine: Engine, mounted: str) -> None:
    """Start the receiver in its image, and read its inbox with the connector's image."""
    serve = ["webhooks", "serve", "--config=/data/receiver.json", "--port=0"]
    inbox = "--inbox=sqlite:////data/inbox.db"
    with engine.running(RECEIVER_IMAGE, [*serve, inbox], [mounted, ON_THIS_MACHINE]) as process:
        announced = process.stdout.readline().split() if process.stdout else []
        healthy = bool(announced) and requests.get(f"{announced[-1]}health", timeout=30).ok
    report("webhooks serve in the image `webhooks`", passed=healthy)
    read = ["read", "--config", "/data/inbox.json", "--catalog", "/data/catalog.json"]
    answer = r'^(?![\s\S]*(extra|inbox cannot be))[\s\S]*"COMPLETE"'
    run = Run("read with `webhook_inbox`, in the connector's image", read, answer)
    run_all(engine, IMAGE, [run], mounted)


def write_files(folder: Path, sandbox: RunningSandbox, catalog: object) -> None:
    """Write the files that the containers read."""
    folder.chmod(0o777)
    write(folder, "config.json", sandbox.config)
    write(folder, "public.json", {"api_key": sandbox.token})
    write(folder, "private.json", sandbox.config)
    (folder / "private.json").chmod(0o600)
    write(folder, "inbox.json", {**sandbox.config, "webhook_inbox": "sqlite:////data/inbox.db"})
    receiver = {"webhook_user": "check", "webhook_password": "nothing-to-protect"}
    write(folder, "receiver.json", {**sandbox.config, **receiver})
    write(folder, "catalog.json", catalog)


@click.command(help=__doc__)
@click.option("--most", default=600, show_default=True, help="Megabytes that the image may take.")
@click.option("--stand-in", is_flag=True, help="Do not try to pull the base image.")
def main(most: int, stand_in: bool) -> None:  # noqa: FBT001 - an option of the command line
    """Build and check."""
    try:
        engine = find_engine()
        with step(f"Build with {engine.build_command[0]}"):
            base = base_of(engine, stand_in=stand_in)
            engine.build(ROOT, IMAGE, base, "source", from_scratch=False)
            engine.build(ROOT, SECOND_BUILD, base, "source", from_scratch=True)
            engine.build(ROOT, RECEIVER_IMAGE, base, "webhooks", from_scratch=False)
        with step("Contents"):
            compare_builds(engine, most)
            check_labels(engine)
        engine.remove(SECOND_BUILD)
        with TemporaryDirectory() as name, running_sandbox(deals=60, burst=10_000) as sandbox:
            folder = Path(name)
            mounted = f"--volume={folder}:/data"
            write_files(folder, sandbox, {"streams": []})
            select = ["catalog", "--config=/data/config.json", "--streams=deals,pipelines"]
            catalog = engine.run(IMAGE, select, [mounted, ON_THIS_MACHINE])
            (folder / "catalog.json").write_text(catalog.stdout, "utf-8")
            with step("Every verb, by several users, on a read-only file system"):
                for user in ("", NOBODY, "--user=0:0"):
                    run_all(engine, IMAGE, runs_of_the_connector(user), mounted)
            with step("What operators meet"):
                run_all(engine, IMAGE, SPECIAL_RUNS, mounted)
            with step("The receiver"):
                check_receiver(engine, mounted)
    except ContainerError as error:
        raise click.ClickException(str(error)) from error
    if failures:
        console.print(f"[red]{len(failures)} of the checks failed.[/]")
        sys.exit(1)
    console.print("[green]The images are as they must be.[/]")


if __name__ == "__main__":
    main()
