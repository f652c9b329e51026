-- Written by `make docs`. The table of the official stream `stages`.
CREATE OR REPLACE VIEW pipedrive_official."stages" AS
SELECT
    "id",
    "order_nr",
    "name",
    "is_deleted",
    "deal_probability",
    "pipeline_id",
    "is_deal_rot_enabled",
    "days_to_rotten",
    "add_time",
    "update_time",
    "_airbyte_raw_id",
    "_airbyte_extracted_at",
    "_airbyte_meta"
FROM pipedrive."stages";
