"""The scopes that an error names for a stream, against the contract."""

import re

import pytest

from docs.contract.operations import READS, of_stream
from source_pipedrive.api.error_rules import scopes_of
from source_pipedrive.protocol.manifest import packaged_streams

STREAMS = {name: spec for name, spec in packaged_streams().items() if spec.needs}


@pytest.mark.parametrize("stream", STREAMS)
def test_the_named_scopes_open_the_stream(stream: str) -> None:
    spec = STREAMS[stream]
    named = set(re.split(r", (?:or )?| or ", scopes_of(spec.needs or "")))

    operations = [*of_stream(stream)]
    assert operations
    assert all(named & operation.scopes for operation in operations)
    operations += [READS[f"/{spec.fallback.path}"]] if spec.fallback else []
    assert named <= frozenset.union(*(operation.scopes for operation in operations))
