-- Written by `make docs`. The table of the official stream `goals`.
CREATE OR REPLACE VIEW pipedrive_official."goals" AS
SELECT
    "id",
    "owner_id",
    "title",
    "type",
    "assignee",
    "interval",
    "duration",
    "expected_outcome",
    "is_active",
    "report_ids",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."goals";
