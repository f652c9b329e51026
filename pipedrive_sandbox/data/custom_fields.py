"""Custom fields, and their values in the forms of both API versions.

The fields of an entity cover every type, and names that break naive column naming: letters that
transliterate alike, no letter at all, 200 characters, SQL words, names of built-in fields.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipedrive_sandbox.clock import DAY, day

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_sandbox.data.random_source import RandomSource
    from pipedrive_sandbox.data.vocabulary import Vocabulary
    from pipedrive_sandbox.store import Row

#: Entities with custom fields; leads carry those of deals.
ENTITIES: Final = ("deal", "person", "organization", "product", "project")
_NAMES: Final = (
    ("Contract type", "enum"),
    ("Regions", "set"),
    ("Budget", "monetary"),
    ("Account code", "varchar"),
    ("Briefing", "text"),
    ("Score", "double"),
    ("Renewal date", "date"),
    ("Contract period", "daterange"),
    ("Call time", "time"),
    ("Delivery window", "timerange"),
    ("Site address", "address"),
    ("Account manager", "user"),
    ("Partner organization", "org"),
    ("Decision maker", "people"),
    ("Hotline", "phone"),
    ("Reference number", "varchar_auto"),
    ("Catalogue item", "enum"),
    ("Größe", "double"),
    ("Grosse", "varchar"),
    ("GRÖSSE", "enum"),
    ("🚀🔥", "varchar"),
    ("Long " * 39 + "field", "text"),
    ("select", "varchar"),
    ("Id", "varchar"),
    ("2nd choice", "enum"),
    ("顧客番号", "varchar"),
)
_LABELS: Final = {
    "Contract type": ("New business", "Renewal", "Upsell", "Framework"),
    "Regions": ("EMEA", "North America", "LATAM", "APAC", "日本"),
    "Catalogue item": tuple(f"Item {number:04d}" for number in range(1, 1_001)),
    "GRÖSSE": ("S", "M", "L", "XL"),
    "2nd choice": ("yes", "no"),
}
LABEL_OPTIONS: Final = (("Hot", "red"), ("Warm", "yellow"), ("Cold", "blue"), ("VIP", "purple"))
#: Ids of the options of `label_ids`.
LABEL_IDS: Final = tuple(range(1, len(LABEL_OPTIONS) + 1))
FIRST_OPTION_ID: Final = 101
_ZONE: Final = {"timezone_id": 83, "timezone_name": "Europe/Tallinn"}
#: An option that values still refer to although it was deleted.
DELETED_OPTION: Final = 99


@dataclass(frozen=True)
class CustomField:
    """A custom field: its key, name, type and the ids of its options."""

    entity: str
    code: str
    name: str
    field_type: str
    options: tuple[int, ...]


def custom_fields(entity: str, count: int | None, seed: int) -> list[CustomField]:
    """Return the first `count` custom fields of an entity; after the named ones, numbered ones."""
    names = list(_NAMES[:count])
    types = [field_type for _, field_type in _NAMES[:16]]
    while count is not None and len(names) < count:
        names.append((f"Field {len(names) + 1}", types[len(names) % len(types)]))
    return [
        CustomField(
            entity,
            hashlib.sha1(f"{seed}/{entity}/{name}".encode(), usedforsecurity=False).hexdigest(),
            name,
            field_type,
            tuple(range(FIRST_OPTION_ID, FIRST_OPTION_ID + len(option_labels(name))))
            if field_type in {"enum", "set"}
            else (),
        )
        for name, field_type in names
    ]


def option_labels(name: str) -> tuple[str, ...]:
    """Return the labels of the options of a field."""
    return _LABELS.get(name, ("Alpha", "Beta", "Gamma"))


@dataclass(frozen=True)
class ValueDrawer:
    """Draws custom values in the form of v2; ids are at most `highest_id`."""

    rng: RandomSource
    words: Vocabulary
    now: int
    highest_id: int

    def value(self, field: CustomField) -> Any:
        """Draw a value of a field; of a type that refers to another row, an id."""
        draw = _DRAWS.get(field.field_type)
        return draw(self, field) if draw else self.rng.up_to(self.highest_id)

    def day(self) -> int:
        """Draw an instant of the last 400 days."""
        return self.now - self.rng.randrange(400 * DAY)

    def time(self, first: int, last: int) -> str:
        """Draw a time of day from the hour `first` up to, but not including, the hour `last`."""
        return f"{self.rng.randrange(first, last):02d}:{self.rng.randrange(60):02d}:00"


def _varchar(draw: ValueDrawer, field: CustomField) -> str:
    code = f"{field.name[:12]}-{draw.rng.randrange(10**5)}"
    return draw.rng.pick(("", code, "Žöå 東京 🚀"))


def _double(draw: ValueDrawer, _field: CustomField) -> float:
    return draw.rng.pick((0, -1.5, draw.rng.up_to(1_000), draw.rng.up_to(10**7) / 100))


def _monetary(draw: ValueDrawer, _field: CustomField) -> Row:
    amount = draw.rng.up_to(10**7) / 100
    return {"value": amount, "currency": draw.rng.pick(("EUR", "USD"))}


def _date_range(draw: ValueDrawer, _field: CustomField) -> Row:
    start = draw.day()
    return {"value": day(start), "until": day(start + 90 * DAY)}


def _time_range(draw: ValueDrawer, _field: CustomField) -> Row:
    return {"value": draw.time(8, 12), "until": draw.time(13, 18), **_ZONE}


def _address(draw: ValueDrawer, _field: CustomField) -> Row:
    parts = draw.words.address(draw.rng)
    return parts | {"formatted_address": parts["value"]}


def _set(draw: ValueDrawer, field: CustomField) -> list[int]:
    return sorted(draw.rng.sample(field.options, draw.rng.up_to(3)))


_DRAWS: Final[dict[str, Callable[[ValueDrawer, CustomField], Any]]] = {
    "varchar": _varchar,
    "text": lambda draw, _field: draw.rng.pick(draw.words.paragraphs),
    "varchar_auto": lambda draw, _field: draw.rng.pick(draw.words.companies),
    "phone": lambda draw, _field: draw.words.phone(draw.rng),
    "double": _double,
    "monetary": _monetary,
    "date": lambda draw, _field: day(draw.day()),
    "daterange": _date_range,
    "time": lambda draw, _field: {"value": draw.time(8, 12), **_ZONE},
    "timerange": _time_range,
    "address": _address,
    "enum": lambda draw, field: draw.rng.pick((*field.options[:40], DELETED_OPTION)),
    "set": _set,
}


def v1_values(custom_values: dict[str, Any] | None, field_types: dict[str, str]) -> Row:
    """Return custom values as v1 has them: at the root, options as text, unset ones left out."""
    row: Row = {}
    for key, value in (custom_values or {}).items():
        if value is None:
            continue
        if isinstance(value, dict):
            row[key] = value.get("value")
            row |= {
                f"{key}_{part}": content
                for part, content in value.items()
                if part not in {"value", "timezone_name"}
            }
        elif isinstance(value, list):
            row[key] = ",".join(map(str, value))
        else:
            row[key] = str(value) if field_types.get(key) == "enum" else value
    return row
