"""Reads the files that the command line names."""

import os
from collections.abc import Callable
from typing import TypeVar

from source_pipedrive.api.exceptions import config_error

_Content = TypeVar("_Content")


def read_file(path: str | None, read: Callable[[str], _Content], expected: str) -> _Content | None:
    """Return what `read` makes of a file, or raise an error that says what it should hold."""
    try:
        return read(path) if path else None
    except OSError as error:
        raise config_error(
            f"{path} cannot be read: {error.strerror}. In Docker, mount the file and make it "
            f"readable by user {os.getuid()}."
        ) from error
    except (TypeError, ValueError) as error:
        raise config_error(
            f"{path} cannot be used. It must contain {expected} as JSON "
            f"({' '.join(str(error).split())})."
        ) from error
