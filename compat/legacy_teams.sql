-- Written by `make docs`. The table of the official stream `legacy_teams`.
CREATE OR REPLACE VIEW pipedrive_official."legacy_teams" AS
SELECT
    "id",
    "name",
    "description",
    "manager_id",
    "users",
    CAST("active_flag" AS INTEGER) AS "active_flag",
    CAST("deleted_flag" AS INTEGER) AS "deleted_flag",
    "add_time",
    "created_by_user_id",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."legacy_teams";
