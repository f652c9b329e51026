"""The account's own fields as columns: named, typed, with labels in place of option ids.

`deals.custom_fields["dcf558aac1ae4e8c4f849ba5e668430d8df9be12"]`, 37, is also
`deals.custom_contract_type`, "Renewal", and `deals.custom_contract_type_id`, 37. The definitions
are rows of API v2's `*Fields` lists; nothing here sends a request.

https://pipedrive.readme.io/docs/core-api-concepts-custom-fields
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson
from anyascii import anyascii

Row = dict[str, Any]
Definition = Mapping[str, Any]
Options = Mapping[Any, str | None]
LabelOf = Callable[[Any], Any]
Target = tuple[type | None, str, Callable[[Any], Any]]
"""Where a value goes: of this type into the column as it is, of another converted."""
Leaf = tuple[*Target, str, LabelOf | None, Sequence[tuple[str, *Target]]]
"""What becomes of a value: its target, the column of its label and how to find that.

A value that has parts goes where they do, by their keys, and nowhere else. A plain tuple: those
with names take three times as long to unpack.
"""

_PREFIX = "custom_"
_RAW_COLUMN = "custom_fields"
# PostgreSQL's limit for identifiers, the lowest of the common warehouses
_LONGEST_NAME = 63
_LONGEST_PART = 20
_KEY_LENGTH = 40
_KEY_STEP = 8
_LONGEST_KEY_SUFFIX = 32
# up to here a number with a fraction part tells any two integers apart
_EXACT = 2**53


class Columns:
    """The columns of one entity: `schema` for the catalog, `filled` for the rows.

    One instance serves all threads: only `unknown` ever changes.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        leaves: dict[str, Leaf],
        labels_of: LabelOf | None,
        flat_codes: frozenset[str] | None,
    ) -> None:
        self.schema = schema
        """Column -> JSON schema of the property; sorted by column."""
        self.unknown: set[str] = set()
        """Keys of fields that rows have values for, but that no definition knows."""
        self._leaves = leaves
        self._labels_of = labels_of
        self._flat_codes = flat_codes

    def filled(self, rows: Sequence[Row]) -> Iterator[Row]:  # noqa: C901, PLR0912 - calls cost time
        """Yield the rows, with the columns of every value that is set; null where it does not fit.

        Unset fields add nothing: an absent column is NULL in the warehouse, and most fields of most
        rows are unset. The raw values stay as they are, so nothing is lost by a misfit.

        Row by row: what is used up at once is still in the processor's cache, a page is not.
        """
        leaves, labels_of, unknown = self._leaves, self._labels_of, self.unknown
        for row in rows:
            if labels_of and type(ids := row.get("label_ids")) is list:
                row["labels"] = labels_of(ids)
            if self._flat_codes is None:
                values = row.get(_RAW_COLUMN)
            else:
                values = {key: row[key] for key in leaves if key in row}
            if type(values) is dict:
                # one lookup for each value that is set, and none for the others
                for key, value in values.items():
                    if value is not None:
                        try:
                            fits, column, convert, label, label_of, parts = leaves[key]
                        except KeyError:
                            unknown.add(key)
                            continue
                        if not parts:
                            held = row[column] = value if type(value) is fits else convert(value)
                            if label_of:
                                row[label] = label_of(held)
                            continue
                        content = value if type(value) is dict else {"value": value}
                        for source, fits, column, convert in parts:
                            part = content.get(source)
                            if part is not None:
                                row[column] = part if type(part) is fits else convert(part)
            yield row
        if self._flat_codes is not None:
            keys = set().union(*rows) - self.schema.keys()
            # no built-in key is that long
            codes = {key[:_KEY_LENGTH] for key in keys if len(key) >= _KEY_LENGTH}
            self.unknown |= codes - self._flat_codes

    def changes(self, properties: Mapping[str, Any]) -> list[str]:
        """Tell what is otherwise in a configured catalog, given its properties of the stream.

        One phrase a column, such as "Size (`custom_size`) is gone", with the name in Pipedrive. A
        renamed field is new and gone.
        """
        before = {name: held for name, held in properties.items() if _is_custom(name)}
        now = {name: held for name, held in self.schema.items() if _is_custom(name)}
        phrases = {
            **dict.fromkeys(before.keys() - now.keys(), "is gone"),
            **dict.fromkeys(now.keys() - before.keys(), "is new or not selected"),
            **{
                name: "has another type"
                for name in now.keys() & before.keys()
                if _type_of(now[name]) != _type_of(before[name])
            },
        }
        titles = {name: held.get("title") for name, held in {**before, **now}.items()}
        return [
            f"{titles[name]} (`{name}`) {phrase}" if titles[name] else f"`{name}` {phrase}"
            for name, phrase in sorted(phrases.items())
        ]


def columns_of(
    definitions: Iterable[Definition],
    form: Literal["v2", "v1"],
    labels: Mapping[str, str] | None = None,
) -> Columns:
    """Compile the definitions of an entity.

    `form` tells where values are: v2 has them under `custom_fields`; v1, which is leads with the
    definitions of deals, at the root of the row. `labels` names the ids in `label_ids` where the
    definitions do not: the labels of leads.
    """
    known = {str(one["field_code"]): one for one in definitions if one.get("field_code")}
    fields = [_Field(one) for one in known.values() if one.get("is_custom_field")]
    names = _names(fields)
    flat = form == "v1"
    schema: dict[str, Any] = {}
    leaves: dict[str, Leaf] = {}
    for field in fields:
        schema |= field.schema(names[field.code])
        leaves |= field.leaves(names[field.code], flat=flat)
    options: Options | None = labels
    if labels is None and not flat and "label_ids" in known:
        options = _options(known["label_ids"])
    if options is not None:
        schema["labels"] = _LABELS
    return Columns(
        schema=dict(sorted(schema.items())),
        leaves=leaves,
        labels_of=None if options is None else _labels_of(options),
        flat_codes=frozenset(field.code for field in fields) if flat else None,
    )


def field_options_rows(entity: str, definitions: Iterable[Definition]) -> Iterator[Row]:
    """Yield the rows of the stream `field_options`, built-in fields included.

    `entity` is the kind of record, e.g. `deal`; the definitions may also be those of API v1.
    """
    for definition in definitions:
        for option in _objects(definition, "options"):
            if option.get("id") is not None:
                yield {
                    "entity": entity,
                    "field_code": definition.get("field_code") or definition.get("key"),
                    "field_name": definition.get("field_name") or definition.get("name"),
                    "option_id": str(option["id"]),
                    "label": option.get("label"),
                    "color": option.get("color"),
                }


class _Type(NamedTuple):
    """A type of columns: values of the type `fits` go in as they are, others are converted."""

    schema: Mapping[str, Any]
    fits: type | None
    convert: Callable[[Any], Any]


class _Part(NamedTuple):
    """A column of a field: what it holds, and where from; of several sources the last one set."""

    type: _Type
    sources: tuple[str, ...] = ("value",)
    about: str = ""


def _number(value: Any) -> float | None:
    if type(value) is int:
        return value
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value if type(value) in {int, float} else None


def _integer(value: Any) -> int | None:
    """Also of `{"id": 5}`, an option with its label, and `{"value": 5}`, a contact in old lists."""
    if isinstance(value, dict):
        value = value.get("value", value.get("id"))
    number = _number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() and abs(number) < _EXACT else None
    return number


def _integers(value: Any) -> list[int | None] | None:
    """Of a list, of v1's `"123,456"`, and of a single option."""
    if isinstance(value, str):
        value = value.split(",") if value else None
    elif not isinstance(value, list):
        single = _integer(value)
        value = None if single is None else [single]
    return value and [one if type(one) is int else _integer(one) for one in value]


def _text(value: Any) -> str | None:
    return str(value) if type(value) in {int, float} else None


def _phone(value: Any) -> str | None:
    """Also of `{"value": "…"}` and lists of it: the shape of custom phones is not documented."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := _phone(one))) or None
    return value if isinstance(value, str) else _text(value)


def _date(value: Any) -> str | None:
    return _date_of_text(value) if isinstance(value, str) else None


@lru_cache(maxsize=10_000)
def _date_of_text(text: str) -> str | None:
    try:
        return text if date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


def _nothing(_: Any) -> None:
    return None


def _as_it_is(value: Any) -> Any:
    return value


_TEXT = _Type({"type": ["null", "string"]}, str, _text)
_NUMBER = _Type({"type": ["null", "number"]}, float, _number)
_INTEGER = _Type({"type": ["null", "integer"]}, int, _integer)
_DATE = _Type({"type": ["null", "string"], "format": "date"}, None, _date)
_UNTYPED = _Type({}, None, _as_it_is)
_TEXTS = _Type({"type": ["null", "array"], "items": _TEXT.schema}, None, _nothing)
_INTEGERS = _Type({"type": ["null", "array"], "items": _INTEGER.schema}, None, _nothing)
_SIMPLE = {
    "boolean": _Type({"type": ["null", "boolean"]}, bool, _nothing),
    "date": _DATE,
    "double": _NUMBER,
    "int": _INTEGER,
    "phone": _Type(_TEXT.schema, str, _phone),
    "text": _TEXT,
    "varchar": _TEXT,
    "varchar_auto": _TEXT,
}
_REFERENCES = {
    "activity": "activities",
    "deal": "deals",
    "org": "organizations",
    "people": "persons",
    "pipeline": "pipelines",
    "product": "products",
    "project": "projects",
    "projects_board": "project_boards",
    "projects_phase": "project_phases",
    "stage": "stages",
    "user": "users",
}
_ZONE = _Part(
    _TEXT,
    ("timezone_id", "timezone_name"),
    "Time zone of `{}`: its IANA name, or Pipedrive's number for it where the API gives no name.",
)
# field_type -> suffix of the column -> part; in texts `{}` is the main column, `{until}` that one
_PARTS: Mapping[str, Mapping[str, _Part]] = {
    **{kind: {"": _Part(type_)} for kind, type_ in _SIMPLE.items()},
    **{
        kind: {"": _Part(_INTEGER, about=f"Id; joins `{stream}.id`.")}
        for kind, stream in _REFERENCES.items()
    },
    "lead": {"": _Part(_TEXT, about="UUID; joins `leads.id`.")},
    "monetary": {
        "": _Part(_NUMBER, about="Amount in units of `{currency}`."),
        "currency": _Part(_TEXT, ("currency",), "Currency code of `{}`; joins `currencies.code`."),
    },
    "daterange": {
        "": _Part(_DATE, about="Start of the range."),
        "until": _Part(_DATE, ("until",), "End of the range that starts at `{}`."),
    },
    "time": {
        "": _Part(_TEXT, about="Time of day as `HH:MM:SS`, in `{timezone}`."),
        "timezone": _ZONE,
    },
    "timerange": {
        "": _Part(_TEXT, about="Start as `HH:MM:SS`, in `{timezone}`."),
        "until": _Part(_TEXT, ("until",), "End as `HH:MM:SS`, in `{timezone}`."),
        "timezone": _ZONE,
    },
    "address": {
        "": _Part(
            _TEXT,
            ("value", "formatted_address"),
            "Whole address in one line: as Pipedrive formats it, or else as typed.",
        ),
    },
    "enum": {
        "": _Part(_TEXT, about="Label of the chosen option; null if the option was deleted."),
        "id": _Part(_INTEGER, (), "Id of the option; as text it joins `field_options.option_id`."),
    },
    "set": {
        "": _Part(_TEXTS, about="Labels of the chosen options, in the order of `{ids}`."),
        "ids": _Part(
            _INTEGERS, (), "Ids of the options; as text they join `field_options.option_id`."
        ),
    },
}
_OF_UNKNOWN_KIND = {"": _Part(_UNTYPED, about="The value as Pipedrive delivers it.")}
_LABELS = {**_TEXTS.schema, "description": "Names of the labels in `label_ids`, in their order."}


class _Field:
    """A custom field: its parts become columns, keyed by the suffix of the column's name."""

    def __init__(self, definition: Definition) -> None:
        self.code = str(definition["field_code"])
        self.name = str(definition.get("field_name") or "")
        self._kind = str(definition.get("field_type"))
        self._about = str(definition.get("description") or "").strip()
        self._options = _options(definition)
        self._slug = _slug(self.name)
        self._key = _slug(self.code)
        self.parts = dict(_PARTS.get(self._kind, _OF_UNKNOWN_KIND))
        self._titles = {}
        covered = {source for part in self.parts.values() for source in part.sources}
        for one in _objects(definition, "subfields"):
            source = str(one.get("field_code") or "")
            suffix = _slug(source)[:_LONGEST_PART].strip("_")
            self._titles[source] = str(one.get("field_name") or "")
            if suffix and source not in covered:
                type_ = _SIMPLE.get(str(one.get("field_type")), _UNTYPED)
                self.parts.setdefault(suffix, _Part(type_, (source,)))

    @property
    def key_digits(self) -> int:
        """How much of its key a name takes at least: some, if the field's name has no letter."""
        return 0 if self._slug else _KEY_STEP

    def column(self, suffix: str, key_digits: int) -> str:
        """Name a column, at most 63 characters long."""
        tail = "".join(f"_{each}" for each in (self._key[:key_digits], suffix) if each)
        return f"{_PREFIX}{self._slug}"[: _LONGEST_NAME - len(tail)].rstrip("_") + tail

    def schema(self, columns: Mapping[str, str]) -> dict[str, Any]:
        """Describe the columns, given their names by suffix."""
        written = self._about + ("." if self._about[-1:] not in ".!?" else "")
        origin = f"Custom field `{self.code}` of type `{self._kind}`."
        return {
            columns[suffix]: {
                **part.type.schema,
                "title": self._title(suffix, part),
                "description": " ".join(
                    filter(None, [written, part.about.format(columns[""], **columns), origin])
                ),
            }
            for suffix, part in self.parts.items()
        }

    def _title(self, suffix: str, part: _Part) -> str:
        own = [self._titles.get(source) for source in reversed(part.sources)] if suffix else []
        return next(filter(None, own), self.name) or self.code

    def leaves(self, columns: Mapping[str, str], *, flat: bool) -> dict[str, Leaf]:
        """Tell what becomes of the values: at keys of the root (`flat`), or of `custom_fields`."""
        if self._kind == "enum":
            return {self.code: (int, columns["id"], _integer, columns[""], self._options.get, ())}
        if self._kind == "set":
            labels_of = _labels_of(self._options)
            return {self.code: (None, columns["ids"], _integers, columns[""], labels_of, ())}
        parts = [
            (source, part.type.fits, columns[suffix], part.type.convert)
            for suffix, part in self.parts.items()
            for source in part.sources
        ]
        if len(parts) > 1 and not flat:
            return {self.code: (None, "", _nothing, "", None, parts)}
        return {
            self._flat_key(source): (fits, column, convert, "", None, ())
            for source, fits, column, convert in parts
        }

    def _flat_key(self, source: str) -> str:
        return self.code if source == "value" else f"{self.code}_{source}"


def _names(fields: Sequence[_Field]) -> Mapping[str, Mapping[str, str]]:
    """Name the columns of all fields: code -> suffix -> column.

    Fields that would share a name all take digits of their key into theirs, and more digits until
    no name is shared, so the outcome does not depend on an order. Keys are random: 32 hexadecimal
    digits always tell them apart.
    """
    digits = {field.code: field.key_digits for field in fields}
    while True:
        names = {
            field.code: {suffix: field.column(suffix, digits[field.code]) for suffix in field.parts}
            for field in fields
        }
        uses = Counter(column for columns in names.values() for column in columns.values())
        uses[_RAW_COLUMN] += 1
        clashing = [
            code
            for code, columns in names.items()
            if digits[code] < _LONGEST_KEY_SUFFIX and any(uses[one] > 1 for one in columns.values())
        ]
        if not clashing:
            return names
        for code in clashing:
            digits[code] += _KEY_STEP


def _is_custom(column: str) -> bool:
    return column.startswith(_PREFIX) and column != _RAW_COLUMN


def _type_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {word: held for word, held in schema.items() if word in {"type", "format", "items"}}


def _slug(text: str) -> str:
    # composed first: transliteration knows й as a letter of its own, not as an и with a mark
    ascii_text = anyascii(unicodedata.normalize("NFC", text)).lower()
    return "_".join(re.findall("[a-z0-9]+", ascii_text))


def _options(definition: Definition) -> Options:
    """Map ids to labels; the ids of custom fields are integers."""
    return {
        key if (number := _integer(key)) is None else number: one.get("label")
        for one in _objects(definition, "options")
        if isinstance(key := one.get("id"), int | float | str)
    }


def _objects(definition: Definition, part: str) -> list[Definition]:
    """Return the options or subfields of a definition, which are null for most types."""
    listed = definition.get(part)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _labels_of(options: Options) -> LabelOf:
    """Compile the search for the labels of a list of ids; the label of what is no id is null."""
    label_of = options.get

    def labels_of(ids: Any) -> Any:
        try:
            return ids and list(map(label_of, ids))
        except TypeError:
            # a list or an object among them, which no dictionary can look up
            return [label_of(one) if type(one) in {int, str} else None for one in ids]

    return labels_of
