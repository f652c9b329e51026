-- Written by `make docs`. The table of the official stream `users`.
CREATE OR REPLACE VIEW pipedrive_official."users" AS
SELECT
    "id",
    "name",
    "default_currency",
    "locale",
    "lang",
    "email",
    "phone",
    "activated",
    "last_login",
    "created",
    "modified",
    "has_created_company",
    "access",
    "active_flag",
    "timezone_name",
    "timezone_offset",
    "role_id",
    "icon_url",
    "is_you",
    "is_deleted",
    CAST("is_admin" AS INTEGER) AS "is_admin",
    "signup_flow_variation",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."users";
