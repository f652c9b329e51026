-- Written by `make docs`. The table of the official stream `lead_sources`.
CREATE OR REPLACE VIEW pipedrive_official."lead_sources" AS
SELECT
    "name",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."lead_sources";
