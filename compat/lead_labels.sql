-- Written by `make docs`. The table of the official stream `lead_labels`.
CREATE OR REPLACE VIEW pipedrive_official."lead_labels" AS
SELECT
    "id",
    "name",
    "color",
    "add_time",
    "update_time",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."lead_labels";
