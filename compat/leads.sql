-- Written by `make docs`. The table of the official stream `leads`.
CREATE OR REPLACE VIEW pipedrive_official."leads" AS
SELECT
    "id",
    "title",
    "owner_id",
    "creator_id",
    "label_ids",
    "person_id",
    "organization_id",
    "source_name",
    "is_archived",
    "was_seen",
    "value",
    "expected_close_date",
    "next_activity_id",
    "add_time",
    "update_time",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."leads"
WHERE NOT coalesce("is_archived", FALSE);
