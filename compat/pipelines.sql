-- Written by `make docs`. The table of the official stream `pipelines`.
CREATE OR REPLACE VIEW pipedrive_official."pipelines" AS
SELECT
    "id",
    "name",
    "order_nr",
    "is_deleted",
    "is_deal_probability_enabled",
    "add_time",
    "update_time",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."pipelines";
