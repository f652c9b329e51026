"""Use the connector with PyAirbyte: `get_source`, `DuckDBCache`, and `PostgresCache`.

`airbyte.get_source("source-pipedrive")` downloads another connector, Airbyte's own, unless this one
is on the PATH or named by `local_executable`. PyAirbyte's own caches lose values: `PostgresCache`
turns the text "00610" into "610.0", and both can keep two versions of a row. See docs/pyairbyte.md.
"""

import json
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

try:
    # packages that PyAirbyte imports announce the end of a version of Python
    with warnings.catch_warnings(action="ignore"):
        from source_pipedrive.webhooks.targets.pyairbyte import PathExecutor, Source
except ModuleNotFoundError as error:
    if sys.version_info >= (3, 13):
        raise ImportError(
            "PyAirbyte has no release for Python 3.13. Use Python 3.11 or 3.12."
        ) from error
    raise ImportError(
        f"The package {error.name} is missing. Install PyAirbyte with the connector: "
        "pip install 'source-pipedrive[sync]'"
    ) from error

from source_pipedrive.config_file import update
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from source_pipedrive.webhooks.targets.destination import DuckDBCache, PostgresCache

__all__ = ["SUGGESTED", "DuckDBCache", "PostgresCache", "Source", "get_source"]

SUGGESTED = "suggested"
_NAME = "source-pipedrive"


class _Installed(PathExecutor):
    """Runs the package that this module belongs to; its command may not be on the PATH."""

    @property
    def _cli(self) -> list[str]:
        # -P: modules in the current folder are not those of the connector
        return [str(self.path), "-P", "-m", "source_pipedrive"]


def get_source(
    config: Mapping[str, Any] | Path | str,
    *,
    streams: str | Sequence[str] = SUGGESTED,
    config_change_callback: Callable[[dict[str, Any]], None] | None = None,
) -> Source:
    """Return this connector, with its config checked and its streams selected.

    `config` is the settings, or a JSON file with them. `streams` is `suggested`, `*` for all, or a
    list of names, in which `suggested` stands for these. Renewed credentials are written into the
    file, and `config_change_callback` is called with the new settings.
    """
    if isinstance(config, Mapping):
        file, settings = None, dict(config)
    else:
        file = Path(config)
        settings = json.loads(file.read_text("utf-8"))

    def keep(changed: dict[str, Any]) -> None:
        # PyAirbyte would start the next verb with the old settings
        source.set_config(changed, validate=False)
        if file:
            update(file, **changed)
        if config_change_callback:
            config_change_callback(changed)

    source = Source(
        _Installed(_NAME, path=Path(sys.executable)),
        _NAME,
        config=settings,
        config_change_callback=keep,
    )
    source.check()
    source.select_streams("*" if streams == "*" else _names(streams))
    return source


def _names(streams: str | Sequence[str]) -> list[str]:
    given = [streams] if isinstance(streams, str) else streams
    return [name for one in given for name in (SUGGESTED_STREAMS if one == SUGGESTED else [one])]
