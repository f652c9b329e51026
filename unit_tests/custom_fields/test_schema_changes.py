"""How columns differ from the catalog of a connection."""

from source_pipedrive.custom_fields.columns import columns_of
from unit_tests.custom_fields.sample_fields import LABEL_FIELD, a_field, a_field_code


def test_each_column_that_changed_since_discovery_is_reported() -> None:
    configured = {
        "title": {"type": ["null", "string"]},
        "custom_fields": {"type": ["null", "object"]},
        **columns_of([a_field("Kept"), a_field("Old", code=a_field_code(1))], "v2").schema,
        **columns_of([a_field("Retyped", code=a_field_code(2))], "v2").schema,
    }
    kept = a_field("Kept", description="explained by now")
    now = [
        kept,
        a_field("New", code=a_field_code(1)),
        a_field("Retyped", "double", a_field_code(2)),
        LABEL_FIELD,
    ]

    assert columns_of(now, "v2").changes(configured) == [
        "New (`custom_new`) is new or not selected",
        "Old (`custom_old`) is gone",
        "Retyped (`custom_retyped`) has another type",
    ]
