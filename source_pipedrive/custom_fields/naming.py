"""The names of columns for custom fields: readable, unique, and short enough for warehouses."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from anyascii import anyascii

PREFIX = "custom_"
RAW_COLUMN = "custom_fields"
"""The column of all values as Pipedrive delivers them; no other column may have this name."""

FIELD_CODE_LENGTH = 40
"""How long the key of a custom field is; no key of a built-in field is that long."""

# PostgreSQL's limit for identifiers, the lowest of the common warehouses:
# https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
_MAX_LENGTH = 63
_MAX_SUFFIX_LENGTH = 20
# the first 32 characters of the key always tell two fields apart
_KEY_STEP = 8
_MAX_KEY_LENGTH = 32


class FieldName:
    """The name of one custom field, from which the names of its columns are made."""

    def __init__(self, field_code: str, field_name: str, suffixes: Iterable[str]) -> None:
        self.field_code = field_code
        self._suffixes = tuple(suffixes)
        self._slug = slug(field_name)
        self._key = slug(field_code)

    @property
    def min_key_length(self) -> int:
        """How many characters of the key the names need even if they clash with no other."""
        return 0 if self._slug else _KEY_STEP

    def columns(self, key_length: int) -> dict[str, str]:
        """Return suffix -> column, each at most 63 characters long."""
        return {suffix: self._column(suffix, key_length) for suffix in self._suffixes}

    def _column(self, suffix: str, key_length: int) -> str:
        end = "".join(f"_{part}" for part in (self._key[:key_length], suffix) if part)
        return f"{PREFIX}{self._slug}"[: _MAX_LENGTH - len(end)].rstrip("_") + end


def name_columns(names: Iterable[FieldName]) -> dict[str, dict[str, str]]:
    """Return field code -> suffix -> column; no two columns have the same name.

    Fields whose names clash all add characters of their keys, more of them until no name clashes.
    So the order of the fields does not matter.
    """
    by_code = {name.field_code: name for name in names}
    key_lengths = {code: name.min_key_length for code, name in by_code.items()}
    while True:
        columns = {code: name.columns(key_lengths[code]) for code, name in by_code.items()}
        clashing = [code for code in _clashing(columns) if key_lengths[code] < _MAX_KEY_LENGTH]
        if not clashing:
            return columns
        for code in clashing:
            key_lengths[code] += _KEY_STEP


def _clashing(columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the codes of fields with a column whose name another column has too."""
    uses = Counter(column for by_suffix in columns.values() for column in by_suffix.values())
    uses[RAW_COLUMN] += 1
    return [
        code
        for code, by_suffix in columns.items()
        if any(uses[column] > 1 for column in by_suffix.values())
    ]


def slug(text: str) -> str:
    """Return text as lower-case ASCII words joined by underscores: `Größe (m²)` is `grosse_m2`."""
    # composed first: the transliteration knows й as one letter, not as и with a combining mark
    ascii_text = anyascii(unicodedata.normalize("NFC", text)).lower()
    return "_".join(re.findall("[a-z0-9]+", ascii_text))


def suffix_of_subfield(subfield_code: str) -> str:
    """Return the suffix of the column for a subfield."""
    return slug(subfield_code)[:_MAX_SUFFIX_LENGTH].strip("_")


def is_custom(column: str) -> bool:
    """Tell whether a column holds the value of one custom field."""
    return column.startswith(PREFIX) and column != RAW_COLUMN
