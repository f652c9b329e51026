"""Airbyte source connector for Pipedrive."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_pipedrive.protocol.source import SourcePipedrive

__all__ = ["SourcePipedrive"]


def __getattr__(name: str) -> Any:
    # lazy: importing the CDK takes two seconds, and `spec` does not need it
    if name == "SourcePipedrive":
        return import_module("source_pipedrive.protocol.source").SourcePipedrive
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
