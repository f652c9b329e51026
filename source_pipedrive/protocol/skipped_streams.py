"""Streams of the configured catalog and of the saved state that the connector does not have."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, ConfiguredAirbyteStream
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_pipedrive.protocol.manifest import packaged_streams
from source_pipedrive.streams.official_states import LISTS, NEW_NAMES, States
from source_pipedrive.streams.state import NEVER_CHANGED


def skipped_streams(
    selected: Sequence[ConfiguredAirbyteStream], known: Collection[str]
) -> Sequence[ConfiguredAirbyteStream]:
    """Return the selected streams that the connector does not have with this configuration."""
    return [one for one in selected if one.stream.name not in known]


def unknown_states(states: States) -> Sequence[str]:
    """Return the streams with a saved state that the connector does not have.

    A stream that has another name here is one of them until its state has been taken over.
    """
    return [
        name
        for name in states
        if name not in packaged_streams() and not _is_taken_over(name, states)
    ]


def _is_taken_over(name: str, states: States) -> bool:
    if any(NEVER_CHANGED in state for state in states.values()):
        return name in NEW_NAMES
    # `deals` has a state of its own in the official connector too
    lists = [one for (_, one), stream in LISTS.items() if stream == name]
    successor = states.get(NEW_NAMES.get(name, ""), {})
    return all(one in successor for one in lists) if lists else bool(successor)


def warning(skipped: Sequence[ConfiguredAirbyteStream], in_state: Sequence[str]) -> str:
    """Say which streams are skipped, why, and what to do, in one line; empty if there are none."""
    names = [one.stream.name for one in skipped]
    unknown = [name for name in names if name not in packaged_streams()]
    needs_setting = [name for name in names if name in packaged_streams()]
    sentences = []
    if unknown:
        sentences.append(
            f"The connector does not have these selected streams: {_renamed(unknown)}."
        )
    if needs_setting:
        sentences.append(
            f"These selected streams require `webhook_inbox`: {', '.join(needs_setting)}."
        )
    if names:
        sentences.append(
            "Nothing is read for them. Correct the configuration, or refresh the schema of the "
            "connection."
        )
    if in_state:
        sentences.append(_about_states(in_state))
    return " ".join(sentences)


def _renamed(names: Iterable[str]) -> str:
    """List names, each with the new one if it has another name here."""
    return ", ".join(
        f"{name} (now {NEW_NAMES[name]})" if name in NEW_NAMES else name for name in names
    )


def _about_states(names: Sequence[str]) -> str:
    continued = [name for name in names if name in LISTS.values()]
    sentences = [
        f"The saved state has streams that the connector does not have: {_renamed(names)}."
    ]
    sentences += [f"The state of {name} continues in {NEW_NAMES[name]}." for name in continued]
    if set(names) - set(continued):
        whose = "The states of the others" if continued else "Their states"
        sentences.append(
            f"{whose} are not used: choose the streams with the new names, or delete the old ones "
            "in the state."
        )
    return " ".join(sentences)


def statuses(skipped: Sequence[ConfiguredAirbyteStream]) -> Iterator[AirbyteMessage]:
    """Yield that the streams are incomplete: the CDK does so only if it reads further streams."""
    for one in skipped:
        yield as_airbyte_message(one.stream, AirbyteStreamStatus.INCOMPLETE)
