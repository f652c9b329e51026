-- Written by `make docs`. The table of the official stream `projects`.
CREATE OR REPLACE VIEW pipedrive_official."projects" AS
SELECT
    "id",
    "title",
    "description",
    "status",
    "board_id",
    "phase_id",
    "owner_id",
    CAST("start_date" AS VARCHAR) AS "start_date",
    CAST("end_date" AS VARCHAR) AS "end_date",
    "deal_ids",
    "person_ids",
    "org_ids",
    "label_ids",
    "health_status",
    "add_time",
    "update_time",
    "status_change_time",
    "archive_time",
    "custom_fields",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."projects";
