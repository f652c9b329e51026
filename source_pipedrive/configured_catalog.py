"""Print a configured catalog for `read`: which streams to read, and how."""

import json
import logging
from functools import partial
from typing import Any

import rich_click as click
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteStream,
    ConfiguredAirbyteStreamSerializer,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.access import access_kept_in
from source_pipedrive.protocol.manifest import SUGGESTED_STREAMS
from source_pipedrive.protocol.source import SourcePipedrive


@click.command(help=__doc__)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    required=True,
    help="Settings. The catalog has the columns of the account's custom fields.",
)
@click.option(
    "--streams",
    default="suggested",
    show_default=True,
    help="`suggested`, `all`, or names separated by commas.",
)
def main(config: str, streams: str) -> None:
    """Print the catalog; warnings about fields that cannot be read go to stderr."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", force=True)
    try:
        access = partial(access_kept_in, config)
        source = SourcePipedrive.from_files(config, None, None, access=access)
        offered = source.offered(_selected(streams, set(source.specs)))
    except AirbyteTracedException as error:
        raise click.ClickException(str(error.message)) from error
    click.echo(json.dumps({"streams": [_configured(one) for one in offered]}, indent=2))


def _selected(streams: str, known: set[str]) -> set[str]:
    if streams in {"all", "*"}:
        return known
    names = SUGGESTED_STREAMS if streams == "suggested" else streams.split(",")
    selected = {name.strip() for name in names}
    if unknown := sorted(selected - known):
        raise click.BadParameter(
            f"The connector has no stream {', '.join(unknown)}. It has {', '.join(sorted(known))}.",
            param_hint="--streams",
        )
    return selected


def _configured(stream: AirbyteStream) -> dict[str, Any]:
    is_incremental = SyncMode.incremental in stream.supported_sync_modes
    mode = DestinationSyncMode.append_dedup if is_incremental else DestinationSyncMode.overwrite
    configured = ConfiguredAirbyteStream(
        stream=stream,
        sync_mode=SyncMode.incremental if is_incremental else SyncMode.full_refresh,
        destination_sync_mode=mode,
        cursor_field=stream.default_cursor_field,
        primary_key=stream.source_defined_primary_key,
    )
    dumped: dict[str, Any] = ConfiguredAirbyteStreamSerializer.dump(configured)
    return dumped
