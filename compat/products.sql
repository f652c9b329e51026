-- Written by `make docs`. The table of the official stream `products`.
CREATE OR REPLACE VIEW pipedrive_official."products" AS
SELECT
    "id",
    "name",
    "code",
    "unit",
    "tax",
    "is_deleted",
    "is_linkable",
    "visible_to",
    "owner_id",
    "add_time",
    "update_time",
    "description",
    "category",
    "custom_fields",
    "billing_frequency",
    "billing_frequency_cycles",
    "prices",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."products";
