"""Builds and runs images: with Docker, or with buildah and podman where no Docker daemon runs."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

STAND_IN = "localhost/python-connector-base-stand-in"
# What the definition of the base image installs; Debian 13 has Python 3.13, as the base has.
_PACKAGES_OF_BASE = (
    "ca-certificates,poppler-utils,python3,python3-pip,python3-venv,socat,tesseract-ocr"
)
_MMDEBSTRAP = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    f"--include={_PACKAGES_OF_BASE}",
    "--aptopt=Apt::Install-Recommends false",
    *(f"--dpkgopt=path-exclude=/usr/share/{one}/*" for one in ("doc", "man", "locale")),
    "--customize-hook=chroot $1 useradd --uid 1000 airbyte",
    "--customize-hook=rm -rf $1/var/lib/apt/lists/*",
    "trixie",
)
_SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SANDBOXED = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
_CERTIFICATES = "/etc/ssl/certs"


class ContainerError(Exception):
    """No image can be built or run here; the message says why."""


@dataclass(frozen=True)
class Engine:
    """The commands that build and run images."""

    build_command: tuple[str, ...]
    run_command: tuple[str, ...]
    command: str
    """What manages images and containers: `docker` or `podman`."""

    def build(self, folder: Path, tag: str, base: str, target: str, *, from_scratch: bool) -> None:
        """Build a target of the Dockerfile in a folder."""
        options = [f"--build-arg=BASE_IMAGE={base}", f"--target={target}", f"--tag={tag}"]
        options += ["--no-cache"] if from_scratch else []
        _run([*self.build_command, *options, str(folder)])

    def run(
        self, image: str, arguments: Sequence[str], options: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a container to its end, without privileges and with a read-only file system."""
        return subprocess.run(
            [*self.run_command, "--rm", *_SANDBOXED, *options, image, *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )

    @contextmanager
    def running(
        self, image: str, arguments: Sequence[str], options: Sequence[str] = ()
    ) -> Iterator[subprocess.Popen[str]]:
        """Run a container until the block is left."""
        command = [*self.run_command, "--rm", *_SANDBOXED, *options, image, *arguments]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()

    @contextmanager
    def exported(self, image: str) -> Iterator[IO[bytes]]:
        """Yield the file system of an image as a tar archive."""
        container = _run([self.command, "create", image, "spec"]).split()[-1]
        try:
            export = [self.command, "export", container]
            with subprocess.Popen(export, stdout=subprocess.PIPE) as process:
                if process.stdout:
                    yield process.stdout
        finally:
            _run([self.command, "rm", container])

    def labels(self, image: str) -> Mapping[str, str]:
        """Return the labels of an image."""
        form = "{{range $name, $text := .Config.Labels}}{{$name}}\t{{$text}}\n{{end}}"
        lines = _run([self.command, "image", "inspect", f"--format={form}", image])
        return dict(line.split("\t", 1) for line in lines.splitlines() if line)

    def has(self, image: str) -> bool:
        """Tell whether an image is on this machine."""
        return _succeeds([self.command, "image", "inspect", image])

    def can_pull(self, image: str) -> bool:
        """Pull an image. Return whether that was possible."""
        return _succeeds([self.command, "pull", "--quiet", image], timeout=600)

    def remove(self, image: str) -> None:
        """Remove an image."""
        _run([self.command, "rmi", image])

    def make_stand_in(self) -> str:
        """Make an image that resembles the base image out of Debian's packages; return its name."""
        if not shutil.which("mmdebstrap"):
            raise ContainerError(
                "The base image cannot be pulled. To make one that resembles it, install "
                "mmdebstrap, for example with: sudo apt install mmdebstrap"
            )
        with TemporaryDirectory() as folder:
            archive = f"{folder}/base.tar"
            _run([*_MMDEBSTRAP, archive])
            _run([self.command, "import", f"--change=ENV {_SEARCH_PATH}", archive, STAND_IN])
        return STAND_IN


def find_engine() -> Engine:
    """Return Docker if its daemon answers, else buildah and podman."""
    if _succeeds(["docker", "info"]):
        return Engine(("docker", "build", "--quiet"), ("docker", "run"), "docker")
    if not shutil.which("buildah") or not shutil.which("podman"):
        raise ContainerError(
            "Neither a Docker daemon nor buildah and podman were found. Start Docker, or install "
            "the others, for example with: sudo apt install buildah podman runc mmdebstrap"
        )
    build = ("buildah", "build", "--quiet", "--layers", "--isolation=chroot", "--format=docker")
    # the certificates of the machine, for those whose registry of packages has its own
    certificates = f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro"
    run = ["podman", "run", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"]
    if shutil.which("runc"):
        run.insert(1, "--runtime=runc")
    return Engine((*build, "--timestamp=0", certificates), tuple(run), "podman")


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ContainerError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _succeeds(command: Sequence[str], timeout: float = 30) -> bool:
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
