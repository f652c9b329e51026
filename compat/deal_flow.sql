-- Written by `make docs`. The table of the official stream `deal_flow`.
CREATE OR REPLACE VIEW pipedrive_official."deal_flow" AS
SELECT
    "id",
    "deal_id" AS "item_id",
    "actor_user_id" AS "user_id",
    "time" AS "log_time",
    "field_key",
    "old_value",
    "new_value",
    "is_bulk_update_flag",
    "change_source",
    "change_source_user_agent",
    CAST(NULL AS VARCHAR) AS "origin",
    CAST(NULL AS VARCHAR) AS "origin_id",
    CAST(NULL AS JSON) AS "additional_data",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."deal_changelog";
