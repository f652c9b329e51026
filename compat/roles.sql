-- Written by `make docs`. The table of the official stream `roles`.
CREATE OR REPLACE VIEW pipedrive_official."roles" AS
SELECT
    "parent_role_id",
    "name",
    "id",
    "active_flag",
    CAST("assignment_count" AS VARCHAR) AS "assignment_count",
    CAST("sub_role_count" AS VARCHAR) AS "sub_role_count",
    "level",
    "description",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."roles";
