"""Bodies of webhooks v2 with any JSON in any place."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from source_pipedrive.inbox.payloads import STREAMS
from unit_tests.inbox.deliveries import a_delivery
from unit_tests.inbox.payload_samples import CUSTOM_VALUES, ROWS

KEY = "9c2f6e0b4d1a83f7559e0c7b2a64d18e3f90b6c{:x}"
DIGITS = "9" * 400

_EDGES = [
    "",
    DIGITS,
    "0000-00-00 00:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-05-01\x0010:00:00",
    "\x00",
    "東京",
    2**63,
    2**64,
    10**30,
    1e308,
    {},
    [],
    {"type": []},
    {"type": {}, "value": 1},
    {"type": "set", "values": ["a"]},
    {"type": "set", "values": 5},
    {"type": "enum", "id": {"id": []}},
    {"value": {"value": []}},
]
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
any_json = st.sampled_from(_EDGES) | st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def _custom_fields() -> dict[str, Any]:
    return {
        KEY.format(number): {"type": kind, **wrapped}
        for number, (kind, (wrapped, _, _)) in enumerate(CUSTOM_VALUES.items())
    }


def _sample(kind: str, action: str) -> dict[str, Any]:
    row = {**ROWS.get(kind, ({"id": 8},))[0], "custom_fields": _custom_fields()}
    return a_delivery(action, entity=kind, entity_id=row["id"], data=row, previous=row)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places(inner, (*path, number))


def _replaced(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed: Any = deepcopy(body)
    *way, last = path
    place = changed
    for step in way:
        place = place[step]
    place[last] = value
    return dict(changed)


@st.composite
def odd_bodies(draw: st.DrawFn) -> bytes:
    """A body of which up to two values are replaced by any JSON."""
    kind, action = (
        draw(st.sampled_from(sorted(STREAMS))),
        draw(st.sampled_from(["change", "delete"])),
    )
    body = _sample(kind, action)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from([*_places(body)]))
        body = _replaced(body, path, draw(any_json))
    return json.dumps(body).encode()
