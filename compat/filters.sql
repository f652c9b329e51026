-- Written by `make docs`. The table of the official stream `filters`.
CREATE OR REPLACE VIEW pipedrive_official."filters" AS
SELECT
    "id",
    "name",
    "filter_code",
    "active_flag",
    "type",
    "temporary_flag",
    "user_id",
    "add_time",
    "update_time",
    CAST("visible_to" AS VARCHAR) AS "visible_to",
    "last_used_time",
    "custom_view_id",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."filters";
