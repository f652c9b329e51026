-- Written by `make docs`. The table of the official stream `permission_set_assignments`.
CREATE OR REPLACE VIEW pipedrive_official."permission_set_assignments" AS
SELECT
    "user_id",
    "permission_set_id",
    "name",
    CAST(NULL AS VARCHAR) AS "permission_set_app",
    CAST(NULL AS VARCHAR) AS "permission_set_type",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."permission_set_assignments";
