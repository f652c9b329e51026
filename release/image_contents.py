"""The files of an image: what takes how much, and whether two builds hold the same."""

import hashlib
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, NamedTuple

ENVIRONMENT = "opt/connector/"
# what the engine puts into a new container, rather than the image
_OF_CONTAINER = re.compile(r"(dev|proc|sys|run)(/|$)|etc/(hosts|hostname|resolv\.conf|mtab)$")
_PACKAGE = re.compile(r"opt/connector/lib/python[\d.]+/site-packages/([^/]+)")


class File(NamedTuple):
    """Everything about a file but the times of its making."""

    kind: bytes
    mode: int
    owner: tuple[int, int]
    link: str
    size: int
    sha256: str


def files_of(archive: IO[bytes]) -> dict[str, File]:
    """Return the files in an exported file system, by their paths."""
    with tarfile.open(fileobj=archive, mode="r|") as members:
        return dict(_files(members))


def _files(members: tarfile.TarFile) -> Iterator[tuple[str, File]]:
    for one in members:
        if _OF_CONTAINER.match(one.name):
            continue
        content = members.extractfile(one) if one.isreg() else None
        sha256 = hashlib.sha256(content.read()).hexdigest() if content else ""
        owner = (one.uid, one.gid)
        yield one.name, File(one.type, one.mode, owner, one.linkname, one.size, sha256)


def differences(first: Mapping[str, File], second: Mapping[str, File]) -> list[str]:
    """Return the paths that only one of two images has, or that differ."""
    return sorted(path for path in first.keys() | second if first.get(path) != second.get(path))


def sizes(files: Mapping[str, File]) -> tuple[int, int, Counter[str]]:
    """Return the bytes of the base image, of the connector's environment, and of its packages."""
    packages = Counter[str]()
    for path, file in files.items():
        if found := _PACKAGE.match(path):
            packages[found[1]] += file.size
    environment = sum(file.size for path, file in files.items() if path.startswith(ENVIRONMENT))
    return sum(file.size for file in files.values()) - environment, environment, packages
