"""Notices that the file of an SQLite inbox was deleted or replaced while it is open."""

from pathlib import Path

_Identity = tuple[int, int]


class FileWatch:
    """The files of a database: an open connection writes to them even if they have no name left."""

    def __init__(self, file: str | None) -> None:
        """Watch a file and its write-ahead log; nothing for a database that is no file."""
        self._files = [Path(file), Path(f"{file}-wal")] if file else []
        self._opened: list[_Identity | None] = []

    def begin(self) -> None:
        """Remember the files that are open now."""
        self._opened = [_identity(file) for file in self._files]

    @property
    def is_replaced(self) -> bool:
        """Whether a file that was open at the beginning is another one now, or is gone."""
        return any(
            opened is not None and opened != _identity(file)
            for file, opened in zip(self._files, self._opened, strict=False)
        )


def _identity(file: Path) -> _Identity | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
