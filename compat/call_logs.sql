-- Written by `make docs`. The table of the official stream `call_logs`.
CREATE OR REPLACE VIEW pipedrive_official."call_logs" AS
SELECT
    "user_id",
    "activity_id",
    "subject",
    CAST("duration" AS VARCHAR) AS "duration",
    "outcome",
    "from_phone_number",
    "to_phone_number",
    "start_time",
    "end_time",
    "person_id",
    "org_id",
    "deal_id",
    "lead_id",
    "note",
    "id",
    "has_recording",
    "company_id",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."call_logs";
