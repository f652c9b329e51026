"""Generated lists of field definitions, many of them with clashing names."""

from hypothesis import settings
from hypothesis import strategies as st

from unit_tests.custom_fields.sample_fields import REFERENCED_STREAMS, SUBFIELDS, a_field

property_test = settings(deadline=None, max_examples=50)

FIELD_CODES = st.text("0123456789abcdef", min_size=40, max_size=40)
# so few prefixes that field codes clash, as names do
CLASHING_FIELD_CODES = st.builds(
    lambda head, tail: head * 8 + tail,
    st.sampled_from(["a", "ab", "0"]),
    st.text("01", min_size=40),
).map(lambda text: text[:40])

FIELD_NAMES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["X", "x", "Größe", "GRÖSSE", "X id", "X currency", "X until", "Fields", "🚀"]),
    st.text("xyz 🚀ä_-", max_size=70),
)

FIELD_TYPES = st.sampled_from(
    [*SUBFIELDS, *REFERENCED_STREAMS, "lead", "varchar", "phone", "double", "int", "date"]
)

OPTION_TYPES = st.sampled_from(["enum", "set"])

FIELD_LISTS = st.lists(
    st.builds(
        a_field,
        FIELD_NAMES,
        FIELD_TYPES | OPTION_TYPES | st.just("hologram"),
        FIELD_CODES | CLASHING_FIELD_CODES,
    ),
    max_size=12,
    unique_by=lambda field: field["field_code"],
)
