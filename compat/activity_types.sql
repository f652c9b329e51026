-- Written by `make docs`. The table of the official stream `activity_types`.
CREATE OR REPLACE VIEW pipedrive_official."activity_types" AS
SELECT
    "id",
    "name",
    "icon_key",
    "color",
    "order_nr",
    "key_string",
    "active_flag",
    "is_custom_flag",
    "add_time",
    "update_time",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."activity_types";
