"""Streams of the configured catalog that the connector cannot read."""

from collections.abc import Collection, Iterator, Sequence

from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, ConfiguredAirbyteStream
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_pipedrive.protocol.manifest import packaged_streams


def skipped_streams(
    selected: Sequence[ConfiguredAirbyteStream], known: Collection[str]
) -> Sequence[ConfiguredAirbyteStream]:
    """Return the selected streams that the connector does not have with this configuration."""
    return [one for one in selected if one.stream.name not in known]


def warning(skipped: Sequence[ConfiguredAirbyteStream]) -> str:
    """Say which streams are skipped, why, and what to do, in one line."""
    names = [one.stream.name for one in skipped]
    unknown = [name for name in names if name not in packaged_streams()]
    needs_setting = [name for name in names if name in packaged_streams()]
    reasons = []
    if unknown:
        reasons.append(f"The connector does not have these selected streams: {', '.join(unknown)}.")
    if needs_setting:
        reasons.append(
            f"These selected streams require `webhook_inbox`: {', '.join(needs_setting)}."
        )
    return (
        f"{' '.join(reasons)} Nothing is read for them. Correct the configuration, or refresh the "
        "schema of the connection."
    )


def statuses(skipped: Sequence[ConfiguredAirbyteStream]) -> Iterator[AirbyteMessage]:
    """Yield that the streams are incomplete: the CDK does so only if it reads further streams."""
    for one in skipped:
        yield as_airbyte_message(one.stream, AirbyteStreamStatus.INCOMPLETE)
