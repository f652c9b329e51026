-- Written by `make docs`. The table of the official stream `persons`.
CREATE OR REPLACE VIEW pipedrive_official."persons" AS
SELECT
    "id",
    "name",
    "first_name",
    "last_name",
    "owner_id",
    "org_id",
    "add_time",
    "update_time",
    "emails",
    "phones",
    "is_deleted",
    "visible_to",
    "label_ids",
    "picture_id",
    "postal_address",
    "notes",
    "im",
    "birthday",
    "job_title",
    "custom_fields",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."persons";
