-- Written by `make docs`. The table of the official stream `organizations`.
CREATE OR REPLACE VIEW pipedrive_official."organizations" AS
SELECT
    "id",
    "name",
    "owner_id",
    "add_time",
    "update_time",
    "is_deleted",
    "visible_to",
    "address",
    "label_ids",
    "website",
    "linkedin",
    "industry",
    "annual_revenue",
    "employee_count",
    "custom_fields",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."organizations";
