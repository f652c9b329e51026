-- Written by `make docs`. The table of the official stream `permission_sets`.
CREATE OR REPLACE VIEW pipedrive_official."permission_sets" AS
SELECT
    "id",
    "name",
    "description",
    "app",
    "type",
    "assignment_count",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."permission_sets";
