"""Writes settings back into the config file, where it can be written."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from source_pipedrive.old_settings import migrate


def is_writable(file: str | Path) -> bool:
    """Tell whether a config file can be written; in Docker, it is often mounted read-only."""
    return os.access(file, os.W_OK)


def update(file: str | Path, **settings: Any) -> bool:
    """Set settings in a config file, and keep all others. Return whether that was possible.

    Old settings are written in their present form, because the new ones may contradict them. The
    file is replaced as a whole, so that a process that is killed does not leave half of it.
    """
    config = read(file)
    text = json.dumps({**config, **settings}, indent=2, ensure_ascii=False) + "\n"
    try:
        if config:
            _replace(Path(file).resolve(), text)
    except OSError:
        return False
    return bool(config)


def read(file: str | Path) -> Mapping[str, Any]:
    """Return the settings of a config file in their present form; none if it cannot be read."""
    try:
        config = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return migrate(config) if isinstance(config, Mapping) else {}


def _replace(file: Path, text: str) -> None:
    if not is_writable(file):
        raise PermissionError(file)
    copy = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        copy.touch(0o600)
        copy.write_text(text, "utf-8")
        shutil.copymode(file, copy)
        copy.replace(file)
    except OSError:
        # a file that Docker mounts cannot be replaced, and the folder may be read-only
        with suppress(OSError):
            copy.unlink(missing_ok=True)
        file.write_text(text, "utf-8")
