-- Written by `make docs`. The table of the official stream `currencies`.
CREATE OR REPLACE VIEW pipedrive_official."currencies" AS
SELECT
    "id",
    "code",
    "name",
    "decimal_points",
    "symbol",
    "active_flag",
    "is_custom_flag",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."currencies";
